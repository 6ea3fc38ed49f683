"""The request log: some of the requests for predictions with what they asked and were answered, as lines of JSON.

No request waits for it: a thread writes, and what finds no room, or cannot be written, is dropped and counted.
"""

import logging
import random
import time
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from lading.core.errors import LadingError
from lading.core.settings import Settings
from lading.runtime.model import Feeds, Model
from lading.runtime.pool import give_way
from lading.runtime.protocols.answers import AnswerWriter
from lading.runtime.protocols.head import REQUEST_ID
from lading.runtime.protocols.witness import Ended
from lading.runtime.requests.field_values import FieldValues
from lading.runtime.requests.rotating_file import RotatingFile
from lading.runtime.requests.waiting import Waiting

LOG = logging.getLogger("lading.runtime")

MOST_ROWS = 100
"""Rows of a request that a line has; it says how many there were."""
MOST_WAITING = 1000
MOST_BYTES = 16 << 20
"""What may wait to be written: lines, and what their tensors take together."""
LINE_BYTES = 1 << 20
"""A longer line goes without rows and answers."""
PATIENCE_SECONDS = 2.0


class Entry(NamedTuple):
    """What a line is made of."""

    model: Model
    request: str
    seconds: float
    """When it ended, in Unix time."""
    milliseconds: float
    status: int
    row_count: int | None
    """How many rows there were, of which the tensors have the first ones."""
    feeds: Feeds | None
    outputs: Feeds | None


class RequestLog:
    """A witness that writes the share ``sample`` of what it sees to ``file``, without the values of ``redacted`` fields."""

    def __init__(self, file: RotatingFile, sample: float, redacted: Collection[str]) -> None:
        self._file, self._sample, self._redacted = file, sample, redacted
        self._waiting = Waiting[Entry](MOST_WAITING, MOST_BYTES)
        self._writers: dict[str, LineWriter] = {}
        self._failing = False
        self._thread = Thread(target=self._keep, name="lading-requests", daemon=True)
        self._thread.start()

    @classmethod
    def of(cls, settings: Settings, path: Path, slot: str) -> "RequestLog":
        """The one that ``settings`` describe, of the replica in ``slot``: in a file of its own beside ``path``."""
        own = path.with_name(f"{path.stem}.{slot}{path.suffix}")
        file = RotatingFile(own, settings.request_log_bytes, settings.request_log_files)
        return cls(file, settings.request_log_sample, settings.request_log_redact)

    def saw(self, ended: Ended) -> None:
        """Have a line written of it, if it is one of the sample and there is room."""
        if random.random() >= self._sample:  # noqa: S311 - a sample is no secret
            return
        try:
            size = _size(ended)
            taken = self._waiting.has_room(size) and self._waiting.put(_entry(ended), size)
        except MemoryError:
            taken = False
        if not taken:
            ended.model.tally.miss()

    def close(self) -> None:
        """Write what waits, as far as that goes quickly, and no more."""
        self._waiting.close()
        self._thread.join(PATIENCE_SECONDS)

    def _keep(self) -> None:
        give_way()
        while (entry := self._waiting.take()) is not None:
            try:
                self._file.write(self._line(entry))
                self._failing = False
            except Exception as error:  # the rim of the thread, which goes on with the next line
                entry.model.tally.miss()
                if not self._failing:
                    LOG.warning("lines of the request log are lost: %s", error)
                self._failing = True
        self._file.close()

    def _line(self, entry: Entry) -> bytes:
        writer = self._writers.get(entry.model.digest)
        if writer is None:
            writer = self._writers[entry.model.digest] = LineWriter(entry.model, self._redacted)
        return writer.line(entry)


class LineWriter:
    """Writes the lines of one bundle's requests."""

    def __init__(self, model: Model, redacted: Collection[str]) -> None:
        self._fields = FieldValues(model.signature, redacted)
        self._answers = AnswerWriter(model.signature)

    def line(self, entry: Entry) -> bytes:
        """The line; one that would be too long is without rows and answers."""
        rows = None if entry.feeds is None else self._fields.rows(entry.feeds)
        line = _json(entry, rows, None if entry.outputs is None else self._written(entry.outputs))
        return line if len(line) <= LINE_BYTES else _json(entry, None, None)

    def _written(self, outputs: Feeds) -> list[orjson.Fragment] | None:
        """The answers by meaning; None where JSON cannot say them, which a protocol that was asked in could."""
        try:
            return [orjson.Fragment(row) for row in self._answers.rows(outputs)]
        except LadingError:
            return None


def _json(entry: Entry, rows: object, answers: object) -> bytes:
    model = entry.model
    moment = datetime.fromtimestamp(entry.seconds, UTC).isoformat(timespec="milliseconds")
    document = {
        "time": moment.replace("+00:00", "Z"),
        "request": entry.request,
        "deployment": model.name,
        "version": model.version,
        "digest": model.digest,
        "status": entry.status,
        "milliseconds": round(entry.milliseconds, 3),
        "count": entry.row_count,
        "rows": rows,
        "answers": answers,
    }
    return orjson.dumps(document, default=_listed, option=orjson.OPT_APPEND_NEWLINE)


def _listed(value: object) -> object:
    """What JSON has for a value that it does not know."""
    return value.tolist() if isinstance(value, np.ndarray) else str(value)


def _entry(ended: Ended) -> Entry:
    request = ended.head.get(REQUEST_ID, b"").decode("latin-1")
    said = ended.answered
    return Entry(
        model=ended.model,
        request=request,
        seconds=time.time(),
        milliseconds=(ended.ended - ended.started) / 1e6,
        status=ended.status,
        row_count=None if said is None else said.question.rows,
        feeds=None if said is None else _copied(said.question.feeds),
        outputs=None if said is None else _copied(said.outputs),
    )


def _copied(tensors: Feeds) -> Feeds:
    return {name: tensor[:MOST_ROWS].copy() for name, tensor in tensors.items()}


def _size(ended: Ended) -> int:
    """What the tensors of a line take."""
    if ended.answered is None:
        return 0
    tensors = (*ended.answered.question.feeds.values(), *ended.answered.outputs.values())
    return sum(_bytes(tensor[:MOST_ROWS]) for tensor in tensors)


def _bytes(tensor: NDArray[np.generic]) -> int:
    if tensor.dtype != object:
        return tensor.nbytes
    return tensor.nbytes + sum(one.nbytes if isinstance(one, np.ndarray) else len(str(one)) for one in tensor.flat)
