"""What keeps a server from starting: the exit code, and a message that says what to do."""

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lading.bundles.bundle import copy_bundle, open_bundle

if TYPE_CHECKING:
    from tests.runtime.serving.conftest import Start


def test_a_port_in_use_is_a_conflict(start: "Start", bundles: Mapping[str, Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        serving = start([bundles["cells"]], "--port", port)
        assert serving.ends() == 3
    assert f"port {port} of 127.0.0.1 is in use" in serving.said()
    assert "--port" in serving.said()


def test_an_address_of_another_machine_is_refused(start: "Start", bundles: Mapping[str, Path]) -> None:
    serving = start([bundles["cells"]], "--host", "192.0.2.1")
    assert serving.ends() == 2
    assert "192.0.2.1" in serving.said()


def test_two_bundles_of_one_name_are_a_conflict(start: "Start", bundles: Mapping[str, Path], tmp_path: Path) -> None:
    with open_bundle(bundles["cells"]) as bundle:
        copy_bundle(bundle, tmp_path / "again")
    serving = start([bundles["cells"], tmp_path / "again"])
    assert serving.ends() == 3
    assert "two bundles are named 'cells'" in serving.said()
    assert "starting Ray" not in serving.said()


def test_a_corrupt_bundle_is_refused_before_ray_starts(
    start: "Start", bundles: Mapping[str, Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.lading"
    data = bytearray(bundles["cells"].read_bytes())
    data[len(data) // 2] ^= 1
    broken.write_bytes(data)
    serving = start([broken])
    assert serving.ends() == 4
    assert str(broken) in serving.said()
    assert "starting Ray" not in serving.said()
    assert serving.leftovers() == []


def test_a_model_that_answers_otherwise_here_is_refused_with_the_reason(start: "Start", lying_bundle: Path) -> None:
    serving = start([lying_bundle])
    assert serving.ends() == 4
    assert "golden row" in serving.said()
    assert serving.leftovers() == []
