"""Known data: whether a table is one that a bundle's provenance names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lading.bundles.measures import data_by_role
from lading.bundles.profile import Profile
from lading.bundles.provenance import Data, Provenance
from lading.bundles.tables.data_digest import data_digest
from lading.bundles.tables.table import Table


@dataclass(frozen=True)
class Comparison:
    """What a table is to a bundle."""

    digest: str
    """The table's, in the order of columns in which the bundle knows it, where it does."""
    known: Mapping[str, str]
    """The digests that the bundle names, by what the data was used for."""
    role: str | None = None
    """Which of these the table is."""
    moved: str | None = None
    """The target, where the bundle has it as the last column and the table elsewhere."""
    difference: str = ""
    """In what the table differs from the training data, as far as the bundle tells."""


def compare_data(table: Table, provenance: Provenance, profile: Profile) -> Comparison:
    """Whether ``table`` is data that the bundle names: as it is, or with the target as its last column.

    That is how data is recorded of which the target was given apart.
    """
    data = data_by_role(provenance)
    known = {role: one.digest for role, one in data.items()}
    digest = data_digest(table)
    for candidate, moved in ((digest, None), *_with_targets_last(table, data)):
        role = next((role for role, named in known.items() if named == candidate), None)
        if role is not None:
            return Comparison(candidate, known, role, moved)
    return Comparison(digest, known, difference=_difference(table, provenance.data, profile))


def _with_targets_last(table: Table, data: Mapping[str, Data]) -> Iterator[tuple[str, str]]:
    names = [column.name for column in table.columns]
    for target in dict.fromkeys(one.target for one in data.values()):
        if target in names and names[-1] != target:
            order = [*(name for name in names if name != target), target]
            yield data_digest(table.select(order)), target


def _difference(table: Table, data: Data, profile: Profile) -> str:
    """The first thing in which a table is not the training data: its rows, columns, their types, or values."""
    if table.rows != data.rows:
        return f"it has {table.rows} rows, the training data had {data.rows}"
    there = {column.name: column.type for column in table.columns}
    then = {column.name: column.type for column in profile.columns}
    if missing := [name for name in then if name not in there]:
        return f"it lacks the column {missing[0]!r}"
    if extra := [name for name in there if name not in then]:
        return f"the training data had no column {extra[0]!r}"
    if list(there) != list(then):
        return "its columns have another order"
    for name, kind in then.items():
        if there[name] != kind:
            return f"its column {name!r} is of the type {there[name]}, in the training data it was {kind}"
    return "some of its values or their exact types are others, or its rows have another order"
