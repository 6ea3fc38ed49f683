"""The trust file: what it says, and every way of saying it wrong named."""

from pathlib import Path

import pytest

from lading.bundles.signing.keys import KeyFormatError, public_pem
from lading.bundles.signing.trust import TrustFileError, read_trust, trusting
from lading.core.errors import UsageError
from tests.signatures import People, public_key


def test_a_key_stands_in_a_file_or_in_the_trust_file_itself(people: People, tmp_path: Path) -> None:
    release, backup = (public_pem(public_key(people.signers[name])).decode() for name in ("release", "backup"))
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "release.pub").write_text(release)
    (tmp_path / "trust.toml").write_text(
        f'''
        [keys.release]
        file = "keys/release.pub"
        bundles = ["penguins", "churn-*"]

        [keys.ci]
        public = """{backup}"""
        bundles = ["*"]
        evidence = ["load-test", "build"]

        [require]
        "*" = ["parity"]
        "churn-*" = ["load-test", "parity"]
        '''
    )
    trust = read_trust(tmp_path / "trust.toml")
    assert [(key.name, key.public) for key in trust.keys] == [("release", release), ("ci", backup)]
    first, second = trust.keys
    assert first.may_vouch("churn-eu", "signature")
    assert not first.may_vouch("churn", "signature")
    assert second.may_vouch("churn", "load-test")
    assert not second.may_vouch("churn", "signature")
    assert trust.required("penguins") == ("parity",)
    assert trust.required("churn-eu") == ("parity", "load-test")


KEY = '[keys.a]\npublic = "x"\nbundles = ["*"]\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "keys", id="nothing"),
        pytest.param("keys = {}", "keys", id="no keys"),
        pytest.param("[keys", "not TOML", id="no TOML"),
        pytest.param('[keys.a]\npublic = "x"\n', "keys.a.bundles", id="a key for no bundles"),
        pytest.param('[keys.a]\npublic = "x"\nbundles = []\n', "keys.a.bundles", id="a key for none"),
        pytest.param('[keys.a]\nbundles = ["*"]\n', "either as `file` or as `public`", id="no key"),
        pytest.param(KEY + 'file = "x"\n', "either as `file` or as `public`", id="two keys"),
        pytest.param(KEY + "trusted = true\n", "keys.a.trusted", id="a member that is not known"),
        pytest.param(KEY + 'evidence = ["signatures"]\n', "keys.a.evidence", id="a kind that is not known"),
        pytest.param(KEY + '[require]\n"*" = ["load test"]\n', "require", id="a requirement that is not known"),
        pytest.param('[keys.a]\npublic = "x"\nbundles = ["Penguins"]\n', "keys.a.bundles", id="no name of a bundle"),
        pytest.param('[keys."a\\n"]\npublic = "x"\nbundles = ["*"]\n', "keys", id="a name of several lines"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "trust.toml"
    path.write_text(text)
    with pytest.raises(TrustFileError) as caught:
        read_trust(path)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)
    assert isinstance(caught.value, UsageError)


@pytest.mark.parametrize(
    ("text", "said"),
    [(KEY, "the key a of"), ('[keys.a]\nfile = "none.pub"\nbundles = ["*"]\n', "none.pub cannot be read")],
)
def test_a_key_that_is_none_is_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "trust.toml").write_text(text)
    with pytest.raises(KeyFormatError, match=said):
        read_trust(tmp_path / "trust.toml")


def test_a_trust_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrustFileError, match="cannot be read"):
        read_trust(tmp_path / "none.toml")


def test_a_private_key_is_trusted_by_nobody(tmp_path: Path, people: People) -> None:
    (tmp_path / "release.key").write_bytes(people.signers["release"].private_bytes)
    with pytest.raises(KeyFormatError, match="not a public key"):
        trusting([tmp_path / "release.key"])
