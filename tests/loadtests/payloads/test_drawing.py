"""Drawing: values that training could have had."""

from collections import Counter

import numpy as np
import pytest

from lading.bundles.bundle import Bundle
from lading.bundles.profile import ColumnProfile, Quantile
from lading.bundles.tensors.feeds import Encoder
from lading.loadtests.payloads.drawing import Moments, Numbers, Texts
from lading.loadtests.payloads.rows import DrawnRows, GoldenRows, Row

ROWS = 4000


@pytest.fixture(scope="module")
def rows(opened: dict[str, Bundle]) -> list[Row]:
    return drawn(opened["visits"])


def drawn(bundle: Bundle, count: int = ROWS) -> list[Row]:
    signature = bundle.manifest.signature
    source = DrawnRows(signature, GoldenRows(bundle.golden(), signature).rows, bundle.profile())
    return source.draw(np.random.default_rng(1), count)


def column(bundle: Bundle, name: str) -> ColumnProfile:
    return next(column for column in bundle.profile().columns if column.name == name)


def test_the_model_takes_them(opened: dict[str, Bundle], rows: list[Row]) -> None:
    fed = Encoder(opened["visits"].manifest.signature).encode_rows(rows)
    assert {len(tensor) for tensor in fed.values()} == {ROWS}


def test_they_lie_as_the_quantiles_do(opened: dict[str, Bundle], rows: list[Row]) -> None:
    measured = [
        one for one in opened["visits"].profile().columns if one.quantiles and one.type in ("number", "integer")
    ]
    assert measured
    for profile in measured:
        values = [row[profile.name] for row in rows if row[profile.name] is not None]
        assert profile.minimum is not None
        assert profile.maximum is not None
        assert profile.minimum <= min(values)
        assert max(values) <= profile.maximum
        for quantile in profile.quantiles:
            at_most = sum(value <= quantile.value for value in values) / len(values)
            assert at_most >= quantile.share - 0.03, (profile.name, quantile)


def test_categories_are_as_frequent_as_they_were(opened: dict[str, Bundle], rows: list[Row]) -> None:
    counted = [one for one in opened["visits"].profile().columns if one.categories and one.name in rows[0]]
    assert counted
    for profile in counted:
        seen = Counter(row[profile.name] for row in rows if row[profile.name] is not None)
        total = sum(one.count for one in profile.categories)
        shares = {one.value: one.count / total for one in profile.categories}
        assert seen.keys() <= shares.keys()
        assert {value: seen[value] / seen.total() for value in shares} == pytest.approx(shares, abs=0.05)


def test_as_many_are_missing_as_were_and_none_where_none_may_be(opened: dict[str, Bundle], rows: list[Row]) -> None:
    fields = opened["visits"].manifest.signature.fields
    shares = {field.name: sum(row[field.name] is None for row in rows) / ROWS for field in fields}
    expected = dict.fromkeys(shares, 0.0)
    for field in fields:
        if field.nullable:
            profile = column(opened["visits"], field.name)
            expected[field.name] = profile.missing / profile.count
    assert any(expected.values())
    assert shares == pytest.approx(expected, abs=0.05)


def of(**seen: object) -> ColumnProfile:
    return ColumnProfile.model_validate({"name": "x", "type": "number", "dtype": "", "count": 9, "missing": 0, **seen})


def line(*values: float) -> tuple[Quantile, ...]:
    last = len(values) - 1
    return tuple(Quantile(share=place / last, value=value) for place, value in enumerate(values))


@pytest.mark.parametrize("ends", [(0, 0), (-1e-300, 1e-300), (-1e308, 1e308), (5, 5), (0.1, 0.3), (1e15, 1e15 + 1)])
def test_numbers_of_any_size_stay_between_the_extremes(ends: tuple[float, float]) -> None:
    values = Numbers(of(quantiles=line(*ends))).draw(np.random.default_rng(0), 100)
    assert all(ends[0] <= value <= ends[1] for value in values)


def test_numbers_have_no_more_digits_than_people_measure() -> None:
    values = Numbers(of(quantiles=line(2.5, 6.5))).draw(np.random.default_rng(0), 100)
    assert all(len(repr(value)) <= 7 for value in values)


def test_moments_have_four_digits_for_the_year() -> None:
    values = Moments(of(quantiles=line(-1e12, 1e12))).draw(np.random.default_rng(0), 100)
    assert all(value[4] == "-" for value in values)


def test_texts_are_as_long_as_they_were() -> None:
    made = Texts(["some words", ""], of(lengths=line(3, 40))).draw(np.random.default_rng(0), 100)
    assert {len(text) for text in made} <= set(range(3, 41))
    assert len({len(text) for text in made}) > 10


@pytest.mark.parametrize("name", ["images", "mosaics", "coins", "counts", "penguins"])
def test_a_field_without_a_profile_has_the_values_of_golden_rows(name: str, opened: dict[str, Bundle]) -> None:
    signature = opened[name].manifest.signature
    golden = GoldenRows(opened[name].golden(), signature).rows
    made = drawn(opened[name], 20)
    for row in made:
        Encoder(signature).encode_rows([row])
    for field in signature.fields:
        if not field.shape:
            assert {row[field.name] for row in made} <= {row[field.name] for row in golden} | {None}
