"""Simulated comparisons on a noisy machine: how often they claim what is not so, and how soon they find what is.

``python -m tests.loadtests.judging.simulation 2000`` prints the table of docs/decisions/0123.

The machine: each round of 4 s has a level of its own, an autoregressive process (0.6 from round to round) whose steps
have Student's t with three degrees of freedom, so that rounds differ by 5 to 10 %, and now and then by a third. In
three rounds of twenty everything stalls once, for 20 to 150 ms. 400 requests a round come due evenly; each takes a
log-normal time.
"""

import sys
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lading.loadtests.judging.comparison import LOOKS, looks
from lading.loadtests.judging.objective import QUANTILES, Measure
from lading.loadtests.judging.turns import turns

MEASURES: tuple[Measure, ...] = ("p50", "mean", "p90", "p95", "p99")
SECONDS, REQUESTS = 4.0, 400
DUE = np.arange(REQUESTS) * SECONDS / REQUESTS


@dataclass(frozen=True)
class Machine:
    """How much its rounds differ."""

    noise: float
    """The standard deviation of the logarithm of a round's level."""
    memory: float = 0.6
    """How much of it stays until the next round."""
    stalls: float = 0.15
    """The share of rounds with a stall."""

    def levels(self, rng: np.random.Generator, rounds: int) -> NDArray[np.float64]:
        """The logarithm by which each round is slower."""
        steps = rng.standard_t(3, rounds + 50) / np.sqrt(3) * self.noise * np.sqrt(1 - self.memory**2)
        level, found = 0.0, []
        for step in steps:
            level = self.memory * level + step
            found.append(level)
        return np.array(found[50:])

    def latencies(self, rng: np.random.Generator, level: float, slower: float) -> NDArray[np.float64]:
        """Seconds of each request of a round."""
        found = 0.005 * slower * np.exp(level) * rng.lognormal(0, 0.35, REQUESTS)
        if rng.random() < self.stalls:
            begin, length = rng.random() * SECONDS, rng.uniform(0.02, 0.15)
            found += np.where((begin <= DUE) & (begin + length > DUE), begin + length - DUE, 0.0)
        return np.asarray(found)


def measured(measure: Measure, latencies: NDArray[np.float64]) -> float:
    """One measure of one round."""
    return float(latencies.mean() if measure == "mean" else np.quantile(latencies, QUANTILES[measure]))


def pairs_of(
    machine: Machine, seed: int, slower: float, pairs: int, measures: tuple[Measure, ...] = MEASURES
) -> dict[Measure, list[float]]:
    """The log ratios of a comparison in which the candidate takes ``slower`` times as long."""
    rng = np.random.default_rng(seed)
    found: dict[Measure, list[float]] = {measure: [] for measure in measures}
    levels, order = machine.levels(rng, 2 * pairs), turns(seed)
    for pair in range(pairs):
        of: dict[str, NDArray[np.float64]] = {}
        for level in levels[2 * pair : 2 * pair + 2]:
            role = next(order)
            of[role] = machine.latencies(rng, level, slower if role == "candidate" else 1.0)
        for measure in measures:
            ratio = measured(measure, of["candidate"]) / measured(measure, of["baseline"])
            found[measure].append(float(np.log(ratio)))
    return found


def outcome_of(ratios: list[float], regression: float = 0.1, comparisons: int = 2) -> tuple[str, int]:
    """``missed``, ``met`` or ``undecided``, and after how many pairs, as the judgement has it."""
    for look in looks(ratios, comparisons, 0.99):
        if look.interval is not None and look.interval[0] > 1 + regression:
            return "missed", look.pairs
        if look.interval is not None and look.interval[1] <= 1 + regression:
            return "met", look.pairs
    return "undecided", len(ratios)


def main(runs: int) -> None:
    """Print the table: for each noise and each true slowdown what came out, and the pairs that it took."""
    print(
        "| noise of a round | candidate | measure | regression claimed | met | undecided | pairs, mean | pairs, 90 % |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for noise in (0.05, 0.075, 0.1):
        for slower in (1.0, 1.1, 1.2):
            found: dict[Measure, list[tuple[str, int]]] = {measure: [] for measure in MEASURES}
            for seed in range(runs):
                for measure, ratios in pairs_of(Machine(noise), seed, slower, LOOKS[-1]).items():
                    found[measure].append(outcome_of(ratios))
            for measure, outcomes in found.items():
                count = Counter(outcome for outcome, _ in outcomes)
                taken = [pairs for _, pairs in outcomes]
                shares = " | ".join(f"{100 * count[one] / runs:.1f} %" for one in ("missed", "met", "undecided"))
                said = f"{np.mean(taken):.0f} | {np.quantile(taken, 0.9):.0f}"
                print(
                    f"| {100 * noise:g} % | {100 * (slower - 1):+.0f} % | {measure} | {shares} | {said} |", flush=True
                )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
