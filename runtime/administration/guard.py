"""The guard: aborts a canary that is worse than it may be."""

import asyncio
from collections.abc import Callable

from lading.core.errors import LadingError
from lading.runtime.administration.author import author
from lading.runtime.administration.deployer import Deployer
from lading.runtime.administration.figures import Counted, Figures, figures_of
from lading.runtime.administration.state import Deployed, Limits, State, Trial

LOOK_SECONDS = 1.0
FEWEST = 50
"""Requests that a canary, and what answers beside it, must have had before anything is said of them."""
GUARD = "lading"

Count = Callable[[], Counted]
"""The figures up to now."""


def fault(limits: Limits, canary: Figures, other: Figures) -> str | None:
    """What is wrong with a canary that has ``canary`` for its figures, beside ``other``; None while nothing is."""
    if canary.requests < FEWEST or other.requests < FEWEST:
        return None
    if limits.failures is not None and canary.failures > other.failures + limits.failures:
        return (
            f"{canary.failures:.1%} of its {canary.requests} requests failed, {other.failures:.1%} of the others; "
            f"{limits.failures:.1%} more are allowed"
        )
    slow = canary.mean_seconds / other.mean_seconds if other.mean_seconds else 0.0
    if limits.slowdown is not None and slow > limits.slowdown:
        return (
            f"an answer took {canary.mean_seconds * 1000:.3g} ms, {slow:.1f} times as long as the others' "
            f"{other.mean_seconds * 1000:.3g} ms; {limits.slowdown:g} times is allowed"
        )
    if limits.drift is not None and canary.psi > limits.drift:
        return (
            f"field {canary.field!r} of what it is asked has drifted from its training data by a population stability "
            f"index of {canary.psi:.2f}; {limits.drift:g} is allowed"
        )
    return None


class Guard:
    """Looks at the canaries of ``deployer``, by what ``count`` says of them; ``tell`` hears what it cannot do."""

    def __init__(self, deployer: Deployer, count: Count, tell: Callable[[str], None]) -> None:
        self._deployer, self._count, self._tell = deployer, count, tell
        self._begun: dict[str, tuple[Trial, Figures, Figures]] = {}

    async def watch(self) -> None:
        """Look, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Abort every canary that is worse than it may be."""
        state = self._deployer.state
        tried = {name: found for name, found in state.deployed.items() if found.canary is not None}
        counted = await asyncio.to_thread(self._count) if tried else {}
        self._begun = {name: begun for name, begun in self._begun.items() if name in tried}
        for name, found in tried.items():
            wrong = self._fault(name, found, counted)
            if wrong is not None:
                await self._abort(name, found, wrong)

    def _fault(self, name: str, found: Deployed, counted: Counted) -> str | None:
        trial = found.canary
        if trial is None:
            return None
        canary, other = (figures_of(counted, name, one) for one in (trial.bundle, found.bundle))
        begun = self._begun.get(name)
        if begun is None or begun[0] != trial:
            self._begun[name] = trial, canary, other
            return None
        return fault(trial.limits, canary - begun[1], other - begun[2])

    async def _abort(self, name: str, found: Deployed, wrong: str) -> None:
        def abort(state: State) -> State:
            same = state.deployed.get(name) == found
            return state.abort(name, author(GUARD, wrong)) if same else state

        try:
            await self._deployer.change(abort)
        except LadingError as error:  # the next look tries again
            self._tell(f"the canary of {name} could not be aborted: {error}")
