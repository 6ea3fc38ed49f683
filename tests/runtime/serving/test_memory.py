"""Memory: what is free by the kernel's own words, and a bound that makes allocations fail instead of ending processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from lading.core.settings import MEBIBYTE
from lading.runtime.serving.memory import LEAST, OTHERS, default_share, free_memory

MEMINFO = "MemTotal:  2048 kB\nMemFree:  10 kB\nMemAvailable:   1024 kB\n"
AVAILABLE = 1 << 20


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        pytest.param("0::/", {}, AVAILABLE, id="no limit"),
        pytest.param("0::/", {"memory.max": "max", "memory.current": "7"}, AVAILABLE, id="version 2, unlimited"),
        pytest.param("0::/", {"memory.max": "1000", "memory.current": "300"}, 700, id="version 2"),
        pytest.param(
            "0::/",
            {"memory.max": "1000", "memory.current": "300", "memory.stat": "file 9\ninactive_file 50\n"},
            750,
            id="pages of files that nobody uses are free",
        ),
        pytest.param(
            "0::/a/b",
            {"a/b/memory.max": "900", "a/b/memory.current": "0", "a/memory.max": "500", "a/memory.current": "100"},
            400,
            id="a parent's limit counts",
        ),
        pytest.param(
            "9:memory:/x",
            {
                "memory/x/memory.limit_in_bytes": "1000",
                "memory/x/memory.usage_in_bytes": "400",
                "memory/x/memory.stat": "inactive_file 1\ntotal_inactive_file 100\n",
            },
            700,
            id="version 1",
        ),
        pytest.param(
            "9:memory:/",
            {"memory/memory.limit_in_bytes": "9223372036854771712", "memory/memory.usage_in_bytes": "5"},
            AVAILABLE,
            id="version 1, unlimited",
        ),
        pytest.param("2:cpu:/", {"cpu/memory.max": "1", "cpu/memory.current": "0"}, AVAILABLE, id="another controller"),
    ],
)
def test_free_memory(tmp_path: Path, membership: str, files: dict[str, str], expected: int) -> None:
    (tmp_path / "cgroup").write_text(membership + "\n")
    (tmp_path / "meminfo").write_text(MEMINFO)
    for name, text in files.items():
        path = tmp_path / "mounted" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    assert free_memory(tmp_path / "meminfo", tmp_path / "cgroup", tmp_path / "mounted") == expected


def test_where_nothing_tells_there_is_no_share(tmp_path: Path) -> None:
    assert free_memory(tmp_path / "none", tmp_path / "none", tmp_path) is None


def test_replicas_share_what_is_free() -> None:
    one, two = default_share(1), default_share(2)
    assert one is not None
    assert two is not None
    assert one > two >= LEAST
    free = free_memory()
    assert free is not None
    assert 2 * two <= max(2 * LEAST, free + OTHERS)


BOUNDED = """
from lading.core.settings import MEBIBYTE
from lading.runtime.serving.memory import LEAST, bound_memory
bound_memory({share}, threads=2)
kept = bytearray(LEAST - 8 * MEBIBYTE)
try:
    bytearray({asked})
except MemoryError:
    print("refused")
else:
    print("had")
"""


@pytest.mark.parametrize(
    ("share", "asked", "expected"),
    [
        pytest.param(0, 256 * MEBIBYTE, "refused", id="beyond the least"),
        pytest.param(1024 * MEBIBYTE, 256 * MEBIBYTE, "had", id="within the share"),
        pytest.param(1024 * MEBIBYTE, 1024 * MEBIBYTE, "refused", id="beyond the share"),
    ],
)
def test_allocations_beyond_the_share_fail(share: int, asked: int, expected: str) -> None:
    code = BOUNDED.format(share=share, asked=asked)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected
