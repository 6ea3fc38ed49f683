"""The layer: which bytes bundles become, and what an archive may not do."""

import hashlib
import io
import tarfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from lading.bundles.bundle import copy_bundle, open_bundle
from lading.runtime.images.layer import write_layer
from lading.runtime.names import DuplicateNameError
from tests.runtime.administration.times import times


def layer(paths: Sequence[Path], scratch: Path) -> bytes:
    """The layer of the bundles at ``paths``."""
    stream = io.BytesIO()
    with ExitStack() as opened:
        write_layer([opened.enter_context(open_bundle(path)) for path in paths], scratch, stream)
    return stream.getvalue()


def test_order_and_form_of_the_bundles_make_no_difference(bundles: Mapping[str, Path], tmp_path: Path) -> None:
    with open_bundle(bundles["cells"]) as bundle:
        copy_bundle(bundle, tmp_path / "unpacked")
    one = layer([bundles["cells"], bundles["penguins"]], tmp_path)
    assert layer([bundles["penguins"], tmp_path / "unpacked"], tmp_path) == one


def test_it_holds_the_archives_and_nothing_of_the_day_or_the_machine(
    bundles: Mapping[str, Path], tmp_path: Path
) -> None:
    made = layer([bundles["cells"], bundles["penguins"]], tmp_path)
    with tarfile.open(fileobj=io.BytesIO(made)) as archive:
        members = {member.name: member for member in archive}
        assert list(members) == ["bundles", "bundles/cells-1.0.0.lading", "bundles/penguins-1.0.0.lading"]
        assert {(member.mtime, member.uid, member.gid) for member in members.values()} == {(0, 0, 0)}
        held = archive.extractfile("bundles/cells-1.0.0.lading")
        assert held is not None
        assert hashlib.sha256(held.read()).digest() == hashlib.sha256(bundles["cells"].read_bytes()).digest()


def test_it_is_as_large_as_its_bundles(bundles: Mapping[str, Path], tmp_path: Path) -> None:
    paths = list(bundles.values())
    most = sum(path.stat().st_size for path in paths) + 1024 * (len(paths) + 1) + tarfile.RECORDSIZE
    assert len(layer(paths, tmp_path)) <= most


def test_two_bundles_of_one_name_are_refused_whatever_their_versions(tmp_path: Path) -> None:
    """A server would answer to the name with one of them, and not start."""
    with pytest.raises(DuplicateNameError, match=r"times-1\.lading and .*times-2\.lading"):
        layer([times(1, tmp_path), times(2, tmp_path)], tmp_path)
