"""The sensitive fields: those whose values are nobody's business, marked, and left out of what describes the data."""

from collections.abc import Collection

from lading.bundles.profile import ColumnProfile, Profile
from lading.bundles.signature import Field, Signature


def marked(signature: Signature, names: Collection[str]) -> Signature:
    """The signature with the fields called ``names`` as sensitive, and without the values that training had of them.

    Categories stay where the model refuses all others: the graph has them, too, and requests are checked by them.
    """
    return signature.model_copy(
        update={"fields": tuple(_marked(one) if one.name in names else one for one in signature.fields)}
    )


def withheld(profile: Profile, names: Collection[str]) -> Profile:
    """The profile without any value of the columns called ``names``: how many there are, and are missing, stays."""
    columns = tuple(_withheld(one) if one.name in names else one for one in profile.columns)
    return profile.model_copy(update={"columns": columns})


def sensitive_fields(signature: Signature) -> frozenset[str]:
    """The names of the fields that are marked."""
    return frozenset(field.name for field in signature.fields if field.sensitive)


def _marked(field: Field) -> Field:
    known = field.categories if field.unknown == "refuse" else None
    return field.model_copy(update={"sensitive": True, "range": None, "categories": known})


def _withheld(column: ColumnProfile) -> ColumnProfile:
    return ColumnProfile(
        name=column.name,
        type=column.type,
        dtype=column.dtype,
        count=column.count,
        missing=column.missing,
        infinite=column.infinite,
    )
