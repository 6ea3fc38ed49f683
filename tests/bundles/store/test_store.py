"""The store: what is in it is whole, what is in use stays, whoever dies and however many are at it."""

import fcntl
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lading.bundles.bundle import Bundle, copy_bundle, open_bundle
from lading.bundles.draft import Draft, write_bundle
from lading.bundles.evidence.adding import add_evidence
from lading.bundles.storage.atomic import NotWritableError
from lading.bundles.storage.integrity import BundleError
from lading.bundles.store.place import default_folder, machine_store
from lading.bundles.store.proving import prove
from lading.bundles.store.store import DamagedInUseError, InUseError, NotStoredError, Store
from lading.bundles.trial import TrialError
from lading.core.settings import Settings

MakeDraft = Callable[..., Draft]
FAR = 4e9
"""Seconds since 1970 that are still to come."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.mark.parametrize("form", ["archive", "folder"])
def test_what_was_brought_is_there_by_its_digest_and_outlives_its_source(
    store: Store, form: str, request: pytest.FixtureRequest
) -> None:
    source: Path = request.getfixturevalue(form)
    with store.bring(source) as brought:
        assert (brought.name, brought.version) == ("penguins", "1.0.0")
    (source if form == "archive" else source / "profile.json").unlink()
    with store.held(brought.digest) as path, open_bundle(path) as bundle:
        assert bundle.digest == brought.digest
        assert path.is_dir() == (form == "folder")
    assert [one.digest for one in store] == [brought.digest]


def test_a_bundle_is_copied_once_in_whichever_form(store: Store, archive: Path, folder: Path) -> None:
    with store.bring(archive) as one, store.bring(folder) as other, store.bring(archive) as again:
        assert one.path == other.path == again.path
    assert {name for name in os.listdir(store.path) if not name.endswith(".lock")} == {one.path.name}


def test_evidence_that_comes_later_is_added_to_what_somebody_uses_and_none_is_taken_away(
    store: Store, archive: Path, folder: Path
) -> None:
    with store.bring(archive) as used:
        add_evidence(folder, {"evidence/a.json": b"{}"})
        with store.bring(folder):
            pass
        with store.bring(archive), open_bundle(used.path) as bundle:
            assert bundle.evidence() == {"evidence/a.json": b"{}"}
        with pytest.raises(InUseError):
            store.remove(used.digest)
    store.remove(used.digest)


def test_what_is_not_let_pass_is_not_brought(store: Store, archive: Path) -> None:
    def vet(bundle: Bundle) -> None:
        raise TrialError(str(bundle.path), "no")

    with pytest.raises(TrialError), store.bring(archive, vet=vet):
        pass
    assert list(store) == []


def test_nobody_else_can_look_into_it(store: Store, folder: Path) -> None:
    with store.bring(folder) as brought:
        modes = {stat.S_IMODE(path.stat().st_mode) for path in brought.path.rglob("*") if path.is_file()}
        folders = [store.path, brought.path, *(path for path in brought.path.rglob("*") if path.is_dir())]
    assert modes == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


def test_an_archive_in_it_is_for_its_owner_alone(store: Store, archive: Path) -> None:
    with store.bring(archive) as brought:
        assert stat.S_IMODE(brought.path.stat().st_mode) == 0o600


def test_a_broken_bundle_is_not_brought(store: Store, archive: Path) -> None:
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 1
    archive.write_bytes(data)
    with pytest.raises(BundleError), store.bring(archive):
        pass
    assert os.listdir(store.path) == []


def spoil(copy: Path) -> None:
    """Flip a bit of the copy, or of its graph."""
    file = copy / "model" / "model.onnx" if copy.is_dir() else copy
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("form", ["archive", "folder"])
def test_a_damaged_copy_is_replaced_by_the_good_bundle_once(
    form: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    told: list[str] = []
    store, source = Store(tmp_path / "store", told.append), request.getfixturevalue(form)
    with store.bring(source) as brought:
        pass
    spoil(brought.path)
    with pytest.raises(BundleError), open_bundle(brought.path):
        pass

    def bring(_: int) -> None:
        with store.bring(source) as again, open_bundle(again.path) as bundle:
            assert (again.path, bundle.digest) == (brought.path, brought.digest)

    with ThreadPoolExecutor(8) as many:
        list(many.map(bring, range(8)))
    assert told == [f"{brought.path}, the copy of penguins 1.0.0, was damaged and was replaced"]
    left = {name for name in os.listdir(store.path) if not name.endswith(".lock")}
    assert left == {brought.path.name}


def test_a_damaged_copy_is_not_replaced_while_somebody_uses_it(store: Store, archive: Path) -> None:
    with store.bring(archive) as used:
        spoil(used.path)
        before = used.path.read_bytes()
        with pytest.raises(DamagedInUseError, match="in use") as caught, store.bring(archive):
            pass
        assert caught.value.exit_code == 3
        assert used.path.read_bytes() == before
    with store.bring(archive) as used, open_bundle(used.path):
        pass


def test_what_is_in_use_is_not_removed_and_what_is_not_is(store: Store, archive: Path) -> None:
    with store.bring(archive) as brought:
        assert store.collect(FAR) == []
        with pytest.raises(InUseError, match="stop that first") as caught:
            store.remove(brought.digest)
        assert caught.value.exit_code == 3
    with store.held(brought.digest):
        assert store.collect(FAR) == []
    store.prove(brought.digest, {"node": "here"})
    assert [one.digest for one in store.collect(FAR)] == [brought.digest]
    assert os.listdir(store.path) == []
    with pytest.raises(NotStoredError), store.held(brought.digest):
        pass
    with pytest.raises(NotStoredError):
        store.remove(brought.digest)


@pytest.mark.parametrize("digest", ["", "sha256:", ".", "../other", "sha256:../other", "*", "sha256:" + "0" * 63])
def test_what_is_no_digest_is_no_place(digest: str, store: Store, archive: Path) -> None:
    (store.path.parent / "other").mkdir()
    (store.path.parent / "other.lading").touch()
    with store.bring(archive):
        pass
    with pytest.raises(NotStoredError):
        store.remove(digest)
    assert len(list(store)) == 1
    assert {"store", "other", "other.lading"} <= set(os.listdir(store.path.parent))


def test_what_was_used_lately_or_is_wanted_stays(store: Store, make_draft: MakeDraft, tmp_path: Path) -> None:
    digests = []
    for version in ("1", "2", "3"):
        write_bundle(make_draft(version=version), tmp_path / "x.lading")
        with store.bring(tmp_path / "x.lading") as brought:
            digests.append(brought.digest)
    for digest in digests[:2]:
        os.utime(store.find(digest), (0, 0))
    assert [one.digest for one in store.collect(1.0, frozenset({digests[0]}))] == [digests[1]]
    assert {one.digest for one in store} == {digests[0], digests[2]}


def test_using_it_again_makes_it_young(store: Store, archive: Path) -> None:
    with store.bring(archive) as brought:
        os.utime(brought.path, (0, 0))
    with store.bring(archive):
        pass
    assert store.collect(time.time() - 60) == []


def test_who_waits_for_what_is_being_removed_finds_it_gone(
    store: Store, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.bring(archive) as brought:
        pass
    real = fcntl.flock

    def flock(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", real)
        store.remove(brought.digest)
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(NotStoredError), store.held(brought.digest):
        pass


def test_a_place_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritableError, match="file"):
        Store(tmp_path / "file")


def test_it_lies_in_the_users_cache_folder_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LADING_STORE_FOLDER", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for caches, expected in (("", ".cache/lading"), ("relative", ".cache/lading"), (str(tmp_path / "c"), "c/lading")):
        monkeypatch.setenv("XDG_CACHE_HOME", caches)
        assert default_folder() == tmp_path / expected
        assert machine_store(Settings()).path == tmp_path / expected
    assert machine_store(Settings(store_folder=tmp_path / "mine")).path == tmp_path / "mine"


def test_a_bundle_is_tried_once_in_a_place(store: Store, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.bring(archive) as brought:
        prove(store, brought.digest)
    monkeypatch.setattr(sys, "executable", "/nonexistent")  # another trial could not begin
    prove(store, brought.digest)
    (proof,) = store.path.glob("*.proof")
    proof.write_text(proof.read_text().replace("onnxruntime", "another"))
    with pytest.raises(FileNotFoundError):
        prove(store, brought.digest)


def test_a_bundle_that_fails_is_not_remembered_as_proved(store: Store, make_draft: MakeDraft, tmp_path: Path) -> None:
    draft = make_draft()
    outputs = {**draft.golden.outputs, "label": ("Gentoo", "Gentoo")}
    write_bundle(make_draft(golden=draft.golden.model_copy(update={"outputs": outputs})), tmp_path / "x.lading")
    with store.bring(tmp_path / "x.lading") as brought:
        for _ in range(2):
            with pytest.raises(TrialError):
                prove(store, brought.digest)


SHARED = """
import os, random, sys, time, traceback
from pathlib import Path
from lading.bundles.bundle import open_bundle
from lading.bundles.store.store import NotStoredError, Store

folder, sources = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]

def work(number):
    chance, store = random.Random(number), Store(folder)
    for _ in range(15):
        with store.bring(chance.choice(sources)) as brought:
            with open_bundle(brought.path) as bundle:
                assert bundle.digest == brought.digest
            try:
                store.prove(brought.digest, {"writer": str(number)})
            finally:
                store.proved(brought.digest, {})
            assert brought.path.exists()
        if chance.random() < 0.5:
            store.collect(time.time() + 60)
        for stored in store:
            try:
                with store.held(stored.digest) as path, open_bundle(path) as bundle:
                    assert bundle.digest == stored.digest
            except NotStoredError:
                pass

children = []
for number in range(20):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work(number)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    children.append(child)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""


def test_twenty_processes_that_bring_use_and_remove_at_once_lose_nothing(
    store: Store, make_draft: MakeDraft, tmp_path: Path
) -> None:
    sources = [tmp_path / "a.lading", tmp_path / "b", tmp_path / "c.lading"]
    for source in sources:
        write_bundle(make_draft(version=source.stem), source)
    command = [sys.executable, "-c", SHARED, str(store.path), *map(str, sources)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert ran.stdout.strip() == str([0] * 20), ran.stderr[-3000:]
    store.collect(FAR)
    assert [name for name in os.listdir(store.path) if not name.endswith(".proof")] == []


KILLED = """
import os, signal, sys
from pathlib import Path
from lading.bundles.bundle import open_bundle
from lading.bundles.storage.atomic import remove_leftovers
from lading.bundles.store.store import NotStoredError, Store

source, folder, form = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
SYSTEM = {"posix", "_io", "fcntl", "io"}

def kill_at(count):
    seen = 0
    def look(frame, event, function):
        nonlocal seen
        if event != "c_call":
            return
        module = getattr(function, "__module__", None) or type(getattr(function, "__self__", None)).__module__
        if module in SYSTEM:
            seen += 1
            if seen == count:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(look)

def work(store, digest):
    if form == "remove":
        store.remove(digest)
    else:
        with store.bring(source):
            store.prove(digest, {"node": "here"})

with open_bundle(source) as bundle:
    digest = bundle.digest
count = 0
while True:
    count += 1
    store = Store(folder)
    if form == "remove":
        with store.bring(source):
            pass
    child = os.fork()
    if child == 0:
        kill_at(count)
        work(store, digest)
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    store.proved(digest, {})
    try:
        with store.held(digest) as path, open_bundle(path) as bundle:
            assert bundle.digest == digest
        assert form != "remove" or ended != 0
    except NotStoredError:
        assert form == "remove" or ended != 0
    if ended == 0:
        break
    assert ended == -signal.SIGKILL
    remove_leftovers(folder)
    if form != "remove":
        try:
            store.remove(digest)
        except NotStoredError:
            pass
    rest = [name for name in os.listdir(folder) if not name.endswith(".proof") and digest[7:] not in name]
    assert rest == [], (count, rest)
print(count)
"""


@pytest.mark.parametrize(("form", "least"), [("archive", 30), ("folder", 60), ("remove", 8)])
def test_a_kill_at_every_call_of_the_system_leaves_all_or_nothing(
    store: Store, archive: Path, tmp_path: Path, form: str, least: int
) -> None:
    source = archive
    if form == "folder":
        source = tmp_path / "tree"
        with open_bundle(archive) as bundle:
            copy_bundle(bundle, source)
    command = [sys.executable, "-c", KILLED, str(source), str(store.path), form]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert int(ran.stdout) > least
