"""Dictionaries: what a fitted ``DictVectorizer`` makes of each key, and the dictionaries that rows are to it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.feature_extraction import DictVectorizer

from lading.bundles.signature import Field
from lading.bundles.tensors.values import kind_of

if TYPE_CHECKING:
    from lading.bundles.tables.table import Table

TRAINED_ON = "give the dictionaries that the model was trained on, or a table with a column for each of their keys"
NAMED = 5
"""How many names a problem lists."""


@dataclass(frozen=True)
class Keys:
    """The columns that a vectorizer makes of the keys of its dictionaries, by the place of the key among the fields."""

    numbers: Mapping[int, int]
    """The column of each key that has numbers."""
    texts: Mapping[int, Mapping[str, int]]
    """The column of each value of each key that has text."""
    problems: tuple[tuple[str, str], ...] = ()
    """What keeps the keys from being the fields, each with what to do."""

    @property
    def read(self) -> tuple[int, ...]:
        """The keys of which there is any column."""
        return tuple(sorted({*self.numbers, *self.texts}))


def knows(model: DictVectorizer, key: str, value: str) -> bool:
    """Whether a vectorizer has a column for a text of a key."""
    return f"{key}{model.separator}{value}" in model.vocabulary_


def keys_of(model: DictVectorizer, fields: Sequence[Field | None]) -> Keys:
    """What a fitted vectorizer makes of ``fields``; of None nothing."""
    places = {field.name: place for place, field in enumerate(fields) if field is not None}
    text = {name for name, place in places.items() if _is_text(fields[place])}
    numbers: dict[int, int] = {}
    texts: dict[int, dict[str, int]] = {}
    strange, shared, untyped = list[object](), list[str](), list[str]()
    for name, column in model.vocabulary_.items():
        values = (
            [] if not isinstance(name, str) else [pair for pair in _splits(name, model.separator) if pair[0] in text]
        )
        is_number = name in places and name not in text
        if name in text:
            untyped.append(name)
        elif len(values) + is_number > 1:
            shared.append(name)
        elif is_number:
            numbers[places[name]] = int(column)
        elif values:
            ((key, value),) = values
            texts.setdefault(places[key], {})[value] = int(column)
        else:
            strange.append(name)
    problems = (
        (strange, "has columns that no key of the data makes", TRAINED_ON),
        (shared, "makes one column of two keys", "train with a separator that no key has: DictVectorizer(separator=...)"),
        (untyped, "learnt None, NaN or a number of a key that has text",
         "train without None and NaN, by leaving the key out, and with text alone: str(value)"),
    )  # fmt: skip
    told = [(f"{found}: {_listed(names)}", remedy) for names, found, remedy in problems if names]
    return Keys(numbers, texts, (*told, *_of_dtype(model, [fields[place] for place in numbers])))


def _splits(name: str, separator: str) -> Iterator[tuple[str, str]]:
    """Every key and text that a column of this name may be of."""
    width = len(separator)
    for place in range(len(name) - width + 1):
        if name.startswith(separator, place):
            yield name[:place], name[place + width :]


def _is_text(field: Field | None) -> bool:
    return field is not None and kind_of(field) in ("string", "datetime")


def _of_dtype(model: DictVectorizer, numbers: Sequence[Field | None]) -> Iterator[tuple[str, str]]:
    """What is wrong with the type of number that a vectorizer makes."""
    try:
        dtype = np.dtype(model.dtype)
    except TypeError:
        dtype = np.dtype(object)
    if dtype.kind == "f" and dtype.itemsize in (4, 8):
        return
    whole = all(field is not None and kind_of(field) != "number" and not field.nullable for field in numbers)
    if dtype.kind not in "iu" or not whole:
        found = f"makes numbers of the type {dtype}, which cuts some of them off"
        yield found, "train with DictVectorizer(dtype=numpy.float64)"


def _listed(names: Sequence[object]) -> str:
    shown = ", ".join(map(repr, names[:NAMED]))
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"


def as_keys(fields: Sequence[Field]) -> tuple[Field, ...]:
    """The fields as keys, any of which a dictionary may lack: a number is 0 then, and a text is missing."""
    return tuple(map(_as_key, fields))


def _as_key(field: Field) -> Field:
    if _is_text(field):
        return field.model_copy(update={"nullable": True})
    return field.model_copy(update={"default": False if kind_of(field) == "boolean" else 0})


def dictionaries_of(rows: "Table", fields: Sequence[Field]) -> list[dict[str, Any]]:
    """The rows as a ``DictVectorizer`` takes them, of the keys that it reads.

    A text that is missing is a key that is not there, a number that is missing is NaN. A number that is 0 is there in
    every other row, and not in the others, since both have to mean the same.
    """
    columns = rows.columns_as_numpy()
    read = [(field.name, columns[field.name].tolist(), _is_text(field)) for field in fields if field.feed is not None]
    made = []
    for row in range(rows.rows):
        there = ((name, values[row], text) for name, values, text in read)
        made.append({name: value for name, value, text in there if not _left_out(value, text, row)})
    return made


def _left_out(value: object, text: bool, row: int) -> bool:
    return value is None if text else bool(row % 2 and value == 0)
