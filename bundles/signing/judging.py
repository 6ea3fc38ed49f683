"""Judging: what each file of evidence is worth to somebody who trusts certain keys; no clock is asked."""

from collections.abc import Mapping, Sequence
from typing import Literal

from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import Signature, SSlibKey

from lading.bundles.evidence.documents import MalformedError
from lading.bundles.evidence.kinds import kind_of
from lading.bundles.evidence.result import shortfall
from lading.bundles.evidence.statement import PAYLOAD_TYPE, Statement, read_statement
from lading.bundles.signing.envelope import Envelope, Signed, read_envelope
from lading.bundles.signing.judgement import Judgement
from lading.bundles.signing.keys import read_public, verifier
from lading.bundles.signing.trust import Trust, TrustedKey
from lading.core.errors import cut

SHOWN = 100
"""Characters of what a stranger wrote that a judgement repeats."""

Outcome = tuple[Literal["verified", "not trusted", "broken"], tuple[str, ...], str]


class Judge:
    """Judges evidence about the bundle of that ``name`` and ``digest`` by ``trust``."""

    def __init__(self, name: str, digest: str, trust: Trust) -> None:
        self._name, self._digest = name, digest
        self._keys = [(key, verifier(read_public(key.public.encode(), key.name))) for key in trust.keys]

    def judge(self, file: str, data: bytes) -> Judgement:
        """What ``data``, the evidence in ``file``, is worth."""
        try:
            envelope = read_envelope(data)
            if envelope.payload_type != PAYLOAD_TYPE:
                raise MalformedError(f"says that it holds {cut(envelope.payload_type, SHOWN)}, and not {PAYLOAD_TYPE}")
            statement = read_statement(envelope.payload)
        except MalformedError as error:
            return Judgement(file=file, outcome="broken", why=f"it {error}")
        kind = kind_of(statement.predicate_type, statement.predicate)
        said = {"file": file, "kind": cut(statement.predicate_type, SHOWN) if kind is None else kind}
        if not statement.is_about(self._digest):
            return Judgement(
                **said, outcome="broken", why=f"it is about {_subject(statement)}, and not about this bundle"
            )
        if not envelope.signatures:
            return Judgement(**said, outcome="unsigned", why="nobody signed it")
        outcome, keys, why = self._weigh(envelope, said["kind"])
        if outcome == "verified" and (against := shortfall(said["kind"], statement.predicate)):
            return Judgement(**said, outcome="failed", keys=keys, why=against)
        return Judgement(**said, outcome=outcome, keys=keys, why=why)

    def _weigh(self, envelope: Envelope, kind: str) -> Outcome:
        """What its signatures are worth: one that is good is enough, whatever the others are."""
        signed, good, false = envelope.signed_bytes(), dict[str, TrustedKey](), list[TrustedKey]()
        for one in envelope.signatures:
            # Nobody signed the key id beside a signature, so each key is tried, whatever that says.
            found = [key for key, check in self._keys if _fits(check, one, signed)]
            good.update((key.name, key) for key in found)
            false += [key for key, check in self._keys if check.keyid == one.key_id and not found]
        vouching = tuple(sorted(name for name, key in good.items() if key.may_vouch(self._name, kind)))
        if vouching:
            return "verified", vouching, _besides(false)
        if good:
            reaches = "; ".join(f"the key {key.name} may vouch for {key.reach}" for key in good.values())
            return "not trusted", (), reaches
        if false:
            return "broken", (), _besides(false)
        return "not trusted", (), self._strangers(envelope)

    def _strangers(self, envelope: Envelope) -> str:
        if not self._keys:
            return "no keys are trusted here: no trust file was named"
        ids = ", ".join(one.key_id[:16] if one.key_id else "no key" for one in envelope.signatures)
        return f"none of its signatures is by a key that is trusted here; they name {ids}"


def judge_evidence(evidence: Mapping[str, bytes], name: str, digest: str, trust: Trust) -> tuple[Judgement, ...]:
    """What each file of ``evidence`` about the bundle of that ``name`` and ``digest`` is worth by that ``trust``."""
    judge = Judge(name, digest, trust)
    return tuple(judge.judge(file, data) for file, data in sorted(evidence.items()))


def _fits(key: SSlibKey, signed: Signed, data: bytes) -> bool:
    try:
        key.verify_signature(Signature(key.keyid, signed.signature.hex()), data)
    except UnverifiedSignatureError:
        return False
    return True


def _besides(false: Sequence[TrustedKey]) -> str:
    names = ", ".join(sorted({key.name for key in false}))
    return f"a signature that names the key {names} does not fit what it should be of" if names else ""


def _subject(statement: Statement) -> str:
    digests = [f"sha256:{digest}" for one in statement.subject if (digest := one.digest.get("sha256")) is not None]
    return cut(digests[0], SHOWN) if digests else "something without a SHA-256"
