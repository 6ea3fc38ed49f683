"""The judgement: each objective met, missed or undecided by what was measured, and one verdict on all of them."""

from collections.abc import Sequence

from lading.loadtests.judging.comparison import log_ratios, looks
from lading.loadtests.judging.earlier import against_earlier
from lading.loadtests.judging.intervals import errors_interval, mean_interval, quantile_interval, slower_interval
from lading.loadtests.judging.objective import QUANTILES, TOLERATED, Objective
from lading.loadtests.judging.phrases import bound_in_words, in_words, interval_in_words
from lading.loadtests.judging.sample import Sample, at_most, counted, sample, under_load
from lading.loadtests.judging.sustained import judge_capacity, judge_rate, keeps_up
from lading.loadtests.measuring.latencies import bucket_of
from lading.loadtests.measuring.step import GENERATOR_FAILED, INTERRUPTED, Step
from lading.loadtests.result import Capacity, Judged, Outcome, Verdict

MORE = "ask for longer, or at a higher rate"
"""What to do where there are too few requests."""

IMPLIED = Objective(measure="errors", bound=TOLERATED, implied=True)
"""What is asked of every service where nothing else is said of its errors."""


def judge(
    objectives: Sequence[Objective],
    steps: Sequence[Step],
    confidence: float,
    capacity: Capacity | None = None,
    earlier: Sequence[Step] = (),
) -> tuple[Judged, ...]:
    """What became of each of ``objectives``, and of errors, which are looked at always.

    Absolute ones are judged of all load steps of the candidate together, errors also of its rounds beside the baseline;
    where a capacity was searched instead, of the steps at the rate that was found, and ``rps`` of that rate. Relative
    ones are judged of pairs of rounds; or, where the baseline is an ``earlier`` run, of its steps of load and the
    candidate's.
    """
    asked = with_errors(objectives)
    own = under_load(steps, "candidate", capacity)
    found, everything = sample(own), sample(counted(steps, "candidate", capacity))
    comparisons = sum(objective.relative for objective in asked)

    def outcome(objective: Objective) -> Judged:
        if objective.relative and earlier:
            before = under_load(earlier, "baseline", capacity)
            return _beside_earlier(objective, own, before, comparisons, confidence)
        if objective.relative:
            return _compared(objective, steps, comparisons, confidence)
        if objective.measure == "rps" and capacity is not None:
            return judge_capacity(objective, capacity)
        return _absolute(objective, everything if objective.measure == "errors" else found, own, confidence)

    return tuple(map(outcome, asked))


def with_errors(objectives: Sequence[Objective]) -> tuple[Objective, ...]:
    """The objectives, and that on errors where they have none."""
    given = any(objective.measure == "errors" for objective in objectives)
    return tuple(objectives) if given else (*objectives, IMPLIED)


def settled(judged: Sequence[Judged]) -> bool:
    """Whether more rounds change nothing: a comparison is missed, or each is decided.

    Absolute objectives have no say: looked at again and again until one is missed, they would be missed too often.
    """
    comparisons = [one.outcome for one in judged if one.objective.relative]
    return "missed" in comparisons or "undecided" not in comparisons


def wanting(judged: Sequence[Judged]) -> bool:
    """Whether more requests may decide what is undecided, and nothing is missed yet."""
    return not any(one.outcome == "missed" for one in judged) and any(
        one.outcome == "undecided" and one.objective.measure != "rps" for one in judged
    )


def meets(objectives: Sequence[Objective], steps: Sequence[Step]) -> bool:
    """Whether answers keep up with what comes due, and the absolute objectives are met, without regard to chance.

    It is how a search of the capacity takes its next step. A bound on ``rps`` is left out: the search looks for it.
    """
    found = sample(steps)
    if not found.latencies.count or not keeps_up(steps):
        return False
    return all(
        _value(one, found) <= one.bound for one in with_errors(objectives) if not one.relative and one.measure != "rps"
    )


def verdict(
    judged: Sequence[Judged], steps: Sequence[Step], limits: Sequence[str] = ()
) -> tuple[Verdict, tuple[str, ...]]:
    """What all comes to, and why, in words.

    ``limits`` are the reasons, if any, for which the load generator and not the server may have been measured. A server
    that ended under load, or that answered nothing rightly, has failed whatever else was; otherwise such a limit, or an
    interruption, leaves nothing to be said. Bounds that are met in spite of a late generator are met all the more,
    since its lateness counts as the server's; beside a baseline it would hide a difference.
    """
    ended = [f"{step.role}: {step.ended}" for step in steps if step.ended not in (None, INTERRUPTED)]
    if failed := [step.ended for step in steps if step.ended is not None and step.ended.startswith(GENERATOR_FAILED)]:
        return "none", tuple(failed)
    if died := [one for one in ended if one.startswith("candidate")]:
        return "failed", tuple(died)
    if ended or (limits and not _met_anyhow(judged)):
        return "none", (*limits, *ended)
    if any(step.ended == INTERRUPTED for step in steps):
        return "none", ("the test was interrupted; what was measured until then is no basis for a verdict",)
    if not any(step.answered for step in steps if step.role == "candidate"):
        return "failed", ("not one request was answered rightly",)
    return _of_all(judged)


def _met_anyhow(judged: Sequence[Judged]) -> bool:
    return all(one.outcome == "met" and not one.objective.relative for one in judged)


def _of_all(judged: Sequence[Judged]) -> tuple[Verdict, tuple[str, ...]]:
    outcomes: tuple[tuple[Outcome, Verdict], ...] = (("missed", "failed"), ("undecided", "undecided"))
    for outcome, comes_to in outcomes:
        if found := [_reason(one) for one in judged if one.outcome == outcome]:
            return comes_to, tuple(found)
    return "passed", ("every objective was met",)


def _reason(one: Judged) -> str:
    if one.measured is None:
        return f"{one.objective}: {one.why}"
    interval = f" ({interval_in_words(one.objective, one.interval)})" if one.interval is not None else ""
    return f"{one.objective}: {in_words(one.objective, one.measured)}{interval}, {one.why}"


def _absolute(objective: Objective, found: Sample, steps: Sequence[Step], confidence: float) -> Judged:
    if not found.ended:
        return Judged(objective=objective, outcome="undecided", why="nothing was asked")
    if objective.measure == "errors":
        return _errors(objective, found, confidence)
    if not found.latencies.count:
        return Judged(objective=objective, outcome="missed", why="not one request was answered rightly")
    if objective.measure == "rps":
        return judge_rate(objective, steps)
    return _latency(objective, found, confidence)


def _errors(objective: Objective, found: Sample, confidence: float) -> Judged:
    share, interval = _value(objective, found), errors_interval(found, confidence)
    outcome = _beside(interval, objective.bound)
    if objective.implied and outcome == "undecided" and share <= objective.bound:
        outcome = "met"  # nobody claimed it: it only keeps errors from passing as speed
    why = f"{found.failed:,} of {found.ended:,} requests failed"
    if outcome == "undecided":
        why += f"; so few requests cannot tell {in_words(objective, share)} from {bound_in_words(objective)}: {MORE}"
    return Judged(objective=objective, outcome=outcome, measured=share, interval=interval, why=why)


def _latency(objective: Objective, found: Sample, confidence: float) -> Judged:
    count = found.latencies.count
    value = _value(objective, found)
    if objective.measure == "mean":
        low, high = mean_interval(found, confidence) or (0.0, None)
    else:
        low, high = quantile_interval(found, QUANTILES[objective.measure], confidence)
    interval = None if high is None else (low, high)
    if objective.measure == "mean":
        outcome: Outcome = "undecided" if interval is None else _beside(interval, objective.bound)
    else:
        # Few answers may be enough to say that hardly any is slower than the bound, and too few to say by how much.
        slow = slower_interval(found, objective.bound, confidence)
        most = 1 - QUANTILES[objective.measure]
        outcome = "missed" if low > objective.bound else "met" if slow[1] <= most else "undecided"
    why = f"of {count:,} right answers"
    if objective.measure != "mean":
        slower = count - at_most(found.latencies, bucket_of(objective.bound))
        why = f"{slower:,} of {count:,} right answers took longer than {in_words(objective, objective.bound)}"
    if outcome == "undecided":
        why += f"; so few cannot tell it from the bound: {MORE}"
    return Judged(objective=objective, outcome=outcome, measured=value, interval=interval, why=why)


def _beside(interval: tuple[float, float], bound: float) -> Outcome:
    """Where an interval of what should be low lies."""
    low, high = interval
    return "missed" if low > bound else "met" if high <= bound else "undecided"


def _value(objective: Objective, found: Sample) -> float:
    if objective.measure == "errors":
        return found.failed / found.ended
    latencies = found.latencies
    value = latencies.mean if objective.measure == "mean" else latencies.quantile(QUANTILES[objective.measure])
    return 0.0 if value is None else value


def _compared(objective: Objective, steps: Sequence[Step], comparisons: int, confidence: float) -> Judged:
    ratios = log_ratios(objective.measure, steps)
    last = None
    for last in looks(ratios, comparisons, confidence):
        outcome = _against_bound(objective, last.interval)
        if outcome != "undecided":
            why = f"after {last.pairs} pairs of rounds"
            return Judged(objective=objective, outcome=outcome, measured=last.ratio, interval=last.interval, why=why)
    why = f"{len(ratios)} pairs of rounds with the baseline do not decide it: allow more time, or a larger regression"
    if last is None:
        return Judged(objective=objective, outcome="undecided", why="there is no pair of rounds with the baseline")
    return Judged(objective=objective, outcome="undecided", measured=last.ratio, interval=last.interval, why=why)


def _beside_earlier(
    objective: Objective, steps: Sequence[Step], earlier: Sequence[Step], comparisons: int, confidence: float
) -> Judged:
    known = against_earlier(objective.measure, steps, earlier, comparisons, confidence)
    if known is None:
        why = "one of the two runs has no right answers under load"
        return Judged(objective=objective, outcome="undecided", why=why)
    ratio, interval = known
    outcome = _against_bound(objective, interval)
    why = "against the report of an earlier run, so that what changed on the machine since counts, too"
    if outcome == "undecided":
        why += f"; {MORE}, or measure beside the bundle itself"
    return Judged(objective=objective, outcome=outcome, measured=ratio, interval=interval, why=why)


def _against_bound(objective: Objective, interval: tuple[float, float] | None) -> Outcome:
    """Where the interval of a ratio to the baseline lies."""
    if interval is None:
        return "undecided"
    low, high = interval
    worse = (1 - high, 1 - low) if objective.measure == "rps" else (low - 1, high - 1)
    return _beside(worse, objective.bound)
