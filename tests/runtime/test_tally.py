"""Counts add up, whoever counts, and survive being written down."""

import math
from concurrent.futures import ThreadPoolExecutor

import orjson
from hypothesis import given
from hypothesis import strategies as st

from lading.runtime.deployments import Deployments
from lading.runtime.tallies import Tallies, key_of
from lading.runtime.tally import HISTOGRAMS, MOST_SIZES, POWERS, Tally, bucket, quantile

TIMES = st.integers(0, 10**12)
EVENTS = st.lists(st.tuples(st.integers(0, 5), TIMES, TIMES, TIMES, TIMES), max_size=9)


def counted(events: list[tuple[int, int, int, int, int]], failures: int = 0) -> Tally:
    tally = Tally()
    for event in events:
        tally.succeed(*event)
    for _ in range(failures):
        tally.fail(7, "deadline")
    return tally


def counts(tally: Tally) -> dict[str, object]:
    """All but the time of day."""
    return tally.document() | {"last_ms": 0}


@given(EVENTS, EVENTS, st.integers(0, 3))
def test_two_tallies_together_are_one_of_all(
    first: list[tuple[int, int, int, int, int]], second: list[tuple[int, int, int, int, int]], failures: int
) -> None:
    total = counted(first, failures)
    total.add(counted(second))
    assert counts(total) == counts(counted(first + second, failures))


@given(EVENTS, st.integers(0, 3))
def test_a_tally_comes_back_from_what_was_written(events: list[tuple[int, int, int, int, int]], failures: int) -> None:
    tally = counted(events, failures)
    assert Tally.read(orjson.loads(orjson.dumps(tally.document()))) == tally


@given(st.integers(0, 10**6), TIMES, TIMES, TIMES, TIMES)
def test_an_answer_is_in_one_bucket_of_each_histogram_the_first_whose_bound_is_not_below(
    rows: int, queue_ns: int, input_ns: int, infer_ns: int, output_ns: int
) -> None:
    times = (queue_ns, input_ns, infer_ns, output_ns)
    tally = counted([(rows, *times)])
    values = dict(zip(HISTOGRAMS, (*times, sum(times), rows), strict=True))
    for name, value in values.items():
        histogram = getattr(tally, name)
        bucket = histogram.index(1)
        assert sum(histogram) == 1
        assert value <= 2**bucket
        assert value > 2 ** (bucket - 1) or bucket <= 1


def test_threads_lose_no_count() -> None:
    tally = Tally()

    def count(rows: int) -> None:
        for _ in range(2000):
            tally.succeed(rows, 1, 1, 1, 1)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))
    assert (tally.succeeded, tally.runs, tally.rows) == (8000, 6000, 12000)


def test_sizes_beyond_the_first_ones_are_only_in_the_sums() -> None:
    tally = counted([(rows, 0, 0, 0, 0) for rows in range(MOST_SIZES + 5)])
    assert len(tally.batches) == MOST_SIZES
    assert tally.succeeded == MOST_SIZES + 5
    total = counted([(1000, 0, 0, 0, 0)])
    total.add(tally)
    assert len(total.batches) == MOST_SIZES


def test_a_model_counts_on_where_its_version_left_off(deployments: Deployments) -> None:
    model = deployments.get("cells")
    kept, fellow = counted([(2, 1, 1, 1, 1)]), counted([(3, 1, 1, 1, 1)], 1)
    key = key_of(model)
    others = (key._replace(version="2.0.0"), key._replace(digest="sha256:other"), key._replace(name="other"))
    tallies = Tallies({key: kept}, lambda: [{key: fellow}, dict.fromkeys(others, fellow)])
    before = model.tally
    try:
        tallies.adopt(model)
        model.tally.succeed(4, 1, 1, 1, 1)
    finally:
        model.tally = before
    total = tallies.total(model)
    assert (total.rows, total.succeeded, total.failed) == (2 + 3 + 4, 3, 1)


@given(st.lists(st.integers(0, 10**12), min_size=1), st.floats(0, 1))
def test_a_quantile_is_right_within_its_bucket(values: list[int], share: float) -> None:
    histogram = [0] * POWERS
    for value in values:
        histogram[bucket(value)] += 1
    exact = sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
    found = quantile(histogram, share)
    assert found is not None
    assert 2.0 ** bucket(exact) / 2 <= found <= 2.0 ** bucket(exact) or (exact <= 1 and found <= 1)


@given(st.lists(st.integers(0, 10**6), min_size=POWERS, max_size=POWERS), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_has_no_lesser_quantile(histogram: list[int], one: float, other: float) -> None:
    low, high = (quantile(histogram, share) for share in sorted((one, other)))
    assert (low is None) == (high is None) == (sum(histogram) == 0)
    assert low is None or high is None or low <= high
