"""The desired state: bundles, pinned by digest."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from lading.bundles.bundle import copy_bundle, open_bundle
from lading.runtime.serving.desired import ChangedBundleError, Desired


def test_what_is_desired_is_pinned_by_its_digest(bundles: Mapping[str, Path], base: Path) -> None:
    with open_bundle(bundles["cells"]) as bundle:
        copy_bundle(bundle, base / "served")
    desired = Desired.read([base / "served"], threads=1)
    assert [model.name for model in desired.load()] == ["cells"]
    assert Desired.model_validate(json.loads(desired.model_dump_json())) == desired
    other = desired.bundles[0].model_copy(update={"digest": "sha256:" + "0" * 64})
    with pytest.raises(ChangedBundleError, match="SIGHUP"):
        desired.model_copy(update={"bundles": (other,)}).load()
