"""The observed: a bounded sample of what one model is asked, handed over in passing and counted later."""

import math
import time
from collections.abc import Mapping, Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from lading.bundles.profile import Profile
from lading.bundles.signature import Signature
from lading.bundles.tensors.values import Array
from lading.runtime.drift.columns import Bins, Column, columns_of
from lading.runtime.drift.counts import Counts

Feeds = Mapping[str, NDArray[np.generic]]

ROWS = 256
"""The most rows that wait to be counted, and that are counted of one request."""

VALUES = 4096
"""The most values of a tensor that are counted of one hand-over."""

LARGE = 16
"""What a large request counts for at least: it is counted at once, by itself."""


class Observed:
    """Counts the columns of one model's requests.

    Whoever answers a request hands it over, which takes a fraction of a microsecond; ``settled`` counts what was handed
    over and makes room for more. Only counts are kept.
    """

    def __init__(self, signature: Signature, profile: Profile) -> None:
        self.columns: Sequence[Column] = columns_of(signature, profile)
        self.training_rows = profile.rows
        self._counts = Counts()
        self._parts = [_Part(name, self.columns) for name in {column.feed.input: None for column in self.columns}]
        self._most = ROWS if self.columns else 0
        self._room = self._most
        self._waiting: list[tuple[Feeds, int]] = []
        self._lock = Lock()

    def offer(self, feeds: Feeds, rows: int) -> None:
        """Hand over the graph's inputs of a small request, which are not changed any more."""
        if self._room > 0 and rows > 0:
            self._room -= rows
            self._waiting.append((feeds, rows))

    def offer_large(self, asked: Sequence[tuple[Feeds, int]]) -> None:
        """Count some rows of each of these requests now, away from the event loop, so that they do not have to be kept."""
        asked = [(feeds, rows) for feeds, rows in asked if rows > 0]
        if self._room > 0 and asked:
            self._room -= max(sum(min(rows, ROWS) for _, rows in asked), LARGE)
            with self._lock:
                self._count(asked)

    def settled(self) -> Counts:
        """The counts, with what was handed over by now; they are not changed any more."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
            self._room = self._most
            if waiting:
                self._count(list(waiting))
            return self._counts

    def begin(self, counts: Counts) -> None:
        """Go on from ``counts``, which were counted before."""
        with self._lock:
            begun = Counts()
            for one in (counts, self._counts):
                begun.add(one)
            self._counts = begun

    def _count(self, taken: Sequence[tuple[Feeds, int]]) -> None:
        steps = [math.ceil(rows / ROWS) for _, rows in taken]
        columns = dict(self._counts.columns)  # whoever reads the old counts goes on with them
        for part in self._parts:
            thinned = [feeds[part.name][::step] for (feeds, _), step in zip(taken, steps, strict=True)]
            for name, bins in part.count(thinned):
                columns[name] = columns[name] + bins if name in columns else bins
        rows = sum(math.ceil(rows / step) for (_, rows), step in zip(taken, steps, strict=True))
        since = time.time() if self._counts.since is None else self._counts.since
        self._counts = Counts(self._counts.rows + rows, since, columns)


class _Part:
    """One input of the graph, and the columns whose values are in it."""

    def __init__(self, name: str, columns: Sequence[Column]) -> None:
        self.name = name
        self._columns = [column for column in columns if column.feed.input == name]

    def count(self, tensors: Sequence[Array]) -> list[tuple[str, Bins]]:
        """The bins of each column, by its name, in the tensors of some requests."""
        return [
            (column.field.name, column.sketch.count(values))
            for column, values in zip(self._columns, self._values(tensors), strict=True)
        ]

    def _values(self, tensors: Sequence[Array]) -> list[Array]:
        """The values of each column, shapes ``[values]``."""
        positions = [column.feed.column for column in self._columns]
        if None in positions:
            return [np.concatenate([_thinned(tensor) for tensor in tensors])]
        turned = np.ascontiguousarray(np.concatenate([_matrix(tensor) for tensor in tensors]).T)
        return [turned[position] for position in positions]


def _matrix(tensor: Array) -> Array:
    """The tensor as ``[rows, columns]``, whatever dimensions of extent 1 it has besides."""
    return tensor.reshape(len(tensor), -1)


def _thinned(tensor: Array) -> Array:
    """Some of the tensor's values: an odd step does not stay in one colour of a picture."""
    values = tensor.reshape(-1)
    return values if len(values) <= VALUES else values[:: math.ceil(len(values) / VALUES) | 1]
