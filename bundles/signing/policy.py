"""The policy: what a bundle must bring before it is served, and what happens when it does not."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import JsonValue

from lading.bundles.bundle import Bundle, Progress, open_bundle
from lading.bundles.evidence.kinds import SIGNATURE
from lading.bundles.records import Record
from lading.bundles.signing.judgement import Judgement
from lading.bundles.signing.trust import Trust, read_trust
from lading.core.errors import PolicyError, UsageError
from lading.core.settings import LIMITS, Limits, PolicyMode

SHOWN = 3
"""Files of evidence that a problem names."""


class UntrustedBundleError(PolicyError):
    """A bundle does not bring what the policy asks for."""

    def __init__(self, bundle: str, problems: tuple[str, ...]) -> None:
        super().__init__(bundle, problems)
        self.bundle, self.problems = bundle, problems

    def __str__(self) -> str:
        return (
            f"the policy refuses {self.bundle}: {'; '.join(self.problems)}. Have somebody who is trusted sign it "
            "(lading sign, lading attest), or trust who did in the trust file"
        )


class NoTrustError(UsageError):
    """A policy is asked for, and nobody is trusted."""

    def __init__(self, mode: str) -> None:
        super().__init__(mode)
        self.mode = mode

    def __str__(self) -> str:
        return (
            f"the policy is {self.mode!r}, and it was not said whose keys are trusted; name a trust file with --trust"
        )


class Policy(Record):
    """What is asked of bundles: nothing, or words where it is missed (``warn``), or that it is there (``enforce``)."""

    mode: PolicyMode = "off"
    trust: Trust = Trust()

    def vet(self, bundle: Bundle) -> "Vetting":
        """What there is to say of ``bundle``, every file of which was checked.

        Raises ``UntrustedBundleError`` where the policy is enforced and something is missing.
        """
        evidence = self._judged(bundle)
        problems = () if self.mode == "off" else tuple(self._problems(bundle.manifest.name, evidence))
        if problems and self.mode == "enforce":
            raise UntrustedBundleError(f"{bundle.manifest.deployment} ({bundle.digest})", problems)
        return Vetting(policy=self, evidence=evidence, problems=problems)

    @contextmanager
    def opened(
        self, path: Path | str, progress: Progress | None = None, limits: Limits = LIMITS
    ) -> Iterator[tuple[Bundle, "Vetting"]]:
        """The bundle at ``path``, open, with what there is to say of it; asked as soon as every file was checked.

        Raises what ``open_bundle`` and ``vet`` do.
        """
        found: list[Vetting] = []
        with open_bundle(path, progress, limits, lambda bundle: found.append(self.vet(bundle))) as bundle:
            yield bundle, found[0]

    def _judged(self, bundle: Bundle) -> tuple[Judgement, ...]:
        evidence = bundle.evidence()
        if not evidence:
            return ()
        from lading.bundles.signing.judging import judge_evidence  # loads the cryptography

        return judge_evidence(evidence, bundle.manifest.name, bundle.digest, self.trust)

    def _problems(self, name: str, evidence: Sequence[Judgement]) -> Sequence[str]:
        asked = dict.fromkeys([SIGNATURE, *self.trust.required(name)])
        return [missing(kind, evidence) for kind in asked if not verified(kind, evidence)]


class Vetting(Record):
    """What the policy found of one bundle."""

    policy: Policy
    """Which asked."""
    evidence: tuple[Judgement, ...] = ()
    """What each file of evidence is worth."""
    problems: tuple[str, ...] = ()
    """What the policy misses; nothing is missed where it is off."""

    def document(self) -> dict[str, JsonValue]:
        """The same for a program: what each file of ``evidence`` is worth, and what the ``policy`` misses."""
        evidence: JsonValue = [one.model_dump(mode="json") for one in self.evidence]
        return {"evidence": evidence, "policy": {"mode": self.policy.mode, "problems": list(self.problems)}}

    @property
    def signers(self) -> Sequence[str]:
        """The names of the trusted keys that signed the bundle."""
        return sorted({key for one in self.evidence if one.kind == SIGNATURE for key in one.keys})


OFF = Policy()
"""Nothing is asked, and nobody is trusted."""


def read_policy(mode: PolicyMode | None, trust: Path | None) -> Policy:
    """The policy of that ``mode`` by the trust file ``trust``; enforced where a file is named and nothing else is said.

    Raises ``NoTrustError`` and what ``read_trust`` raises.
    """
    if trust is None and mode not in (None, "off"):
        raise NoTrustError(str(mode))
    if trust is None:
        return OFF
    return Policy(mode="enforce" if mode is None else mode, trust=read_trust(trust))


def verified(kind: str, evidence: Sequence[Judgement]) -> tuple[Judgement, ...]:
    """The evidence of ``kind`` that counts: one file is enough, whatever lies beside it."""
    return tuple(one for one in evidence if one.kind == kind and one.outcome == "verified")


def failed(evidence: Sequence[Judgement]) -> tuple[Judgement, ...]:
    """The evidence by which somebody who is trusted speaks against the bundle."""
    return tuple(one for one in evidence if one.outcome == "failed")


def missing(kind: str, evidence: Sequence[Judgement]) -> str:
    """That evidence of ``kind`` is missing, and why what is there is not enough."""
    wanting = [f"{one.file} is {one}" for one in evidence if one.kind in (kind, None)]
    if len(wanting) > SHOWN:
        wanting = [*wanting[:SHOWN], f"and {len(wanting) - SHOWN} more are worth no more"]
    return f"it has no {kind} of a trusted key" + (f" ({'; '.join(wanting)})" if wanting else "")
