"""Those who sign, and a bundle that takes evidence."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lading.bundles.evidence.adding import add_evidence
from tests.signatures import People, everybody

Put = Callable[..., Path]


@pytest.fixture(scope="session")
def people() -> People:
    return everybody()


@pytest.fixture
def put(archive: Path) -> Put:
    """Adds evidence, by the names of its files, to the bundle of this test."""

    def put(**files: bytes) -> Path:
        add_evidence(archive, {f"evidence/{name}.json": data for name, data in files.items()})
        return archive

    return put
