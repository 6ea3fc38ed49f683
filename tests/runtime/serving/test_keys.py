"""API keys: what a file of keys may hold, and how it changes."""

import hashlib
import os
import stat
import string
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.bundles.storage.atomic import NotWritableError
from lading.runtime.serving.keys import (
    Key,
    KeyNameError,
    KeysFileError,
    KeyTakenError,
    UnknownKeyError,
    key_digest,
    new_key,
    parse_keys,
    read_keys,
)
from lading.runtime.serving.keys_file import add_key, remove_key

DIGEST = key_digest("one")
OTHER = key_digest("two")
WORDS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=63)


@given(st.dictionaries(WORDS, st.tuples(st.text(), st.none() | st.integers(1, 999_999)), max_size=8))
def test_what_is_written_is_what_is_read(given_keys: dict[str, tuple[str, int | None]]) -> None:
    by_digest = {key_digest(f"k{secret}"): (name, rate) for name, (secret, rate) in given_keys.items()}
    keys = tuple(Key(name, digest, rate) for digest, (name, rate) in by_digest.items())
    assert parse_keys("".join(f"{key}\n" for key in keys), "keys.txt") == keys


def test_comments_empty_lines_and_any_space_between_words_are_allowed() -> None:
    text = f"# who\n\n  one \t {DIGEST}\n#two {OTHER}\nthree {OTHER}   rate=5\r\n"
    assert parse_keys(text, "keys.txt") == (Key("one", DIGEST), Key("three", OTHER, 5))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("one\n", 1, id="no hash"),
        pytest.param(f"# fine\n{DIGEST}\n", 2, id="no name"),
        pytest.param("one the-key-itself\n", 1, id="a key instead of its hash"),
        pytest.param(f"one {DIGEST[:-1]}\n", 1, id="a hash that was cut"),
        pytest.param(f"one {DIGEST.upper()}\n", 1, id="a hash in capitals"),
        pytest.param(f"One {DIGEST}\n", 1, id="a name with a capital"),
        pytest.param(f"-one {DIGEST}\n", 1, id="a name that begins with a dash"),
        pytest.param(f"{'a' * 64} {DIGEST}\n", 1, id="a long name"),
        pytest.param(f"a:b {DIGEST}\n", 1, id="a name with a colon"),
        pytest.param(f"one {DIGEST} rate=0\n", 1, id="a rate of nothing"),
        pytest.param(f"one {DIGEST} rate=1.5\n", 1, id="a fraction of a request"),
        pytest.param(f"one {DIGEST} rate=1000000\n", 1, id="a rate that no server reaches"),
        pytest.param(f"one {DIGEST} 5\n", 1, id="a rate without its name"),
        pytest.param(f"one {DIGEST} rate=5 rate=6\n", 1, id="a word too many"),
        pytest.param(f"one {key_digest('')}\n", 1, id="the hash of nothing"),
        pytest.param(f"one {DIGEST}\none {OTHER}\n", 2, id="a name twice"),
        pytest.param(f"one {DIGEST}\ntwo {DIGEST}\n", 2, id="a key twice"),
    ],
)
def test_a_line_that_is_no_key_is_named_and_not_repeated(text: str, line: int) -> None:
    with pytest.raises(KeysFileError) as caught:
        parse_keys(text, "keys.txt")
    assert caught.value.line == line
    assert f"line {line} of keys.txt: " in str(caught.value)
    assert "the-key-itself" not in str(caught.value)


def test_a_file_of_no_keys_lets_nobody_in() -> None:
    assert parse_keys("# all are gone\n", "keys.txt") == ()


def test_more_keys_than_can_be_served_are_refused() -> None:
    text = "".join(f"k{n} {key_digest(str(n))}\n" for n in range(10_001))
    with pytest.raises(KeysFileError, match="10001 keys; at most 10000"):
        parse_keys(text, "keys.txt")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(None, "No such file", id="no file"),
        pytest.param(b"one \xff", "not text in UTF-8", id="no text"),
        pytest.param(b"#" * (2 << 20) + b"\n", "larger than", id="a huge file"),
    ],
)
def test_what_is_no_file_of_keys_is_refused(tmp_path: Path, data: bytes | None, words: str) -> None:
    path = tmp_path / "keys.txt"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(KeysFileError, match=words):
        read_keys(path)


def test_a_new_key_has_256_random_bits_and_can_be_told_from_other_text() -> None:
    found = {new_key() for _ in range(100)}
    assert len(found) == 100
    assert {(key[:7], len(key)) for key in found} == {("lading_", 50)}


def test_the_file_holds_the_hash_and_not_the_key(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    secret = add_key(path, "one", 5)
    assert read_keys(path) == (Key("one", "sha256:" + hashlib.sha256(secret.encode()).hexdigest(), 5),)
    assert secret not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_comes_and_goes_and_every_other_line_stays(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    before = f"# ours\n  one   {DIGEST}\n\n# the last line has no end"
    path.write_text(before)
    add_key(path, "two", None)
    assert [key.name for key in read_keys(path)] == ["one", "two"]
    remove_key(path, "two")
    assert path.read_text() == before + "\n"


def test_a_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "keys.txt", tmp_path / "link"
    path.write_text(f"one {DIGEST}\n")
    path.chmod(0o640)
    link.symlink_to(path)
    add_key(link, "two", None)
    assert [key.name for key in read_keys(path)] == ["one", "two"]
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    path.write_text(f"one {DIGEST}\n")
    owner = (1234, 5678) if os.getuid() == 0 else (os.getuid(), os.getgid())  # only root may give files away
    os.chown(path, *owner)
    add_key(path, "two", None)
    assert (path.stat().st_uid, path.stat().st_gid) == owner


def test_what_cannot_be_changed_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    path.write_text(f"one {DIGEST}\n")
    with pytest.raises(KeyTakenError):
        add_key(path, "one", None)
    with pytest.raises(KeyNameError):
        add_key(path, "One", None)
    with pytest.raises(UnknownKeyError):
        remove_key(path, "two")
    with pytest.raises(NotWritableError):
        add_key(tmp_path / "none" / "keys.txt", "one", None)
    assert path.read_text() == f"one {DIGEST}\n"
    path.write_text("no key\n")
    with pytest.raises(KeysFileError):
        add_key(path, "two", None)
    assert path.read_text() == "no key\n"


ADDING = "import sys; from pathlib import Path; from lading.runtime.serving.keys_file import add_key\n" + (
    "for n in range(10): add_key(Path(sys.argv[1]), f'{sys.argv[2]}-{n}', None)"
)


def test_of_many_who_add_keys_at_once_nobody_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    adding = [subprocess.Popen([sys.executable, "-c", ADDING, str(path), f"w{n}"]) for n in range(4)]
    assert [process.wait() for process in adding] == [0] * 4
    assert {key.name for key in read_keys(path)} == {f"w{w}-{n}" for w in range(4) for n in range(10)}
