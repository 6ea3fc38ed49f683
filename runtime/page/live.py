"""What is live: the versions that answer to a name, what they made of their requests, and how that came to be."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lading.runtime.deployments import Deployments
from lading.runtime.drift.drift import FieldDrift, Verdict, drift_of
from lading.runtime.happening import Happening
from lading.runtime.mirrored import Mirrored
from lading.runtime.model import Model
from lading.runtime.tallies import key_of
from lading.runtime.tally import quantile

if TYPE_CHECKING:
    from lading.runtime.app import Application

SOCKET = '"$LADING_STATE_FOLDER"/admin.sock'
ANOTHER = "sha256:…"
"""In place of the digest of a bundle that is to come."""


@dataclass(frozen=True)
class Latency:
    """What half of some requests, and what 99 in a hundred, took at most, in milliseconds; about, and where there were any."""

    p50: float | None
    p99: float | None


@dataclass(frozen=True)
class Variant:
    """One version."""

    version: str
    digest: str
    role: Literal["stable", "canary", "shadow"]
    weight: str
    """Its share of the requests, in words."""
    answered: int
    failed: int
    whole: Latency | None
    """From a request's bytes to the answer's; a shadow gives none."""
    model: Latency
    """What of that was in ONNX Runtime."""
    verdict: Verdict
    """How far what it is asked has drifted from what it was trained on."""
    worst: FieldDrift | None
    """The field that has drifted most, where anything can be said."""
    mirrored: Mirrored | None = None
    """How a shadow's answers differ."""


@dataclass(frozen=True)
class Action:
    """What an administrator may do, and the call of the administration API that does it."""

    name: str
    curl: str


@dataclass(frozen=True)
class Live:
    """All that is live of one name."""

    name: str
    variants: Sequence[Variant]
    history: Sequence[Happening]
    """The latest first."""
    actions: Sequence[Action]

    @property
    def authors(self) -> bool:
        """Whether the history says who made the changes."""
        return any(change.who is not None for change in self.history)


def live(deployments: Deployments, model: Model, app: "Application") -> Live:
    """What is live of ``model``, by what all replicas have counted; it may read files."""
    canary, shadow = deployments.canaries.get(model.name), deployments.shadows.get(model.name)
    weight = "all requests" if canary is None else f"{_share(1 - canary.share)} of requests"
    variants = [_answering(model, "stable", weight, app)]
    if canary is not None:
        variants.append(_answering(canary.model, "canary", f"{_share(canary.share)} of requests", app))
    if shadow is not None:
        variants.append(_shadowing(shadow, app))
    history = [happening for happening in reversed(deployments.history) if happening.name == model.name]
    actions = _actions(model.name, canary is not None, shadow is not None) if history else ()
    return Live(model.name, variants, history, list(actions))


def _answering(model: Model, role: Literal["stable", "canary"], weight: str, app: "Application") -> Variant:
    tally = app.tallies.total(model)
    verdict, worst = _drift(model, app)
    return Variant(
        version=model.version,
        digest=model.digest,
        role=role,
        weight=weight,
        answered=tally.succeeded,
        failed=tally.failed,
        whole=_latency(tally.succeeded_histogram),
        model=_latency(tally.infer_histogram),
        verdict=verdict,
        worst=worst,
    )


def _shadowing(shadow: Model, app: "Application") -> Variant:
    seen = app.shadows().get(key_of(shadow), Mirrored())
    verdict, worst = _drift(shadow, app)
    return Variant(
        version=shadow.version,
        digest=shadow.digest,
        role="shadow",
        weight="answers nobody",
        answered=seen.answered,
        failed=seen.failed,
        whole=None,
        model=_latency(seen.compute_histogram),
        verdict=verdict,
        worst=worst,
        mirrored=seen,
    )


def _latency(histogram: Sequence[int]) -> Latency:
    p50, p99 = (
        None if found is None else found / 1e6 for found in (quantile(histogram, 0.5), quantile(histogram, 0.99))
    )
    return Latency(p50, p99)


def _drift(model: Model, app: "Application") -> tuple[Verdict, FieldDrift | None]:
    found = drift_of(model.observed, app.observations.total(model))
    told = [field for field in found.fields if field.psi is not None]
    return found.verdict, max(told, key=lambda field: field.psi or 0.0, default=None)


def _share(share: float) -> str:
    return f"{share * 100:.3g} %"


def _actions(name: str, canary: bool, shadow: bool) -> Iterator[Action]:
    """What may be done."""
    yield Action("See everything, with who changed it and why", _curl("GET", name))
    yield Action("Deploy another bundle", _curl("PUT", name, digest=ANOTHER, why="…"))
    tried = "Have another canary, or another share" if canary else "Have a canary answer a tenth"
    yield Action(tried, _curl("PUT", f"{name}/canary", digest=ANOTHER, share=0.1))
    if canary:
        yield Action("Promote the canary", _curl("POST", f"{name}/promote"))
        yield Action("Abort the canary", _curl("DELETE", f"{name}/canary"))
    other = "Have another shadow" if shadow else "Have a shadow asked too"
    yield Action(other, _curl("PUT", f"{name}/shadow", digest=ANOTHER))
    if shadow:
        yield Action("End the shadow", _curl("DELETE", f"{name}/shadow"))
    yield Action("Roll back", _curl("POST", f"{name}/rollback"))
    yield Action("Undeploy", _curl("DELETE", name))


def _curl(method: str, path: str, **body: object) -> str:
    sent = f" -d '{json.dumps(body, ensure_ascii=False)}'" if body else ""
    verb = "" if method == "GET" else f" -X {method}"
    return f"curl --unix-socket {SOCKET}{verb} http://localhost/deployments/{path}{sent}"
