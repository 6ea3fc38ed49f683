"""Feeds: how the values of the fields become the tensors of the graph; the one rule for all who ask a model."""

import difflib
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from lading.bundles.signature import Signature, Tensor
from lading.bundles.tensors.rules import Rule
from lading.bundles.tensors.slots import Matrix, Slot, Whole
from lading.bundles.tensors.values import NOUNS, Array, FieldError

__all__ = ["Encoder", "FieldError", "encode"]

LONGEST_NAME = 1024
"""The longest that a field's name may be; of a longer one that was sent the rest is not compared with any."""


class Encoder:
    """Turns rows or columns of values into tensors; made once for a signature."""

    def __init__(self, signature: Signature) -> None:
        self._rules = {field.name: Rule(field, signature.optional(field)) for field in signature.fields}
        self._unused = [self._rules[field.name] for field in signature.fields if field.feed is None]
        self._slots = [_slot(signature, tensor, self._rules) for tensor in signature.inputs]

    def encode(self, columns: Mapping[str, Array], allow_extra: bool = False) -> dict[str, Array]:
        """The tensors by name, shapes ``[rows, …]``, for values given as one array for each field.

        Booleans, integers and numbers may be numeric arrays (NaN is missing) or object arrays; text and categories
        are object arrays of str, bool, int, float or None; tensor-valued fields have shape ``[rows, *extents]``.
        An optional field may be left out. Raises ``FieldError`` for the first value that its field does not take.
        """
        self._check_names(columns, None, allow_extra)
        rows = self._row_count(columns)
        full = {name: columns[name] if name in columns else _missing(rule, rows) for name, rule in self._rules.items()}
        return self._filled(full)

    def encode_rows(self, rows: Sequence[Mapping[str, object]], allow_extra: bool = False) -> dict[str, Array]:
        """The tensors by name for rows of JSON values, one mapping from field to value for each row.

        The same rule as ``encode``; every ``FieldError`` names the row.
        """
        names = self._rules.keys()
        if any(row.keys() != names for row in rows):
            rows = [self._completed(row, number, allow_extra) for number, row in enumerate(rows)]
        return self._filled({name: rule.gather(rows) for name, rule in self._rules.items()})

    def check_names(self, given: Collection[str]) -> None:
        """Raise ``FieldError`` where the columns ``given`` lack a field, or one of them is none."""
        self._check_names(given, None, False)

    def _filled(self, columns: Mapping[str, Array]) -> dict[str, Array]:
        for rule in self._unused:
            rule.values(columns[rule.name])
        return {slot.name: slot.from_columns(columns) for slot in self._slots}

    def _completed(self, row: Mapping[str, object], number: int, allow_extra: bool) -> Mapping[str, object]:
        self._check_names(row, number, allow_extra)
        return {name: row.get(name, rule.default) for name, rule in self._rules.items()}

    def _check_names(self, given: Collection[str], row: int | None, allow_extra: bool) -> None:
        missing = [rule for rule in self._rules.values() if not rule.optional and rule.name not in given]
        extra = [] if allow_extra else [name for name in given if name not in self._rules]
        if extra:
            raise FieldError(extra[0], row, self._stranger(extra[0], given))
        if missing:
            raise FieldError(missing[0].name, row, f"is not there; send {NOUNS[missing[0].kind]}")

    def _stranger(self, name: str, given: Collection[str]) -> str:
        meant = difflib.get_close_matches(
            name[:LONGEST_NAME], [known for known in self._rules if known not in given], n=1
        )
        if meant:
            return f"the model has no such field; did you mean {meant[0]!r}?"
        names = list(self._rules)
        shown = ", ".join(map(repr, names[:10])) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
        return f"the model has no such field; leave it out, the fields are {shown}"

    def _row_count(self, columns: Mapping[str, Array]) -> int:
        rows: int | None = None
        for name in self._rules:
            if name in columns:
                found = len(columns[name])
                if rows is not None and found != rows:
                    raise FieldError(name, None, f"has {found} rows, the fields before it have {rows}")
                rows = found
        return 0 if rows is None else rows


def encode(signature: Signature, columns: Mapping[str, Array], allow_extra: bool = False) -> dict[str, Array]:
    """The tensors by name for the columns of ``signature``'s fields; see ``Encoder.encode``."""
    return Encoder(signature).encode(columns, allow_extra)


def _missing(rule: Rule, rows: int) -> Array:
    """What rows say that lack the field, as numbers where it is one."""
    absent = rule.absent(rows)
    return absent.astype(np.float64) if rule.kind in ("boolean", "integer", "number") else absent


def _slot(signature: Signature, tensor: Tensor, rules: Mapping[str, Rule]) -> Slot:
    fields = signature.fields
    fed = [(field.feed, rules[field.name]) for field in fields if field.feed and field.feed.input == tensor.name]
    if len(fed) == 1 and fed[0][0].column is None:
        return Whole(tensor, *fed[0], rank=len(signature.row_shape(tensor)))
    return Matrix(tensor, fed)
