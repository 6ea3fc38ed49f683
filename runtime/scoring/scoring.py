"""Scoring: a model's answers to all rows of a file, without a server and without holding the file in memory."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from lading.runtime.model import Model
from lading.runtime.scoring.answer_files import Writer, check_format, new_answers
from lading.runtime.scoring.errors import SameFileError
from lading.runtime.scoring.ordered import Ordered
from lading.runtime.scoring.plan import Plan
from lading.runtime.scoring.row_files import RowFile, open_rows

HELD_BYTES = 256 << 20
"""Bytes of rows that are read and not answered yet, at most, but for a batch that has more by itself."""

Progress = Callable[[int, int, int], None]
"""Called after each batch with what is done, of how much, and the rows so far."""


@dataclass(frozen=True)
class Scored:
    """What scoring did."""

    rows: int
    columns: tuple[str, ...]
    """Of the answers, kept ones first."""
    ignored: tuple[str, ...]
    """Columns of the input that the model does not take and nobody wanted to keep."""


class _Piece(NamedTuple):
    """A batch of rows, or what its answers look like in the file."""

    content: Any
    before: int
    """Rows before it."""
    rows: int
    done: int
    """How much had been read when it was."""


def score(
    model: Model, source: Path, target: Path, keep: Sequence[str], progress: Progress, threads: int = 1
) -> Scored:
    """Answer every row of ``source`` into ``target``; formats go by the endings of the names.

    ``keep`` names columns of the input that stand before the answers; ``("all",)`` keeps every one. So many batches
    as there are ``threads`` are answered at a time; the answers are the same whatever their number, in the order of the
    rows. The target is replaced at the end, all at once. Raises ``RowError``, ``BatchError``, ``MissingColumnError``,
    ``KeptColumnError``, ``SameFileError`` and what ``open_rows`` and ``new_answers`` raise: of several errors that of
    the first row.
    """
    check_format(target)
    with closing(open_rows(source)) as rows:
        if target.exists() and target.samefile(source):
            raise SameFileError(str(source))
        plan = Plan(model, rows, source, keep)
        batches = _pieces(rows, plan)
        first = next(batches, None)
        schema = plan.schema(None if first is None else first.content)
        with new_answers(target, schema, source.stat().st_size) as writer:
            count = 0 if first is None else _score(plan, chain([first], batches), writer, progress, threads, rows.total)
    ignored = tuple(name for name in rows.columns if name not in plan.needed)
    return Scored(count, tuple(plan.names), ignored)


def _score(plan: Plan, pieces: Iterator[_Piece], writer: Writer, progress: Progress, threads: int, total: int) -> int:
    def answered(piece: _Piece) -> _Piece:
        return piece._replace(content=writer.render(plan.answer(piece.content, piece.before)))

    count = 0
    ordered = Ordered(answered, threads, lambda piece: int(piece.content.nbytes), HELD_BYTES, plan.stop)
    with closing(ordered.results(pieces)) as results:
        for piece in results:
            writer.write(piece.content)
            count = piece.before + piece.rows
            progress(piece.done, total, count)
    return count


def _pieces(rows: RowFile, plan: Plan) -> Iterator[_Piece]:
    before = 0
    for batch in rows.batches(plan.needed, plan.batch_rows):
        yield _Piece(batch, before, batch.num_rows, rows.done())
        before += batch.num_rows
