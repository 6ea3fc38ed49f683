"""Drawing: values of one field as training had them."""

from bisect import bisect
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any, Protocol

import numpy as np

from lading.bundles.profile import ColumnProfile
from lading.bundles.records import Scalar
from lading.bundles.signature import Field, Signature
from lading.bundles.tensors.values import HIGHEST, LOWEST, Kind, kind_of

DIGITS = 6
"""Significant digits of the largest numbers of a column: what people measure has no more."""

DEFAULTS: dict[Kind, Scalar] = {
    "boolean": False,
    "integer": 0,
    "number": 0.0,
    "string": "text",
    "datetime": "2000-01-01T00:00:00",
}
"""What is sent where nothing is known of a field, and no value may be missing."""

EARLIEST, LATEST = -62_135_596_800, 253_402_300_799
"""The first and the last second that have a year of four digits, since 1970."""


class Values(Protocol):
    """Where the values of a field come from."""

    def draw(self, generator: np.random.Generator, count: int) -> list[Any]:
        """So many JSON scalars; None is missing."""
        ...


def values_of(signature: Signature, field: Field, profile: ColumnProfile | None, golden: Sequence[Any]) -> Values:
    """The values of ``field``, of which ``profile`` may tell; ``golden`` are those of the golden rows.

    Values are missing as often as they were in training, and only where the field may have missing ones.
    """
    present = _present(signature, field, profile, [value for value in flattened(golden) if value is not None])
    if not field.nullable or profile is None or not profile.missing:
        return present
    return Sometimes(present, profile.missing / profile.count)


def _present(signature: Signature, field: Field, profile: ColumnProfile | None, golden: Sequence[Any]) -> Values:
    kind = kind_of(field)
    if counts := _categories(field, profile):
        return Weighted([_typed(kind, value) for value in counts], list(counts.values()))
    if profile is not None and profile.quantiles and kind != "string" and field.type != "category":
        return _between(signature, field, profile)
    known = golden if golden else [DEFAULTS[kind]] if not field.nullable else [None]
    if profile is not None and profile.lengths and golden:
        return Texts(golden, profile)
    return Weighted(known, [1] * len(known))


def _categories(field: Field, profile: ColumnProfile | None) -> dict[Scalar, int]:
    """How often each category is drawn; one that the field refuses is not."""
    counts = {} if profile is None else {one.value: one.count for one in profile.categories}
    if field.unknown == "refuse" and field.categories is not None:
        allowed = set(field.categories)
        kept = {value: count for value, count in counts.items() if value in allowed}
        return kept if kept else dict.fromkeys(field.categories, 1)
    return counts


def _between(signature: Signature, field: Field, profile: ColumnProfile) -> Values:
    kind = kind_of(field)
    if kind == "integer":
        return Integers(profile, *_limits(signature, field))
    return Moments(profile) if kind == "datetime" else Numbers(profile)


def _limits(signature: Signature, field: Field) -> tuple[int, int]:
    """The least and the largest integer that the field's tensor holds."""
    dtypes = {tensor.name: tensor.dtype for tensor in signature.inputs}
    dtype = None if field.feed is None else dtypes[field.feed.input]
    if dtype is None or not dtype.startswith(("int", "uint")):
        return LOWEST, HIGHEST
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)


class Sometimes:
    """Values of which a share is missing."""

    def __init__(self, present: Values, missing: float) -> None:
        self._present, self._missing = present, missing

    def draw(self, generator: np.random.Generator, count: int) -> list[Any]:
        """So many values, None where one is missing."""
        gone = generator.random(count) < self._missing
        drawn = self._present.draw(generator, count)
        return [None if missing else value for missing, value in zip(gone.tolist(), drawn, strict=True)]


class Weighted:
    """A few values, each as often as its weight says."""

    def __init__(self, values: Sequence[Any], weights: Sequence[int]) -> None:
        self._values, self._sums = values, list(accumulate(weights))

    def draw(self, generator: np.random.Generator, count: int) -> list[Any]:
        """So many of them."""
        drawn = generator.integers(self._sums[-1], size=count)
        return [self._values[bisect(self._sums, one)] for one in drawn.tolist()]


class Numbers:
    """Numbers between the quantiles of a column, rounded to as many digits as people measure."""

    def __init__(self, profile: ColumnProfile) -> None:
        self._shares = [quantile.share for quantile in profile.quantiles]
        self._quantiles = [quantile.value for quantile in profile.quantiles]
        largest = max(abs(self._quantiles[0]), abs(self._quantiles[-1]))
        self._decimals = DIGITS - 1 - int(np.floor(np.log10(largest))) if largest > 0 else 0

    def draw(self, generator: np.random.Generator, count: int) -> list[Any]:
        """So many doubles, none of them beyond the extremes."""
        with np.errstate(all="ignore"):
            drawn = np.interp(generator.random(count), self._shares, self._quantiles)
            rounded = drawn.round(self._decimals)
        drawn = np.where(np.isfinite(rounded), rounded, drawn)
        numbers: list[Any] = drawn.clip(self._quantiles[0], self._quantiles[-1]).tolist()
        return numbers


class Integers:
    """Integers between the quantiles of a column, none beyond what its tensor holds."""

    def __init__(self, profile: ColumnProfile, least: int, largest: int) -> None:
        self._numbers, self._least, self._largest = Numbers(profile), least, largest

    def draw(self, generator: np.random.Generator, count: int) -> list[Any]:
        """So many of them."""
        drawn = self._numbers.draw(generator, count)
        return [min(max(round(number), self._least), self._largest) for number in drawn]


class Moments:
    """Dates and times between the quantiles of a column, which has them as seconds since 1970."""

    def __init__(self, profile: ColumnProfile) -> None:
        self._numbers = Integers(profile, EARLIEST, LATEST)

    def draw(self, generator: np.random.Generator, count: int) -> list[Any]:
        """So many of them as ISO 8601 writes them, without a zone."""
        seconds = self._numbers.draw(generator, count)
        return [datetime.fromtimestamp(one, UTC).replace(tzinfo=None).isoformat() for one in seconds]


class Texts:
    """Texts as long as those of training, made of those of golden rows: the profile keeps none."""

    def __init__(self, texts: Sequence[str], profile: ColumnProfile) -> None:
        self._texts = texts
        self._shares = [quantile.share for quantile in profile.lengths]
        self._lengths = [quantile.value for quantile in profile.lengths]

    def draw(self, generator: np.random.Generator, count: int) -> list[Any]:
        """So many of them."""
        lengths = np.interp(generator.random(count), self._shares, self._lengths).round().astype(int).tolist()
        chosen = generator.integers(len(self._texts), size=count).tolist()
        return [_as_long(self._texts[one], length) for one, length in zip(chosen, lengths, strict=True)]


def _as_long(text: str, length: int) -> str:
    text = text if text else "text"
    return (f"{text} " * (length // (len(text) + 1) + 1))[:length]


def _typed(kind: Kind, value: Scalar) -> Scalar:
    """A category as its kind has it; JSON writes 1.0 as 1."""
    return float(value) if kind == "number" else value


def flattened(values: Sequence[Any]) -> Iterator[Any]:
    """The single values of nested lists."""
    for value in values:
        if isinstance(value, list):
            yield from flattened(value)
        else:
            yield value
