"""The policy: what passes and what does not, and that a bundle is asked before anything of it is loaded."""

import hashlib
import json
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lading.bundles.bundle import copy_bundle, open_bundle
from lading.bundles.canonical import canonical_json
from lading.bundles.digest import digest_of
from lading.bundles.evidence.kinds import Kind
from lading.bundles.signing.policy import NoTrustError, Policy, UntrustedBundleError, Vetting, failed, read_policy
from lading.bundles.storage.integrity import ForbiddenContentError, ManifestError
from lading.core.errors import PolicyError
from lading.core.settings import PolicyMode
from tests.signatures import People, envelope, load_result, statement

Put = Callable[..., Path]


def vetted(path: Path, policy: Policy) -> Vetting:
    with policy.opened(path) as (_, vetting):
        return vetting


def signed(path: Path, people: People, name: str = "release", kind: Kind = "signature") -> bytes:
    return envelope(statement(path, kind), people.signers[name])


def test_one_signature_that_counts_is_enough(put: Put, archive: Path, people: People) -> None:
    path = put(bad=b"{", good=signed(archive, people), other=signed(archive, people, "stranger"))
    found = vetted(path, people.policy("enforce"))
    assert found.problems == ()
    assert found.signers == ["release"]
    assert [one.outcome for one in found.evidence] == ["broken", "verified", "not trusted"]


def with_a_pickle_for_a_graph(folder: Path) -> Path:
    """The bundle with a pickle in the place of its graph, and a manifest that says so."""
    data, manifest = pickle.dumps({"a": 1}), json.loads((folder / "manifest.json").read_bytes())
    (folder / "model" / "model.onnx").write_bytes(data)
    for entry in manifest["files"]:
        if entry["path"] == "model/model.onnx":
            entry.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
    (folder / "manifest.json").write_bytes(canonical_json(manifest))
    return folder


def test_it_is_asked_before_anything_looks_at_what_the_files_hold(folder: Path, people: People) -> None:
    spoilt = with_a_pickle_for_a_graph(folder)
    with pytest.raises(UntrustedBundleError), people.policy("enforce").opened(spoilt):
        pass
    with pytest.raises(ForbiddenContentError), people.policy("warn").opened(spoilt):
        pass


@pytest.mark.parametrize("name", ["stranger", "churn"])
def test_without_one_it_is_refused_with_the_reason(name: str, put: Put, archive: Path, people: People) -> None:
    path = put(one=signed(archive, people, name))
    with pytest.raises(UntrustedBundleError, match="no signature of a trusted key") as caught:
        vetted(path, people.policy("enforce"))
    assert isinstance(caught.value, PolicyError)
    assert caught.value.exit_code == 5
    assert "evidence/one.json is not trusted" in str(caught.value)
    assert "penguins 1.0.0" in str(caught.value)


def test_a_stripped_bundle_is_as_good_as_one_that_nobody_signed(
    put: Put, archive: Path, people: People, tmp_path: Path
) -> None:
    path = put(one=signed(archive, people))
    with open_bundle(path) as bundle:
        digest = bundle.digest
        copy_bundle(bundle, tmp_path / "stripped")
    for file in (tmp_path / "stripped" / "evidence").iterdir():
        file.unlink()
    with open_bundle(tmp_path / "stripped") as bundle:
        assert bundle.digest == digest
        with pytest.raises(UntrustedBundleError, match="no signature"):
            people.policy("enforce").vet(bundle)


def test_a_statement_of_another_kind_is_no_signature(put: Put, archive: Path, people: People) -> None:
    path = put(one=signed(archive, people, kind="sign-off"))
    with pytest.raises(UntrustedBundleError, match="no signature of a trusted key"):
        vetted(path, people.policy("enforce"))


def test_a_warning_says_the_same_and_lets_it_pass(put: Put, archive: Path, people: People) -> None:
    found = vetted(put(one=signed(archive, people, "stranger")), people.policy("warn"))
    assert len(found.problems) == 1
    assert "no signature of a trusted key" in found.problems[0]


def test_nothing_is_missed_where_nothing_is_asked(archive: Path, people: People) -> None:
    assert vetted(archive, people.policy("off", {"*": ("load-test",)})).problems == ()


REQUIRED: Mapping[str, tuple[Kind, ...]] = {"*": ("parity",), "pen*": ("load-test",), "churn": ("sign-off",)}


def test_evidence_that_is_asked_for_must_be_there(put: Put, archive: Path, people: People) -> None:
    policy = people.policy("enforce", REQUIRED)
    path = put(one=signed(archive, people), two=signed(archive, people, "stranger", "parity"))
    with pytest.raises(UntrustedBundleError) as caught:
        vetted(path, policy)
    assert [problem.partition(" of ")[0] for problem in caught.value.problems] == [
        "it has no parity",
        "it has no load-test",
    ]
    path = put(three=signed(archive, people, "backup", "parity"), four=signed(archive, people, "release", "load-test"))
    assert vetted(path, policy).problems == ()


def load_test(path: Path, people: People, *names: str, result: str = "PASSED") -> bytes:
    return envelope(statement(path, "load-test", load_result(result)), *(people.signers[name] for name in names))


def test_a_load_test_counts_only_where_it_passed(put: Put, archive: Path, people: People) -> None:
    policy = people.policy("enforce", {"*": ("load-test",)})
    path = put(one=signed(archive, people), two=load_test(archive, people, "release", result="FAILED"))
    with pytest.raises(UntrustedBundleError, match=r"two\.json is failed, says release: its result is FAILED"):
        vetted(path, policy)
    path = put(three=load_test(archive, people, "release", result="WARNED"))
    path = put(four=load_test(archive, people), five=load_test(archive, people, "stranger"))
    with pytest.raises(UntrustedBundleError, match="no load-test of a trusted key"):
        vetted(path, policy)
    found = vetted(put(six=load_test(archive, people, "backup")), policy)
    assert found.problems == ()
    assert [one.file for one in failed(found.evidence)] == ["evidence/three.json", "evidence/two.json"]


def test_what_fails_for_a_stranger_is_no_failure(put: Put, archive: Path, people: People) -> None:
    path = put(one=signed(archive, people), two=load_test(archive, people, "stranger", result="FAILED"))
    assert failed(vetted(path, people.policy("enforce")).evidence) == ()


def test_a_refusal_names_few_of_many_files(put: Put, archive: Path, people: People) -> None:
    path = put(**{f"junk-{number}": b"{" * number for number in range(60)})
    with pytest.raises(UntrustedBundleError, match="57 more") as caught:
        vetted(path, people.policy("enforce"))
    assert len(str(caught.value)) < 1500


def test_a_manifest_with_a_member_twice_is_refused_whoever_signed_it(
    folder: Path, tmp_path: Path, people: People
) -> None:
    manifest = (folder / "manifest.json").read_bytes()
    doubled = manifest.replace(b'"version":"1.0.0"', b'"version":"1.0.0","version":"1.0.0"')
    (folder / "manifest.json").write_bytes(doubled)
    subject = [{"name": "penguins", "digest": {"sha256": digest_of(doubled).removeprefix("sha256:")}}]
    said = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subject,
        "predicateType": "urn:lading:signature:v1",
        "predicate": {},
    }
    (folder / "evidence").mkdir()
    (folder / "evidence" / "one.json").write_bytes(envelope(json.dumps(said).encode(), people.signers["release"]))
    with pytest.raises(ManifestError, match="not canonical"):
        open_bundle(folder)


@pytest.mark.parametrize("mode", ["warn", "enforce"])
def test_a_policy_without_anybody_to_trust_is_a_mistake(mode: PolicyMode) -> None:
    with pytest.raises(NoTrustError, match="--trust"):
        read_policy(mode, None)


def test_whom_to_trust_is_enough_to_say(people: People, tmp_path: Path) -> None:
    trust = people.trust_file(tmp_path, "release")
    assert read_policy(None, trust).mode == "enforce"
    assert read_policy("warn", trust).mode == "warn"
    assert read_policy("off", trust).trust.keys[0].name == "release"
    assert read_policy(None, None) == read_policy("off", None) == Policy()


def test_a_policy_stays_what_it_is_on_its_way_to_a_replica(people: People) -> None:
    policy = people.policy("enforce", REQUIRED)
    assert Policy.model_validate_json(policy.model_dump_json()) == policy
