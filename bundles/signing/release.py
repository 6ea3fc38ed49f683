"""The release: what a bundle must bring before it goes out, and the statement that it did."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote

from pydantic import JsonValue

from lading.bundles.bundle import Bundle
from lading.bundles.digest import digest_of
from lading.bundles.evidence.kinds import LOAD_TEST, PARITY, RELEASE, SIGNATURE, Kind
from lading.bundles.records import Digest, Record
from lading.bundles.signing.judgement import Judgement
from lading.bundles.signing.judging import judge_evidence
from lading.bundles.signing.policy import failed, missing, verified
from lading.bundles.signing.trust import Trust
from lading.core.errors import PolicyError, UsageError

USUAL: tuple[Kind, ...] = (PARITY, LOAD_TEST)
"""What is asked for where neither the command line nor the trust file says it."""
WORDS: Mapping[str, Kind] = {
    "signature": SIGNATURE,
    "parity": PARITY,
    "build": "build",
    "load-test": LOAD_TEST,
    "loadtest": LOAD_TEST,
    "sign-off": "sign-off",
}
"""What can be asked for, as people write it."""
_REMEDIES: Mapping[Kind, str] = {
    "signature": "lading sign {path} --key KEY",
    "parity": "lading attest {path} --type parity --predicate FILE --key KEY",
    "build": "lading attest {path} --type build --predicate FILE --key KEY",
    "load-test": "lading loadtest {path} --slo p99=50ms --key KEY",
    "sign-off": "lading attest {path} --type sign-off --predicate FILE --key KEY",
}


class RequirementError(UsageError):
    """What a release should require is nothing that one can."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word

    def __str__(self) -> str:
        return f"a release cannot require {self.word!r}; it can require {', '.join(WORDS)}"


class UnverifiableError(UsageError):
    """A release is asked for, and nobody is trusted: no evidence could be verified."""

    def __init__(self, bundle: str) -> None:
        super().__init__(bundle)
        self.bundle = bundle

    def __str__(self) -> str:
        return (
            f"whether {self.bundle} may be released cannot be said, since nobody's keys are trusted; name a trust file "
            'with --trust. A short one has the line: keys.ci = {file = "ci.pub", bundles = ["*"]}'
        )


class NotReleasableError(PolicyError):
    """A bundle lacks what a release requires."""

    def __init__(self, bundle: str, problems: tuple[str, ...]) -> None:
        super().__init__(bundle, problems)
        self.bundle, self.problems = bundle, problems

    def __str__(self) -> str:
        return f"{self.bundle} is not released: {'; '.join(self.problems)}"


class ReleaserError(PolicyError):
    """Whoever signs a release may not, by the trust file that it was asked by."""

    def __init__(self, bundle: str, problem: str) -> None:
        super().__init__(bundle, problem)
        self.bundle, self.problem = bundle, problem

    def __str__(self) -> str:
        return (
            f"{self.bundle} is not released: a release by that key would count for nothing, it would be {self.problem}. "
            "Sign with a key that the trust file names for it, with 'release' among its kinds of evidence"
        )


class Proof(Record):
    """What meets one requirement of a release."""

    kind: Kind
    file: str | None = None
    """The evidence, by its path in the bundle; None where the manifest says it."""
    digest: Digest | None = None
    """Of its bytes."""
    keys: tuple[str, ...] = ()
    """Who vouches for it."""


class Release(Record):
    """That a bundle brings what was required."""

    name: str
    version: str
    required: tuple[Kind, ...]
    proofs: tuple[Proof, ...]
    """At least one for each."""
    failed: tuple[Judgement, ...] = ()
    """What speaks against the bundle all the same: a failed load test beside one that passed."""
    waiver: str | None = None
    """Why its parity was waived, where it was."""

    def predicate(self, trust_digest: str) -> Mapping[str, JsonValue]:
        """What the statement says; ``trust_digest`` (``sha256:…``) is that of the trust file it was asked by."""
        evidence: list[JsonValue] = [_named(one) for one in self.proofs]
        against: list[JsonValue] = [one.file for one in self.failed]
        return {
            "name": self.name,
            "version": self.version,
            "required": [*self.required],
            "evidence": evidence,
            "failed": against,
            "trust": {"digest": _digests(trust_digest)},
        }


def read_requirements(written: Sequence[str]) -> tuple[Kind, ...]:
    """What ``parity,loadtest`` and the like require, each once; raises ``RequirementError``."""
    words = [word.strip() for one in written for word in one.split(",")]
    for word in words:
        if word not in WORDS:
            raise RequirementError(word)
    return tuple(dict.fromkeys(WORDS[word] for word in words))


def required_of(name: str, trust: Trust, asked: Sequence[Kind] | None) -> tuple[Kind, ...]:
    """What the bundle of that name must bring: a signature, what ``trust`` requires, and what is ``asked`` besides.

    Where nothing is asked and ``trust`` requires nothing it is parity and a load test.
    """
    standing = tuple(kind for kind in trust.required(name) if kind != RELEASE)
    besides = (() if standing else USUAL) if asked is None else tuple(asked)
    return tuple(dict.fromkeys([SIGNATURE, *standing, *besides]))


def release_of(bundle: Bundle, trust: Trust, required: Sequence[Kind], path: Path) -> Release:
    """The release of ``bundle``, which lies at ``path``, where it brings all that is ``required`` by that ``trust``.

    The manifest's own record meets ``parity`` where it was not waived, unless ``trust`` requires a statement of it.
    Raises ``NotReleasableError``, which names all that is missing and what to do.
    """
    manifest, evidence = bundle.manifest, bundle.evidence()
    judged, waiver = judge_evidence(evidence, manifest.name, bundle.digest, trust), manifest.parity.waiver
    proofs = {kind: [_proof(one, evidence[one.file]) for one in verified(kind, judged)] for kind in required}
    if proofs.get(PARITY) == [] and waiver is None and PARITY not in trust.required(manifest.name):
        proofs[PARITY] = [Proof(kind=PARITY)]
    problems = [_problem(kind, judged, waiver, path) for kind, found in proofs.items() if not found]
    if problems:
        raise NotReleasableError(f"{manifest.deployment} ({bundle.digest})", tuple(problems))
    return Release(
        name=manifest.name,
        version=manifest.version,
        required=tuple(required),
        proofs=tuple(proof for found in proofs.values() for proof in found),
        failed=failed(judged),
        waiver=waiver,
    )


def check_releaser(bundle: Bundle, file: str, envelope: bytes, trust: Trust) -> None:
    """Raise ``ReleaserError`` where ``envelope``, the statement of a release in ``file``, counts for nothing by ``trust``."""
    (found,) = judge_evidence({file: envelope}, bundle.manifest.name, bundle.digest, trust)
    if found.outcome != "verified":
        raise ReleaserError(bundle.manifest.deployment, str(found))


def _proof(judged: Judgement, data: bytes) -> Proof:
    said = {"kind": judged.kind, "file": judged.file, "digest": digest_of(data), "keys": judged.keys}
    return Proof.model_validate(said)


def _problem(kind: Kind, judged: Sequence[Judgement], waiver: str | None, path: Path) -> str:
    """That ``kind`` is missing, and what to do."""
    waived = f", and its own proof was waived: {waiver}" if kind == PARITY and waiver is not None else ""
    return f"{missing(kind, judged)}{waived}: {_REMEDIES[kind].format(path=quote(str(path)))}"


def _named(proof: Proof) -> JsonValue:
    """The proof as a resource of in-toto, and what it is for."""
    if proof.file is None or proof.digest is None:
        return {"kind": proof.kind, "name": "manifest.json"}
    return {"kind": proof.kind, "name": proof.file, "digest": _digests(proof.digest)}


def _digests(digest: str) -> JsonValue:
    return {"sha256": digest.removeprefix("sha256:")}
