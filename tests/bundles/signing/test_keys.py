"""Keys: their files, who may read them, and what is no key."""

import errno
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from lading.bundles.signing.key_files import KeyExistsError, KeyNameError, write_pair
from lading.bundles.signing.keys import (
    Algorithm,
    KeyFormatError,
    ReadableKeyError,
    key_bytes,
    key_id,
    new_key,
    private_pem,
    public_pem,
    read_public,
    signer_of,
    verifier,
)
from lading.bundles.signing.passphrase import VARIABLE, PassphraseError, new_passphrase, passphrase_of
from lading.bundles.signing.signers import GROUP, NoKeyError, find_signer
from lading.bundles.storage.atomic import NotWritableError, WriteError
from lading.core.plugins import discover


def never(key: str) -> bytes:
    raise AssertionError(f"the passphrase of {key} was asked for")


@pytest.mark.parametrize("algorithm", ["ed25519", "ecdsa-p256"])
@pytest.mark.parametrize("passphrase", [None, b"a phrase with \xc3\xbc"])
def test_a_key_that_is_written_signs_when_it_is_read(
    algorithm: Algorithm, passphrase: bytes | None, tmp_path: Path
) -> None:
    made = new_key(algorithm)
    public = write_pair(tmp_path / "a.key", made, passphrase)
    assert public == tmp_path / "a.pub"
    asked: list[str] = []

    def ask(key: str) -> bytes:
        asked.append(key)
        return passphrase if passphrase is not None else never(key)

    signer = signer_of(key_bytes(tmp_path / "a.key", private=True), "a.key", ask)
    assert asked == ([] if passphrase is None else ["a.key"])
    read = read_public(key_bytes(public, private=False), "a.pub")
    assert key_id(read) == signer.public_key.keyid == key_id(made.public_key())
    verifier(read).verify_signature(signer.sign(b"data"), b"data")


def test_the_private_key_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_pair(tmp_path / "a.key", new_key("ed25519"), None)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("taken", ["a.key", "a.pub"])
def test_no_key_is_overwritten(taken: str, tmp_path: Path) -> None:
    (tmp_path / taken).write_text("precious")
    with pytest.raises(KeyExistsError, match=taken):
        write_pair(tmp_path / "a.key", new_key("ed25519"), None)
    assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == "precious"


def test_the_private_key_is_not_called_as_the_public_one(tmp_path: Path) -> None:
    with pytest.raises(KeyNameError, match="public"):
        write_pair(tmp_path / "a.pub", new_key("ed25519"), None)
    assert list(tmp_path.iterdir()) == []


def test_half_a_key_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as volume:
        volume.setattr(os, "fsync", full)
        with pytest.raises(WriteError, match="No space left"):
            write_pair(tmp_path / "a.key", new_key("ed25519"), None)
    assert list(tmp_path.iterdir()) == []
    write_pair(tmp_path / "a.key", new_key("ed25519"), None)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotWritableError, match="none"):
        write_pair(tmp_path / "none" / "a.key", new_key("ed25519"), None)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_a_private_key_that_others_can_reach_is_refused(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    write_pair(path, new_key("ed25519"), None)
    path.chmod(mode)
    with pytest.raises(ReadableKeyError, match=f"{mode:04o}"):
        find_signer(str(path))
    path.chmod(0o400)
    assert find_signer(str(path)).sign(b"data")


def rsa_key() -> tuple[bytes, bytes]:
    key = generate_private_key(65537, 2048)
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


def other_curve() -> tuple[bytes, bytes]:
    command = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]
    private = subprocess.run(command, capture_output=True, timeout=60, check=True).stdout
    command = ["openssl", "pkey", "-pubout"]
    return private, subprocess.run(command, input=private, capture_output=True, timeout=60, check=True).stdout


@pytest.mark.parametrize("make", [rsa_key, other_curve])
def test_keys_of_other_kinds_are_refused(make: Callable[[], tuple[bytes, bytes]]) -> None:
    private, public = make()
    with pytest.raises(KeyFormatError, match="another kind"):
        signer_of(private, "x", never)
    with pytest.raises(KeyFormatError, match="another kind"):
        read_public(public, "x")


@pytest.mark.parametrize("data", [b"", b"\x00", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(KeyFormatError, match=r"no\.key is not a private key"):
        signer_of(data, "no.key", never)
    with pytest.raises(KeyFormatError, match=r"no\.pub is not a public key"):
        read_public(data, "no.pub")


def test_neither_key_is_taken_for_the_other() -> None:
    key = new_key("ed25519")
    with pytest.raises(KeyFormatError):
        signer_of(public_pem(key.public_key()), "x", never)
    with pytest.raises(KeyFormatError):
        read_public(private_pem(key, None), "x")


def test_a_key_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFormatError, match=r"none\.key cannot be read"):
        find_signer(str(tmp_path / "none.key"))


def test_a_key_may_lie_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_key("ed25519")
    monkeypatch.setenv("THE_KEY", private_pem(key, None).decode())
    assert find_signer("env:THE_KEY").public_key.keyid == key_id(key.public_key())
    monkeypatch.setenv("THE_KEY", "")
    with pytest.raises(NoKeyError, match="THE_KEY"):
        find_signer("env:THE_KEY")
    monkeypatch.setenv("THE_KEY", "garbage")
    with pytest.raises(KeyFormatError) as caught:
        find_signer("env:THE_KEY")
    assert "garbage" not in str(caught.value)


def test_what_names_no_signer_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "hsm:1"
    write_pair(path, new_key("ed25519"), None)
    assert find_signer(str(path)).sign(b"data")
    assert find_signer(f"file:{path}").sign(b"data")
    assert list(discover(GROUP)) == ["env", "file"]


def test_a_passphrase_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, "right")
    write_pair(tmp_path / "a.key", new_key("ed25519"), new_passphrase("a.key"))
    assert b"ENCRYPTED" in (tmp_path / "a.key").read_bytes()
    assert find_signer(str(tmp_path / "a.key")).sign(b"data")
    monkeypatch.setenv(VARIABLE, "wrong")
    with pytest.raises(KeyFormatError, match="cannot be opened with that passphrase") as caught:
        find_signer(str(tmp_path / "a.key"))
    assert "wrong" not in str(caught.value)


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(PassphraseError, match=VARIABLE):
        passphrase_of("a.key")
    monkeypatch.setenv(VARIABLE, "")
    with pytest.raises(PassphraseError, match="empty"):
        new_passphrase("a.key")
