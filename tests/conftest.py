"""What all tests share: packages with plugins, properties without a time limit, since a busy machine breaks no law, and
a store that is nobody's own."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("lading", deadline=None)
settings.load_profile("lading")

# Locust would replace what waits in Python by gevent's, in the process that runs all other tests.
os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"

# A shell has what it runs in the background ignore Ctrl-C, and whatever that starts; some tests send one.
signal.signal(signal.SIGINT, signal.default_int_handler)

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a package on the path that offers a plugin, with the module that holds it."""

    def install(package: str, group: str, name: str, target: str, code: str = "") -> None:
        folder = tmp_path / package
        metadata = folder / f"{package}-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[{group}]\n{name} = {target}\n")
        (folder / f"{target.split(':')[0]}.py").write_text(code)
        monkeypatch.syspath_prepend(str(folder))

    return install


@pytest.fixture(scope="session", autouse=True)
def _store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the bundles that tests serve where nobody keeps others."""
    with pytest.MonkeyPatch.context() as patch:
        if "LADING_STORE_FOLDER" not in os.environ:
            patch.setenv("LADING_STORE_FOLDER", str(tmp_path_factory.mktemp("store")))
        yield
