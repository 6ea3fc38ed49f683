"""Evidence: it never changes the digest, is added in one step, and is bounded."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lading.bundles.bundle import copy_bundle, open_bundle
from lading.bundles.evidence.adding import add_evidence, carry_evidence, file_name
from lading.bundles.evidence.files import LARGEST, MOST, EvidenceError
from lading.bundles.storage.container import NoSuchBundleError

FORMS = ("archive", "folder")


@pytest.fixture(params=FORMS)
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


def evidence(path: Path) -> dict[str, bytes]:
    with open_bundle(path) as bundle:
        return dict(bundle.evidence())


def digest(path: Path) -> str:
    with open_bundle(path) as bundle:
        return bundle.digest


def test_what_is_added_is_there_and_the_digest_stays(path: Path) -> None:
    before, was_folder = digest(path), path.is_dir()
    add_evidence(path, {"evidence/b.json": b"{}"})
    add_evidence(path, {"evidence/a.json": b"[]"})
    assert (digest(path), path.is_dir()) == (before, was_folder)
    assert evidence(path) == {"evidence/a.json": b"[]", "evidence/b.json": b"{}"}
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def test_both_forms_become_the_same_bundle(archive: Path, folder: Path, tmp_path: Path) -> None:
    for one in (archive, folder):
        add_evidence(one, {"evidence/a.json": b"{}"})
    with open_bundle(folder) as bundle:
        copy_bundle(bundle, tmp_path / "again.lading")
    assert (tmp_path / "again.lading").read_bytes() == archive.read_bytes()


def test_what_is_there_stays_as_it_is(path: Path) -> None:
    add_evidence(path, {"evidence/a.json": b"first"})
    before = path.stat().st_ino
    add_evidence(path, {"evidence/a.json": b"second"})
    assert evidence(path) == {"evidence/a.json": b"first"}
    assert path.stat().st_ino == before


def test_the_mode_stays(path: Path) -> None:
    mode = 0o700 if path.is_dir() else 0o600
    path.chmod(mode)
    add_evidence(path, {"evidence/a.json": b"{}"})
    assert path.stat().st_mode & 0o777 == mode


def test_who_has_it_open_reads_on(archive: Path) -> None:
    with open_bundle(archive) as bundle:
        before = bundle.read("profile.json")
        add_evidence(archive, {"evidence/a.json": b"{}"})
        assert bundle.read("profile.json") == before
        assert bundle.evidence() == {}


def test_an_archive_by_another_name_stays_an_archive(archive: Path, tmp_path: Path) -> None:
    other = archive.rename(tmp_path / "penguins.zip")
    add_evidence(other, {"evidence/a.json": b"{}"})
    assert other.is_file()
    assert list(evidence(other)) == ["evidence/a.json"]


def test_several_add_at_once_and_none_is_lost(path: Path) -> None:
    names = [f"evidence/{number}.json" for number in range(12)]
    threads = [threading.Thread(target=add_evidence, args=(path, {name: b"{}"})) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(evidence(path)) == sorted(names)


def test_a_broken_bundle_gets_none(folder: Path) -> None:
    (folder / "profile.json").write_bytes(b"{}")
    with pytest.raises(Exception, match="profile"):
        add_evidence(folder, {"evidence/a.json": b"{}"})
    assert not (folder / "evidence").exists()


def test_nothing_there_gets_none(tmp_path: Path) -> None:
    with pytest.raises(NoSuchBundleError):
        add_evidence(tmp_path / "none.lading", {"evidence/a.json": b"{}"})


def test_other_bytes_have_another_name() -> None:
    assert file_name("parity", b"a") == file_name("parity", b"a") != file_name("parity", b"b")


def too_many(folder: Path) -> None:
    for number in range(MOST + 1):
        (folder / "evidence" / f"{number}.json").write_bytes(b"{}")


def too_large(folder: Path) -> None:
    (folder / "evidence" / "a.json").write_bytes(b" " * (LARGEST + 1))


def other_name(folder: Path) -> None:
    (folder / "evidence" / "a.pkl").write_bytes(b"{}")


def deeper(folder: Path) -> None:
    (folder / "evidence" / "a").mkdir()
    (folder / "evidence" / "a" / "b.json").write_bytes(b"{}")


def long_name(folder: Path) -> None:
    (folder / "evidence" / ("a" * 101 + ".json")).write_bytes(b"{}")


@pytest.mark.parametrize("spoil", [too_many, too_large, other_name, deeper, long_name])
def test_what_is_out_of_bounds_is_refused(spoil: Callable[[Path], None], folder: Path) -> None:
    (folder / "evidence").mkdir()
    spoil(folder)
    with pytest.raises(EvidenceError, match="evidence/") as caught:
        open_bundle(folder)
    assert caught.value.exit_code == 4


def test_what_is_just_within_bounds_is_not(folder: Path) -> None:
    (folder / "evidence").mkdir()
    for number in range(MOST):
        (folder / "evidence" / f"{number}.json").write_bytes(b" " * (LARGEST if number == 0 else 1))
    assert len(evidence(folder)) == MOST


def test_nothing_is_added_beyond_the_bounds(path: Path) -> None:
    add_evidence(path, {f"evidence/{number}.json": b"{}" for number in range(MOST)})
    before = evidence(path)
    with pytest.raises(EvidenceError, match="65 files"):
        add_evidence(path, {"evidence/more.json": b"{}"})
    assert evidence(path) == before


@pytest.mark.parametrize("name", ["evidence/../model.json", "evidence/.a.json", "evidence/a", "evidence/a\n.json"])
def test_nothing_is_added_under_another_name(name: str, path: Path) -> None:
    with pytest.raises(EvidenceError, match="no name for evidence"):
        add_evidence(path, {name: b"{}"})
    assert evidence(path) == {}


def test_a_file_that_grows_is_not_read_to_its_end(folder: Path) -> None:
    add_evidence(folder, {"evidence/a.json": b"{}"})
    with open_bundle(folder) as bundle:
        (folder / "evidence" / "a.json").write_bytes(b" " * (LARGEST + 1))
        with pytest.raises(EvidenceError, match="more than"):
            bundle.evidence()


def test_a_copy_gets_what_it_lacks_and_loses_nothing(archive: Path, folder: Path) -> None:
    add_evidence(archive, {"evidence/a.json": b"a", "evidence/b.json": b"b"})
    add_evidence(folder, {"evidence/b.json": b"other", "evidence/c.json": b"c"})
    with open_bundle(archive) as bundle:
        carry_evidence(bundle, folder)
    assert evidence(folder) == {"evidence/a.json": b"a", "evidence/b.json": b"other", "evidence/c.json": b"c"}
