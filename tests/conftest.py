"""What all tests share: properties have no time limit, since a busy machine breaks no law; and none uses one's own store."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("lading", deadline=None)
settings.load_profile("lading")


@pytest.fixture(scope="session", autouse=True)
def _store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the bundles that tests serve where nobody keeps others."""
    with pytest.MonkeyPatch.context() as patch:
        if "LADING_STORE_FOLDER" not in os.environ:
            patch.setenv("LADING_STORE_FOLDER", str(tmp_path_factory.mktemp("store")))
        yield
