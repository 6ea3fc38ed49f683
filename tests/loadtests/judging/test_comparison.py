"""A comparison finds what is slower, claims nothing that is not, and may be asked at any time."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest
from scipy import stats

from lading.loadtests.judging.comparison import LOOKS, Look, log_ratios, looks
from lading.loadtests.judging.judgement import judge, settled, verdict
from lading.loadtests.judging.objective import Measure, Objective
from lading.loadtests.judging.turns import turns
from lading.loadtests.measuring.step import INTERRUPTED, Role
from tests.loadtests.judging.simulation import Machine, outcome_of, pairs_of
from tests.loadtests.results import Service, compared_steps, step_of

RUNS = 100
"""Of each simulation here; docs/decisions/0123 has the figures of a thousand."""


def last_look(ratios: list[float], comparisons: int = 1, confidence: float = 0.99) -> Look:
    return looks(ratios, comparisons, confidence)[-1]


@pytest.mark.parametrize("count", [12, 22, 52])
def test_the_interval_holds_what_wilcoxons_test_does_not_refuse(count: int) -> None:
    """Just inside an end SciPy's exact test has a p-value above what is spent at a look, just outside not."""
    ratios = list(np.random.default_rng(count).standard_t(3, count) * 0.1)
    spent = 0.01 / len(LOOKS)
    found = last_look(ratios)
    assert found.interval is not None
    for end, alternative, outwards in zip(np.log(found.interval), ("greater", "less"), (-1, 1), strict=True):
        inside, outside = (
            stats.wilcoxon(np.array(ratios) - end - shift, alternative=alternative, method="exact").pvalue
            for shift in (-outwards * 1e-9, outwards * 1e-9)
        )
        assert outside <= spent < inside


def test_few_pairs_exclude_nothing() -> None:
    """Ten pairs that all agree come about once in a thousand times by chance."""
    found = last_look([0.5] * 10)
    assert (found.pairs, found.interval) == (10, None)
    assert found.ratio == pytest.approx(np.exp(0.5))
    assert looks([], 1, 0.99) == []


def test_more_comparisons_make_each_interval_wider() -> None:
    ratios = list(np.random.default_rng(1).normal(0, 0.1, 30))
    one, many = last_look(ratios).interval, last_look(ratios, comparisons=8).interval
    assert one is not None
    assert many is not None
    assert many[0] <= one[0]
    assert one[1] <= many[1]


def test_what_was_decided_stays_decided() -> None:
    """More pairs add looks; they change none that was."""
    ratios = list(np.random.default_rng(1).normal(0, 0.1, 100))
    for count in range(LOOKS[0], 101):
        assert looks(ratios, 2, 0.99)[: len(looks(ratios[:count], 2, 0.99))] == looks(ratios[:count], 2, 0.99)


@pytest.mark.parametrize(("slower", "right"), [(1.0, "met"), (1.2, "missed")])
def test_a_noisy_machine_does_not_deceive(slower: float, right: str) -> None:
    """Nothing is claimed of a candidate that is as quick, and 20 % are found, mostly within 22 pairs."""
    measures: tuple[Measure, ...] = ("p50", "mean", "p95")
    taken: dict[Measure, list[int]] = {measure: [] for measure in measures}
    outcomes: Counter[str] = Counter()
    for seed in range(RUNS):
        for measure, ratios in pairs_of(Machine(0.075), seed, slower, 65, measures).items():
            outcome, pairs = outcome_of(ratios)
            outcomes[outcome] += 1
            taken[measure].append(pairs)
    wrong = "missed" if right == "met" else "met"
    assert outcomes[wrong] == 0
    assert outcomes[right] >= 0.98 * RUNS * len(measures)
    assert np.mean(taken["p50"]) <= 20
    assert np.mean(taken["p95"]) <= 25
    assert np.mean(taken["mean"]) <= 32


def test_at_the_bound_itself_hardly_anything_is_claimed() -> None:
    """Where the truth is the bound, a claim either way is an error; 1 % of them is allowed, and 4 of 100 hardly so many."""
    found = Counter(outcome_of(pairs_of(Machine(0.075), seed, 1.1, 65, ("p50",))["p50"])[0] for seed in range(RUNS))
    assert found["missed"] + found["met"] <= 4


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("slower", "outcome", "comes_to"), [(1.0, "met", "passed"), (1.2, "missed", "failed")])
def test_ten_of_ten_runs_are_judged_rightly(seed: int, slower: float, outcome: str, comes_to: str) -> None:
    steps = compared_steps(slower, seed, pairs=42, noise=0.06)
    objectives = [Objective(measure=one, bound=0.1, relative=True) for one in ("p50", "p95")]
    judged = judge(objectives, steps, 0.99)
    outcomes = [one.outcome for one in judged if one.objective.relative]
    assert set(outcomes) == {outcome}
    assert settled(judged)
    assert verdict(judged, steps)[0] == comes_to


def test_pairs_are_neighbours_of_both_sides() -> None:
    """A round that was interrupted is in no pair, nor is one whose neighbour is of the same side."""
    rng = np.random.default_rng(1)
    roles: list[Role] = ["candidate", "baseline", "baseline", "baseline", "candidate", "candidate"]
    steps = [
        step_of(
            Service(median=0.01 if role == "candidate" else 0.005),
            rng,
            start=float(place),
            seconds=2.0,
            role=role,
            purpose="comparison",
        )
        for place, role in enumerate(roles)
    ]
    assert len(log_ratios("p50", steps)) == 2
    assert log_ratios("p50", steps) == pytest.approx([np.log(2)] * 2, abs=0.2)
    broken = [steps[0], steps[1].model_copy(update={"ended": INTERRUPTED}), *steps[2:]]
    assert len(log_ratios("p50", broken)) == 2
    assert log_ratios("p50", steps[:1]) == []


def test_a_lower_rate_than_the_baseline_is_worse() -> None:
    rng = np.random.default_rng(1)
    steps = [
        step_of(
            Service(),
            rng,
            rate=80.0 if role == "candidate" else 100.0,
            seconds=2.0,
            start=2.0 * place,
            role=role,
            purpose="comparison",
        )
        for place, role in enumerate(islice(turns(), 30))
    ]
    (rate, *_) = judge([Objective(measure="rps", bound=0.1, relative=True)], steps, 0.99)
    assert rate.outcome == "missed"
    assert rate.measured == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_turns_are_fair(seed: int) -> None:
    """In each four both sides have two rounds, and their middles are the same moment."""
    taken = list(islice(turns(seed), 400))
    assert taken == list(islice(turns(seed), 400))
    for place in range(0, 400, 4):
        four = taken[place : place + 4]
        assert four[0] == four[3] != four[1] == four[2]
    assert 30 < sum(taken[place] == "candidate" for place in range(0, 400, 4)) < 70
