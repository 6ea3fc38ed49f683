"""Judging: each way in which a signature can be good or not has its one verdict, at any time of day."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from libfaketime import get_reload_information

from lading.bundles.bundle import open_bundle
from lading.bundles.signing.judgement import Judgement
from lading.bundles.signing.judging import judge_evidence
from lading.bundles.signing.trust import Trust
from tests.signatures import People, encoded, envelope, new_signer, statement

Put = Callable[..., Path]
Make = Callable[[Path, People], bytes]
LADING = Path(sys.executable).parent / "lading"


def signed(*names: str) -> Make:
    """The usual statement, signed by those."""
    return lambda path, people: envelope(statement(path), *(people.signers[name] for name in names))


def said(**changes: Any) -> Make:
    """Another statement, signed as it should be."""
    return lambda path, people: envelope(statement(path, **changes), people.signers["release"])


def altered(**changes: Any) -> Make:
    """An envelope that was changed after it was signed."""
    return lambda path, people: envelope(statement(path), people.signers["release"], **changes)


def payload(text: str) -> Make:
    """Something else, signed as it should be."""
    return lambda path, people: envelope(text.encode(), people.signers["release"])


def one_bad(path: Path, people: People) -> bytes:
    """Two signatures by keys that are trusted, of which one is of something else."""
    release, backup = people.signers["release"], people.signers["backup"]
    made = json.loads(envelope(statement(path), release, backup))
    wrong = json.loads(envelope(statement(path, predicate={"more": 1}), backup))
    return json.dumps({**made, "signatures": [wrong["signatures"][0], made["signatures"][0]]}).encode()


def renamed(key_id: str) -> Make:
    """A good signature beside another key id, or none."""

    def make(path: Path, people: People) -> bytes:
        made = json.loads(envelope(statement(path), people.signers["release"]))
        made["signatures"][0]["keyid"] = key_id
        return json.dumps(made).encode()

    return make


def url_safe(path: Path, people: People) -> bytes:
    made = json.loads(envelope(statement(path), people.signers["release"]))
    for part in (made, made["signatures"][0]):
        for name in ("payload", "sig"):
            if name in part:
                part[name] = part[name].replace("+", "-").replace("/", "_")
    return json.dumps(made).encode()


def false_name(path: Path, people: People) -> bytes:
    """The stranger's signature under the name of a key that is trusted."""
    stranger, release = people.signers["stranger"], people.signers["release"]
    made = json.loads(envelope(statement(path), stranger))
    made["signatures"][0]["keyid"] = release.public_key.keyid
    return json.dumps(made).encode()


def twice(path: Path, people: People) -> bytes:
    """A statement that names another digest, and later in the same object this one."""
    text = statement(path).decode()
    members = text.removeprefix("{")
    other = '{"subject": [{"name": "x", "digest": {"sha256": "' + "0" * 64 + '"}}], '
    return envelope((other + members).encode(), people.signers["release"])


def added(path: Path, people: People) -> bytes:
    """What later versions of DSSE and in-toto may add, and others write."""
    made = json.loads(envelope(statement(path, later=1), people.signers["release"]))
    made["signatures"][0]["cert"] = "…"
    return json.dumps({**made, "later": 1}, indent=4).encode()


OTHER = [{"name": "penguins@1.0.0", "digest": {"sha256": "0" * 64}}]
SUBJECTS = [*OTHER, {"name": "the model", "digest": {"sha512": "0" * 128}}]

CASES: Mapping[str, tuple[Make, str, tuple[str, ...], str]] = {
    "signed": (signed("release"), "verified", ("release",), ""),
    "ecdsa": (signed("backup"), "verified", ("backup",), ""),
    "both": (signed("release", "backup"), "verified", ("backup", "release"), ""),
    "with-a-stranger": (signed("stranger", "release"), "verified", ("release",), ""),
    "one-is-bad": (one_bad, "verified", ("release",), "names the key backup does not fit"),
    "another-key-id": (renamed("00"), "verified", ("release",), ""),
    "no-key-id": (renamed(""), "verified", ("release",), ""),
    "url-safe": (url_safe, "verified", ("release",), ""),
    "what-others-add": (added, "verified", ("release",), ""),
    "unsigned": (signed(), "unsigned", (), "nobody signed it"),
    "stripped": (altered(signatures=[]), "unsigned", (), "nobody signed it"),
    "wrong-key": (signed("stranger"), "not trusted", (), "by a key that is trusted here"),
    "anothers-key": (signed("churn"), "not trusted", (), "the key churn may vouch for churn, churn-*"),
    "false-name": (false_name, "broken", (), "names the key release does not fit"),
    "other-type": (altered(payloadType="text/plain"), "broken", (), "says that it holds text/plain"),
    "other-digest": (said(subject=OTHER), "broken", (), f"it is about sha256:{'0' * 64}"),
    "no-digest": (said(subject=SUBJECTS[1:]), "broken", (), "something without a SHA-256"),
    "no-subject": (said(subject=[]), "broken", (), "subject"),
    "several-subjects": (said(subject=SUBJECTS), "broken", (), "not about this bundle"),
    "old-statement": (said(_type="https://in-toto.io/Statement/v0.1"), "broken", (), "_type"),
    "another-payload": (altered(payload=encoded(b"{}")), "broken", (), "no in-toto statement"),
    "member-twice": (twice, "broken", (), "the member 'subject' twice"),
    "not-a-statement": (payload("[]"), "broken", (), "not a JSON object"),
    "no-json-inside": (payload("\x00"), "broken", (), "not JSON"),
    "bad-base64": (altered(payload="e30"), "broken", (), "its payload that is not base64"),
    "loose-base64": (altered(payload="e31="), "broken", (), "not written as it should be"),
    "bad-signature": (altered(signatures=[{"sig": "!"}]), "broken", (), "a signature that is not base64"),
    "empty-signature": (altered(signatures=[{"sig": ""}]), "not trusted", (), "they name no key"),
    "no-signatures": (lambda *_: b'{"payload": "", "payloadType": ""}', "broken", (), "signatures"),
    "too-many": (altered(signatures=[{"sig": ""}] * 9), "broken", (), "at most 8"),
    "empty-object": (lambda *_: b"{}", "broken", (), "no DSSE envelope"),
    "nothing": (lambda *_: b"", "broken", (), "not JSON"),
    "too-deep": (lambda *_: b'{"a":' * 40 + b"1" + b"}" * 40, "broken", (), "32 levels"),
    "half-a-pair": (lambda *_: b'{"payload": "\\ud800"}', "broken", (), "not JSON"),
    "endless-number": (lambda *_: b'{"payload": ' + b"9" * 5000 + b"}", "broken", (), "not JSON"),
}  # fmt: skip


def judged(path: Path, trust: Trust) -> dict[str, Judgement]:
    """What each file of evidence is worth, by its name."""
    with open_bundle(path) as bundle:
        found = judge_evidence(bundle.evidence(), bundle.manifest.name, bundle.digest, trust)
    return {one.file.removeprefix("evidence/").removesuffix(".json"): one for one in found}


@pytest.mark.parametrize("name", CASES)
def test_each_kind_of_evidence_has_its_verdict(name: str, put: Put, archive: Path, people: People) -> None:
    make, outcome, keys, why = CASES[name]
    found = judged(put(**{name: make(archive, people)}), people.trust())[name]
    assert (found.outcome, found.keys) == (outcome, keys), found
    assert why in found.why
    if outcome == "verified" and not why:
        assert found.why == ""


def test_who_trusts_nobody_is_told_so(put: Put, archive: Path, people: People) -> None:
    found = judged(put(one=signed("release")(archive, people)), Trust())["one"]
    assert (found.outcome, found.kind) == ("not trusted", "signature")
    assert "no trust file was named" in found.why


def test_a_key_may_be_trusted_for_some_kinds_alone(put: Put, archive: Path, people: People) -> None:
    path = put(
        signature=envelope(statement(archive), people.signers["release"]),
        tested=envelope(statement(archive, "load-test"), people.signers["release"]),
    )
    keys = tuple(key.model_copy(update={"evidence": ("load-test",)}) for key in people.trust().keys)
    found = judged(path, Trust(keys=keys))
    assert found["tested"].outcome == "verified"
    assert found["signature"].outcome == "not trusted"
    assert "load-test alone" in found["signature"].why


def test_a_kind_that_is_not_known_is_judged_too_and_cut_short(put: Put, archive: Path, people: People) -> None:
    uri = "https://example.org/" + "x" * 500
    found = judged(put(one=said(predicateType=uri)(archive, people)), people.trust())["one"]
    assert found.outcome == "verified"
    assert found.kind is not None
    assert found.kind.startswith("https://example.org/xx")
    assert len(found.kind) == 100


def test_each_file_is_judged_on_its_own(put: Put, archive: Path, people: People) -> None:
    found = judged(put(**{name: make(archive, people) for name, (make, *_) in CASES.items()}), people.trust())
    assert {name: one.outcome for name, one in found.items()} == {name: case[1] for name, case in CASES.items()}


@pytest.mark.parametrize("clock", ["1990-01-01 00:00:00", "2026-02-03 04:05:06", "2099-12-31 00:00:00"])
def test_no_clock_is_asked(clock: str, put: Put, archive: Path, people: People, tmp_path: Path) -> None:
    path = put(**{name: make(archive, people) for name, (make, *_) in CASES.items()})
    trust = people.trust_file(tmp_path, "release", "backup")
    _, preloaded = get_reload_information()
    environment = {**os.environ, **preloaded, "FAKETIME": f"@{clock}"}
    look = [sys.executable, "-c", "import time; print(time.gmtime().tm_year)"]
    year = subprocess.run(look, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout
    assert year.strip() == clock[:4]
    command: list[str | Path] = [LADING, "verify", path, "--trust", trust, "--policy", "enforce", "--json"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)["bundles"][0]["evidence"]
    outcomes = {one["file"]: one["outcome"] for one in found}
    strangers = {"anothers-key": "not trusted"}
    assert outcomes == {f"evidence/{name}.json": strangers.get(name, case[1]) for name, case in CASES.items()}


def test_a_fresh_key_of_the_same_people_is_another_one(put: Put, archive: Path, people: People) -> None:
    assert judged(put(one=envelope(statement(archive), new_signer())), people.trust())["one"].outcome == "not trusted"
