"""The search finds the highest rate that holds, and says what was in the way."""

from hypothesis import given
from hypothesis import strategies as st

from lading.loadtests.conducting.search import CLOSE, HIGHEST, LOWEST, Probed, search

RATES = st.floats(0.3, 50_000)


@given(first=RATES, truth=RATES)
def test_the_capacity_is_found_within_the_width_that_it_stops_at(first: float, truth: float) -> None:
    tried: list[float] = []

    def probe(rate: float) -> Probed:
        tried.append(rate)
        return "met" if rate <= truth else "objectives"

    found = search(first, probe)
    assert found is not None
    assert found.above is not None
    assert found.rate <= truth < found.above <= found.rate * CLOSE
    assert found.limit == "objectives"
    assert len(tried) < 80


@given(first=RATES, truth=RATES, disturbed=st.integers(0, 12))
def test_one_disturbance_does_not_decide(first: float, truth: float, disturbed: int) -> None:
    number = 0

    def probe(rate: float) -> Probed:
        nonlocal number
        number += 1
        return "met" if rate <= truth and number - 1 != disturbed else "objectives"

    found = search(first, probe)
    assert found is not None
    assert truth / CLOSE <= found.rate <= truth


@given(first=RATES, truth=RATES, strength=RATES)
def test_what_was_in_the_way_is_said(first: float, truth: float, strength: float) -> None:
    def probe(rate: float) -> Probed:
        return "generator" if rate > strength else "met" if rate <= truth else "objectives"

    found = search(first, probe)
    assert found is not None
    assert found.rate <= min(truth, strength)
    if strength < truth:
        assert found.limit == "generator"
    if truth * CLOSE < strength:
        assert found.limit == "objectives"


def test_what_never_holds_has_no_capacity() -> None:
    assert search(100, lambda _: "objectives") is None


def test_what_always_holds_is_as_much_as_was_looked_for() -> None:
    found = search(100, lambda _: "met")
    assert found is not None
    assert found.limit == "range"
    assert found.above is None
    assert HIGHEST / 2 < found.rate <= HIGHEST
    assert found.rate > LOWEST
