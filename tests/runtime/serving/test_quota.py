"""The CPU quota: what the control groups of either version allow."""

from pathlib import Path

import pytest

from lading.runtime.serving.quota import cgroup_quotas, cpu_quota, default_replicas


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        pytest.param("0::/", {"cpu.max": "150000 100000"}, [1.5], id="version 2"),
        pytest.param("0::/", {"cpu.max": "max 100000"}, [], id="version 2, unlimited"),
        pytest.param(
            "0::/a/b",
            {"a/b/cpu.max": "400000 100000", "a/cpu.max": "200000 100000"},
            [4.0, 2.0],
            id="a parent's quota counts",
        ),
        pytest.param("0::/not/mounted", {"cpu.max": "100000 100000"}, [1.0], id="a container sees its group as root"),
        pytest.param(
            "3:cpu,cpuacct:/",
            {"cpu,cpuacct/cpu.cfs_quota_us": "50000", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
            [0.5],
            id="version 1",
        ),
        pytest.param(
            "1:cpu:/x", {"cpu/x/cpu.cfs_quota_us": "-1", "cpu/x/cpu.cfs_period_us": "100000"}, [], id="1, unlimited"
        ),
        pytest.param("5:memory:/", {"memory/cpu.max": "1 1"}, [], id="other controllers do not count"),
        pytest.param("0::/", {}, [], id="no files"),
    ],
)
def test_quotas(tmp_path: Path, membership: str, files: dict[str, str], expected: list[float]) -> None:
    (tmp_path / "cgroup").write_text(membership + "\n")
    for name, text in files.items():
        path = tmp_path / "mounted" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    assert sorted(set(cgroup_quotas(tmp_path / "cgroup", tmp_path / "mounted")), reverse=True) == expected


def test_without_control_groups_there_is_no_quota(tmp_path: Path) -> None:
    assert cgroup_quotas(tmp_path / "none", tmp_path) == []


def test_there_is_at_least_one_replica() -> None:
    assert default_replicas() == max(1, int(cpu_quota()))
