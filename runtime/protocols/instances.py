"""Instances: rows as objects, as lists or as single values, and columns by name, as the graph's tensors."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from lading.bundles.signature import Field
from lading.bundles.tensors.feeds import Encoder
from lading.runtime.errors import MalformedRequestError, listed, shown
from lading.runtime.model import Feeds, Model
from lading.runtime.protocols.rows import Row, RowReader

FORMS = "rows as a list, or columns as an object"


class InstanceReader:
    """Reads for one model what MLflow, KServe and TensorFlow Serving call instances and inputs."""

    def __init__(self, model: Model) -> None:
        fields = model.signature.fields
        self._encoder: Encoder = model.encoder
        self._reader = RowReader(model.signature, model.encoder)
        self._names = [field.name for field in fields]
        self._only = fields[0] if len(fields) == 1 else None
        matrix = model.signature.inputs[0].name if model.signature.form == "array" else None
        self._matrix = None if matrix in self._names else matrix

    def read(self, given: object, key: str) -> tuple[Feeds, int]:
        """The graph's inputs for rows or for columns, which stand under ``key``, and how many rows there are."""
        if type(given) is dict:
            return self._matrix_or_columns(given)
        if type(given) is not list:
            raise MalformedRequestError(f"{key} is {shown(given)}; send {FORMS}")
        return self.rows(given), len(given)

    def rows(self, given: list[Any]) -> Feeds:
        """The graph's inputs for rows: objects, lists of the values in the order of the fields, or single values.

        Raises ``FieldError`` and ``MalformedRequestError``, as the others here do.
        """
        kinds = set(map(type, given))
        if kinds == {dict}:
            return self._objects(given)
        if dict in kinds:
            raise _of_two_kinds(given)
        if self._only is not None:
            return self._single(self._only, given)
        return self._lists(given)

    def named(self, names: Sequence[Any], given: list[Any]) -> Feeds:
        """The graph's inputs for rows that are lists of the values in the order of ``names``."""
        self._check_names(names)
        for number, row in enumerate(given):
            if type(row) is not list or len(row) != len(names):
                raise _wrong_length(number, row, names)
        if len(names) < len(self._names):
            return self._encoder.encode_rows([dict(zip(names, row, strict=True)) for row in given])
        order = [names.index(name) for name in self._names]
        pick = itemgetter(*order) if len(order) > 1 else tuple
        return self._table(list(map(pick, given)))

    def columns(self, given: Mapping[str, Any]) -> tuple[Feeds, int]:
        """The graph's inputs for columns by name, and how many rows there are."""
        self._check_names(list(given))
        rows: int | None = None
        for name, values in given.items():
            if type(values) is not list:
                raise MalformedRequestError(f"column {shown(name)} is {shown(values)}; send a list of values", name)
            if rows is not None and len(values) != rows:
                first = next(iter(given))
                problem = f"column {shown(name)} has {len(values)} values, column {shown(first)} has {rows}"
                raise MalformedRequestError(f"{problem}; send as many of each", name)
            rows = len(values)
        count = 0 if rows is None else rows
        absent = zip(self._names, self._reader.absent, strict=True)
        columns = [given[name] if name in given else [default] * count for name, default in absent]
        return self._table(list(zip(*columns, strict=True))), count

    def _matrix_or_columns(self, given: dict[str, Any]) -> tuple[Feeds, int]:
        if self._matrix is not None and given.keys() == {self._matrix} and type(given[self._matrix]) is list:
            return self.rows(given[self._matrix]), len(given[self._matrix])
        return self.columns(given)

    def _objects(self, given: list[dict[str, Any]]) -> Feeds:
        if self._matrix is not None and all(row.keys() == {self._matrix} for row in given):
            return self.rows([row[self._matrix] for row in given])
        return self._reader.read(given)

    def _single(self, field: Field, given: list[Any]) -> Feeds:
        """Rows of a model of one field: its value, or a list of just that."""
        if field.shape:
            return self._table([(value,) for value in given])
        for number, row in enumerate(given):
            if type(row) is list and len(row) != 1:
                raise _wrong_length(number, row, self._names)
        return self._table([(row[0] if type(row) is list else row,) for row in given])

    def _lists(self, given: list[Any]) -> Feeds:
        for number, row in enumerate(given):
            if type(row) is not list or len(row) != len(self._names):
                raise _wrong_length(number, row, self._names)
        return self._table(list(map(tuple, given)))

    def _table(self, table: list[Row]) -> Feeds:
        """The graph's inputs for values in the order of the fields."""
        feeds = self._reader.plain(table)
        if feeds is None:
            return self._encoder.encode_rows([dict(zip(self._names, row, strict=True)) for row in table])
        return feeds

    def _check_names(self, names: Sequence[Any]) -> None:
        for position, name in enumerate(names):
            if type(name) is not str:
                raise MalformedRequestError(f"a column is named {shown(name)}; name it by text")
            if name in names[:position]:
                raise MalformedRequestError(f"column {shown(name)} is given twice; give it once", name)
        self._encoder.check_names(names)


def count_names(document: Mapping[str, Any]) -> int:
    """How many names an object says, with those of its objects and of its lists of objects."""
    count = len(document)
    for value in document.values():
        if type(value) is dict:
            count += len(value)
        elif type(value) is list:
            count += sum(len(row) for row in value if type(row) is dict)
    return count


def _of_two_kinds(given: Sequence[Any]) -> MalformedRequestError:
    number = next(index for index, row in enumerate(given) if (type(row) is dict) != (type(given[0]) is dict))
    return MalformedRequestError(
        f"row {number} is {shown(given[number])}, row 0 is not; send all rows alike", row=number
    )


def _wrong_length(number: int, row: object, names: Sequence[str]) -> MalformedRequestError:
    found = f"has {len(row)} values" if isinstance(row, list) else f"is {shown(row)}"
    problem = f"row {number} {found}; send a list of {len(names)}, one for each of {listed(names)}"
    return MalformedRequestError(problem, row=number)
