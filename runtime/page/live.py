"""What is live: the versions that answer to a name, what they made of their requests, and how that came to be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lading.runtime.deployments import Deployments
from lading.runtime.happening import Happening
from lading.runtime.mirrored import Mirrored
from lading.runtime.model import Model
from lading.runtime.tally import Tally

SOCKET = '"$LADING_STATE_FOLDER"/admin.sock'


@dataclass(frozen=True)
class Variant:
    """One version."""

    version: str
    digest: str
    role: str
    answered: int
    failed: int
    mean_ms: float | None
    """Of an answer, where there was one."""


@dataclass(frozen=True)
class Action:
    """What an administrator may do, and the call of the administration API that does it."""

    name: str
    curl: str


@dataclass(frozen=True)
class Live:
    """All that is live of one name."""

    variants: Sequence[Variant]
    shadow: str | None
    """The version of the shadow."""
    mirrored: Mirrored | None
    """What this replica saw of it."""
    history: Sequence[Happening]
    """The latest first."""
    actions: Sequence[Action]


def live(deployments: Deployments, model: Model, total: Callable[[Model], Tally]) -> Live:
    """What is live of ``model``; ``total`` says what all replicas counted of a version. It may read files."""
    canary, shadow = deployments.canaries.get(model.name), deployments.shadows.get(model.name)
    variants = [_variant(model, "answers" if canary is None else f"answers {_share(1 - canary.share)}", total)]
    if canary is not None:
        variants.append(_variant(canary.model, f"canary, answers {_share(canary.share)}", total))
    history = [happening for happening in reversed(deployments.history) if happening.name == model.name]
    return Live(
        variants=variants,
        shadow=None if shadow is None else shadow.version,
        mirrored=None if model.mirror is None else model.mirror.told(),
        history=history,
        actions=list(_actions(model.name, history, canary is not None, shadow is not None)),
    )


def _variant(model: Model, role: str, total: Callable[[Model], Tally]) -> Variant:
    tally = total(model)
    mean = tally.succeeded_ns / tally.succeeded / 1e6 if tally.succeeded else None
    return Variant(model.version, model.digest, role, tally.succeeded, tally.failed, mean)


def _share(share: float) -> str:
    return f"{share * 100:.3g} %"


def _actions(name: str, history: Sequence[Happening], canary: bool, shadow: bool) -> Sequence[Action]:
    """What may be done; none where no administrator is known to the server."""
    if not history:
        return []
    found = [Action("Roll back", _curl("POST", f"{name}/rollback"))]
    if canary:
        found.append(Action("Promote the canary", _curl("POST", f"{name}/promote")))
        found.append(Action("Abort the canary", _curl("DELETE", f"{name}/canary")))
    if shadow:
        found.append(Action("End the shadow", _curl("DELETE", f"{name}/shadow")))
    deploy = _curl("PUT", name) + """ -d '{"digest": "sha256:…"}'"""
    return [Action("Deploy another bundle", deploy), *found, Action("Undeploy", _curl("DELETE", name))]


def _curl(method: str, path: str) -> str:
    return f"curl --unix-socket {SOCKET} -X {method} http://localhost/deployments/{path}"
