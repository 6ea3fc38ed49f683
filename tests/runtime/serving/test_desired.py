"""The desired state: bundles, pinned by digest."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from lading.bundles.store.store import Store
from lading.core.settings import Settings
from lading.runtime.serving.desired import ChangedBundleError, Desired
from lading.runtime.serving.source import BundleSource


def test_what_is_desired_is_pinned_by_its_digest(bundles: Mapping[str, Path], tmp_path: Path) -> None:
    source = BundleSource([bundles["cells"]], Settings(), lambda names: None, Store(tmp_path / "store"), print)
    desired = asyncio.run(source.read())
    assert [model.name for model in desired.load()] == ["cells"]
    assert Desired.model_validate(json.loads(desired.model_dump_json())) == desired
    other = desired.bundles[0].model_copy(update={"digest": "sha256:" + "0" * 64})
    with pytest.raises(ChangedBundleError, match="SIGHUP"):
        desired.model_copy(update={"bundles": (other,)}).load()
    source.close()
