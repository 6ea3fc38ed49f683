"""A folder of reports is written whole, the JSON first, and says what is lost where the disk is full."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lading.loadtests.reporting.document import read_result
from lading.loadtests.reporting.folder import FILES, ReportLostError, write_reports
from tests.loadtests.results import plain_result

FULL = """
import sys
from pathlib import Path

from lading.loadtests.reporting.folder import ReportLostError, write_reports
from tests.loadtests.results import plain_result

volume = Path(sys.argv[1])
try:
    write_reports(plain_result(seconds=10.0), volume / "reports")
except ReportLostError as error:
    print(error)
print(sorted(path.name for path in (volume / "reports").iterdir()))
"""


def test_all_files_are_written(tmp_path: Path) -> None:
    result = plain_result(seconds=2.0)
    folder = tmp_path / "some" / "where"
    assert write_reports(result, folder) == tuple(folder / name for name in FILES)
    assert sorted(os.listdir(folder)) == sorted(FILES)
    assert read_result(folder / "report.json") == result
    write_reports(plain_result(seconds=3.0), folder)
    assert read_result(folder / "report.json") != result
    assert sorted(os.listdir(folder)) == sorted(FILES)


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small volume in a namespace of its own")
@pytest.mark.parametrize(
    ("size", "there", "said"),
    [
        pytest.param("8k", [], "the report is lost: no space left on the volume of", id="not even the JSON"),
        pytest.param("48k", ["report.json"], "report.html", id="the JSON alone"),
    ],
)
def test_a_full_disk_is_said_with_what_is_lost(size: str, there: list[str], said: str, tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    mount = f'mount -t tmpfs -o size={size} none {volume} && exec "$0" "$@"'
    own = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    ended = subprocess.run(
        [*own, "sh", "-c", mount, sys.executable, "-c", FULL, str(volume)], capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    *words, files = ended.stdout.splitlines()
    assert files == str(there)
    assert said in words[0]
    assert f"volume of {volume}" in words[0]


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("mine")
    with pytest.raises(ReportLostError, match=r"report is lost: cannot write into .*reports"):
        write_reports(plain_result(seconds=1.0), tmp_path / "reports")
    assert (tmp_path / "reports").read_text() == "mine"
