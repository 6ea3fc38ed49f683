"""The bundle: both forms, both ways, and every way of being broken named."""

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lading.bundles.bundle import UnknownFileError, copy_bundle, open_bundle
from lading.bundles.digest import digest_of
from lading.bundles.draft import Draft, write_bundle
from lading.bundles.manifest import Manifest
from lading.bundles.storage.archive import write_archive
from lading.bundles.storage.container import NoSuchBundleError, OccupiedError
from lading.bundles.storage.content import Held
from lading.bundles.storage.folder import Folder
from lading.bundles.storage.integrity import (
    BundleError,
    DigestMismatchError,
    DocumentError,
    ExtraFileError,
    FileNameError,
    ManifestError,
    MissingFileError,
    NewerFormatError,
    NotABundleError,
    SizeMismatchError,
)
from lading.core.errors import IntegrityError
from tests.bundles.graphs import penguins

MakeDraft = Callable[..., Draft]


def test_archive_and_folder_are_one_bundle_both_ways(archive: Path, folder: Path, tmp_path: Path) -> None:
    with open_bundle(archive) as one, open_bundle(str(folder)) as other:
        assert one.digest == other.digest
        assert one.manifest == other.manifest
        copy_bundle(one, tmp_path / "copied")
        copy_bundle(other, tmp_path / "copied.lading")
    assert (tmp_path / "copied.lading").read_bytes() == archive.read_bytes()
    tree = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    copied = tmp_path / "copied"
    assert {path.relative_to(copied): path.read_bytes() for path in copied.rglob("*") if path.is_file()} == tree


def test_a_bundle_gives_its_documents(archive: Path, draft: Draft) -> None:
    with open_bundle(archive) as bundle:
        assert bundle.golden() == draft.golden
        assert bundle.profile() == draft.profile
        assert "\n# penguins 1.0.0\n" in bundle.card()
        assert bundle.digest == digest_of(bundle.read("manifest.json"))
        assert Manifest.model_validate_json(bundle.read("manifest.json")) == bundle.manifest
        with pytest.raises(UnknownFileError, match="holds no file 'model/none'"):
            bundle.read("model/none")


def test_evidence_never_changes_the_digest_and_travels_along(folder: Path, tmp_path: Path) -> None:
    with open_bundle(folder) as bundle:
        before = bundle.digest
    (folder / "evidence").mkdir()
    (folder / "evidence" / "test.json").write_bytes(b"{}")
    with open_bundle(folder) as bundle:
        assert bundle.digest == before
        copy_bundle(bundle, tmp_path / "with-evidence.lading")
    with open_bundle(tmp_path / "with-evidence.lading") as bundle:
        assert bundle.digest == before
        assert b"".join(bundle.contents()["evidence/test.json"].chunks()) == b"{}"


def test_progress_counts_to_the_end(archive: Path) -> None:
    seen: list[tuple[int, int]] = []
    open_bundle(archive, lambda done, total: seen.append((done, total))).close()
    assert seen[-1][0] == seen[-1][1]
    assert seen == sorted(seen)


def test_flipped_bytes_of_an_archive_are_refused(archive: Path) -> None:
    data = bytearray(archive.read_bytes())
    for position in range(0, len(data), 3):  # every bit of a smaller one: test_archive.py
        data[position] ^= 1 << position % 8
        archive.write_bytes(data)
        with pytest.raises(IntegrityError):
            open_bundle(archive)
        data[position] ^= 1 << position % 8


def test_every_flipped_byte_of_a_listed_file_is_refused_by_name(folder: Path) -> None:
    for path in sorted(folder.rglob("*.*")):
        if path.name == "manifest.json":
            continue
        data = bytearray(path.read_bytes())
        for position in range(0, len(data), 17):
            data[position] ^= 1
            path.write_bytes(data)
            with pytest.raises(DigestMismatchError, match=path.name):
                open_bundle(folder)
            data[position] ^= 1
        path.write_bytes(data)
    open_bundle(folder).close()


def _flip(folder: Path) -> None:
    model = folder / "model" / "model.onnx"
    model.write_bytes(model.read_bytes().replace(b"bytes", b"bytez"))


def _cut(folder: Path) -> None:
    model = folder / "model" / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1])


def _add(folder: Path) -> None:
    (folder / "model" / "extra.bin").write_bytes(b"")


def _remove(folder: Path) -> None:
    (folder / "profile.json").unlink()


def _remove_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def _link(folder: Path) -> None:
    (folder / "profile.json").rename(folder / "profile.txt")
    (folder / "profile.json").symlink_to("profile.txt")


def _rewrite(folder: Path) -> None:
    (folder / "manifest.json").write_bytes((folder / "manifest.json").read_bytes() + b"\n")


def _renew(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b'{"format":2}')


def _inflate(folder: Path) -> None:
    with (folder / "manifest.json").open("r+b") as file:
        file.truncate(5 << 20)


@pytest.mark.parametrize(
    ("spoil", "error", "names"),
    [
        pytest.param(_flip, DigestMismatchError, "model/model.onnx", id="a flipped byte"),
        pytest.param(_cut, SizeMismatchError, "model/model.onnx", id="cut short"),
        pytest.param(_add, ExtraFileError, "model/extra.bin", id="a file too many"),
        pytest.param(_remove, MissingFileError, "profile.json", id="a file too few"),
        pytest.param(_remove_manifest, NotABundleError, "manifest.json", id="no manifest"),
        pytest.param(_link, FileNameError, "profile.json", id="a link"),
        pytest.param(_rewrite, ManifestError, "manifest.json", id="a manifest that is not canonical"),
        pytest.param(_renew, NewerFormatError, "update lading", id="a newer format"),
        pytest.param(_inflate, ManifestError, "manifest.json", id="a manifest beyond all bounds"),
    ],
)
def test_a_broken_folder_is_refused_by_file_and_rule(
    folder: Path, spoil: Callable[[Path], None], error: type[BundleError], names: str
) -> None:
    spoil(folder)
    with pytest.raises(error) as caught:
        open_bundle(folder)
    assert names in str(caught.value)
    assert str(folder) in str(caught.value)
    assert caught.value.exit_code == 4
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again)) == (error, str(caught.value))


def test_a_file_that_changes_after_opening_is_not_handed_out(archive: Path, folder: Path) -> None:
    with open_bundle(archive) as one, open_bundle(folder) as other:
        archive.write_bytes(archive.read_bytes().replace(b"bytes of", b"bytez of"))
        _flip(folder)
        for bundle in (one, other):
            with pytest.raises(IntegrityError, match=r"model/model\.onnx"):
                bundle.read("model/model.onnx")
            assert bundle.read("profile.json")


def test_a_deleted_archive_stays_readable_while_it_is_open(archive: Path) -> None:
    with open_bundle(archive) as bundle:
        archive.unlink()
        assert bundle.read("model/model.onnx") == penguins()
    with pytest.raises(ValueError, match="closed"):
        bundle.read("model/model.onnx")


@pytest.mark.parametrize(
    ("file", "data", "read"),
    [
        pytest.param("golden/rows.json", b"{}", lambda bundle: bundle.golden(), id="golden rows"),
        pytest.param("profile.json", b'{"rows":"3"}', lambda bundle: bundle.profile(), id="profile"),
        pytest.param("MODEL_CARD.md", b"\xff", lambda bundle: bundle.card(), id="card"),
    ],
)
def test_a_document_that_is_intact_but_breaks_the_format_is_named(
    draft: Draft, tmp_path: Path, file: str, data: bytes, read: Callable[[object], object]
) -> None:
    from lading.bundles.canonical import canonical_json
    from lading.bundles.draft import draw_up
    from lading.bundles.manifest_reading import read_manifest
    from lading.bundles.storage.content import entry_of

    folder = tmp_path / "x"
    write_bundle(draft, folder)
    (folder / file).write_bytes(data)
    manifest = read_manifest(draw_up(draft)[1], "x")
    files = tuple(entry_of(file, Held(data)) if entry.path == file else entry for entry in manifest.files)
    (folder / "manifest.json").write_bytes(canonical_json(manifest.model_copy(update={"files": files})))
    with open_bundle(folder) as bundle, pytest.raises(DocumentError, match=file):
        read(bundle)


def test_nothing_at_the_path_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(NoSuchBundleError) as caught:
        open_bundle(tmp_path / "none.lading")
    assert caught.value.exit_code == 2


def _many_files(path: Path) -> None:
    for number in range(1001):
        (path / f"{number}.txt").touch()


def _links(path: Path) -> None:
    (path / "a").symlink_to("/etc")
    (path / "b c").touch()


@pytest.mark.parametrize(
    "put",
    [
        pytest.param(lambda path: None, id="an empty folder"),
        pytest.param(_links, id="links and strange names"),
        pytest.param(_many_files, id="very many files"),
    ],
)
def test_a_folder_without_a_manifest_is_no_bundle_whatever_it_holds(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    put(tmp_path)
    with pytest.raises(NotABundleError, match=r"holds no manifest\.json; name a \.lading file or a bundle's folder"):
        open_bundle(tmp_path)


def test_an_archive_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    with (tmp_path / "x.lading").open("wb") as file:
        write_archive({"MODEL_CARD.md": Held(b"")}, file)
    with pytest.raises(NotABundleError, match=r"holds no manifest\.json"):
        open_bundle(tmp_path / "x.lading")


@pytest.mark.parametrize("write", [False, True])
def test_a_folder_without_a_manifest_is_not_searched(
    draft: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: bool
) -> None:
    (tmp_path / "x" / "deep").mkdir(parents=True)
    monkeypatch.setattr(Folder, "_walk", lambda *_: pytest.fail("it was searched"))
    with pytest.raises(OccupiedError if write else NotABundleError):
        write_bundle(draft, tmp_path / "x") if write else open_bundle(tmp_path / "x")


def test_a_bundle_is_replaced_by_a_bundle(make_draft: MakeDraft, archive: Path, folder: Path) -> None:
    for path in (archive, folder):
        digest = write_bundle(make_draft(version="2.0.0"), path)
        with open_bundle(path) as bundle:
            assert (bundle.digest, bundle.manifest.version) == (digest, "2.0.0")


def test_a_broken_archive_and_an_empty_place_can_be_written_over(draft: Draft, archive: Path, tmp_path: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-1])
    (tmp_path / "empty.lading").touch()
    (tmp_path / "empty").mkdir()
    for path in (archive, tmp_path / "empty.lading", tmp_path / "empty"):
        write_bundle(draft, path)
        open_bundle(path).close()


def _a_file(path: Path) -> None:
    path.write_bytes(b"my only copy")


def _a_zip(path: Path) -> None:
    path.write_bytes(b"PK\3\4" + b"\0" * 99)


def _a_folder(path: Path) -> None:
    path.mkdir()
    (path / "thesis.txt").write_bytes(b"my only copy")


def _a_folder_with_a_manifest(path: Path) -> None:
    path.mkdir()
    (path / "manifest.json").write_bytes(b"{}")
    (path / "index.html").write_bytes(b"")


def _a_folder_of_links(path: Path) -> None:
    path.mkdir()
    (path / "manifest.json").symlink_to("/etc/hostname")


@pytest.mark.parametrize("name", ["target.lading", "target"])
@pytest.mark.parametrize("put", [_a_file, _a_zip, _a_folder, _a_folder_with_a_manifest, _a_folder_of_links])
def test_what_is_not_a_bundle_is_never_overwritten(
    draft: Draft, tmp_path: Path, put: Callable[[Path], None], name: str
) -> None:
    target = tmp_path / name
    put(target)
    with pytest.raises(OccupiedError, match="left alone") as caught:
        write_bundle(draft, target)
    assert caught.value.exit_code == 3
    kept = tmp_path / "kept"
    put(kept)
    if target.is_dir():
        assert {p.name for p in target.iterdir()} == {p.name for p in kept.iterdir()}
        shutil.rmtree(target)
    else:
        assert target.read_bytes() == kept.read_bytes()


def test_a_link_to_a_bundle_stays_a_link(draft: Draft, archive: Path, tmp_path: Path) -> None:
    link = tmp_path / "current.lading"
    link.symlink_to(archive)
    write_bundle(draft, link)
    assert link.is_symlink()
    open_bundle(link).close()
