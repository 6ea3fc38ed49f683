"""Certificates: a pair that fits is read, and whatever does not is named with what to do about it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from lading.runtime.serving.certificates import (
    CertificateFileError,
    CertificateTimeError,
    ForeignKeyError,
    read_authorities,
    read_certificate,
)

if TYPE_CHECKING:
    from tests.authority import Authority

    Make = Callable[[str], Authority]


@pytest.fixture
def pair(authority: "Make") -> tuple[Path, Path]:
    """A certificate and its key."""
    return authority("ca").vouch("server")


def blocks(pem: str) -> list[str]:
    return [line for line in pem.splitlines() if line.startswith("-----BEGIN")]


def test_a_certificate_and_its_key_become_one_text(pair: tuple[Path, Path]) -> None:
    found = read_certificate(*pair)
    assert blocks(found.pem) == ["-----BEGIN CERTIFICATE-----", "-----BEGIN PRIVATE KEY-----"]
    assert "\n\n" not in found.pem
    assert timedelta(days=29) < found.ends - datetime.now(UTC) < timedelta(days=31)


def test_both_may_be_in_one_file_with_text_around(pair: tuple[Path, Path], tmp_path: Path) -> None:
    certificate, key = (path.read_text() for path in pair)
    both = tmp_path / "both.pem"
    both.write_text(f"a key\n\n{key}\n\na certificate\n{certificate}\n\n")
    assert read_certificate(both, None) == read_certificate(*pair)


def test_those_that_vouch_come_along_and_the_first_to_end_counts(authority: "Make", tmp_path: Path) -> None:
    certificate, key = authority("ca").vouch("server", (-1, 365))
    chain = tmp_path / "chain.pem"
    chain.write_bytes(certificate.read_bytes() + authority("other").certificate.read_bytes())
    found = read_certificate(chain, key)
    assert len(blocks(found.pem)) == 3
    assert found.ends - datetime.now(UTC) < timedelta(days=31)


@pytest.mark.parametrize("kind", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_key_may_be_written_in_either_way(pair: tuple[Path, Path], kind: PrivateFormat) -> None:
    certificate, key = pair
    before = read_certificate(certificate, key)
    loaded = load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(loaded.private_bytes(Encoding.PEM, kind, NoEncryption()))
    assert read_certificate(certificate, key) == before


def test_a_key_of_another_certificate_is_refused(authority: "Make") -> None:
    maker = authority("ca")
    certificate, _ = maker.vouch("server")
    for key in (maker.vouch("other")[1], certificate.with_name("rsa"), certificate.with_name("ed")):
        if key.name == "rsa":
            made = rsa.generate_private_key(65537, 2048)
            key.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        if key.name == "ed":
            twisted = ed25519.Ed25519PrivateKey.generate()
            key.write_bytes(twisted.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        with pytest.raises(ForeignKeyError, match="give the two of one pair"):
            read_certificate(certificate, key)


def test_a_chain_in_the_wrong_order_is_refused(authority: "Make", tmp_path: Path) -> None:
    maker = authority("ca")
    certificate, key = maker.vouch("server")
    chain = tmp_path / "chain.pem"
    chain.write_bytes(maker.certificate.read_bytes() + certificate.read_bytes())
    with pytest.raises(ForeignKeyError, match="put the server's own first"):
        read_certificate(chain, key)


@pytest.mark.parametrize(("days", "words"), [((-30, -1), "renew it"), ((1, 30), "set the clock")])
def test_a_certificate_of_another_time_is_refused(authority: "Make", days: tuple[float, float], words: str) -> None:
    with pytest.raises(CertificateTimeError, match=words) as caught:
        read_certificate(*authority("ca").vouch("server", days))
    assert "CN=server" in str(caught.value)


def test_an_encrypted_key_is_refused(pair: tuple[Path, Path]) -> None:
    certificate, key = pair
    loaded = load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(loaded.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")))
    with pytest.raises(CertificateFileError, match="openssl pkey"):
        read_certificate(certificate, key)


BROKEN = "-----BEGIN {0}-----\nMIIB\n-----END {0}-----\n"


@pytest.mark.parametrize(
    ("certificate", "key", "words"),
    [
        pytest.param(None, "", "No such file", id="no file"),
        pytest.param("", "", "no certificate in PEM", id="an empty file"),
        pytest.param("\x00\x01", "", "no certificate in PEM", id="no text"),
        pytest.param(BROKEN.format("CERTIFICATE"), "", "no certificate in PEM, or a broken one", id="broken"),
        pytest.param("#" * (1 << 20) + "\n", "", "larger than", id="a huge file"),
        pytest.param("good", "", "no private key in PEM", id="no key"),
        pytest.param("good", BROKEN.format("PRIVATE KEY"), "its private key is broken", id="a broken key"),
    ],
)
def test_a_file_that_does_not_hold_what_it_should_is_refused(
    pair: tuple[Path, Path], certificate: str | None, key: str, words: str
) -> None:
    if certificate is None:
        pair[0].unlink()
    elif certificate != "good":
        pair[0].write_text(certificate)
    pair[1].write_text(key)
    with pytest.raises(CertificateFileError, match=words):
        read_certificate(*pair)


def test_a_certificate_that_the_edge_could_not_take_is_refused(authority: "Make", tmp_path: Path) -> None:
    maker = authority("ca")
    certificate, key = maker.vouch("server")
    chain = tmp_path / "chain.pem"
    chain.write_bytes(certificate.read_bytes() + maker.certificate.read_bytes() * 200)
    with pytest.raises(CertificateFileError, match="larger than"):
        read_certificate(chain, key)


def test_authorities_are_each_named_once(authority: "Make", tmp_path: Path) -> None:
    one, two = authority("one").certificate.read_text(), authority("two").certificate.read_text()
    path = tmp_path / "both.crt"
    path.write_text(f"one\n{one}\n\ntwo\n{two}\n{one}")
    assert read_authorities(path) == one + two


def test_authorities_of_another_time_are_refused(authority: "Make") -> None:
    ended, _ = authority("ca").vouch("old", (-30, -1))
    with pytest.raises(CertificateTimeError, match="CN=old"):
        read_authorities(ended)
