"""What a command line asks that cannot be done is refused before anything is started."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

LADING = Path(sys.executable).with_name("lading")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.lading"], "there is no file or folder nowhere.lading"),
        (["http://127.0.0.1:9"], "add --bundle FILE"),
        (["http://127.0.0.1:9", "--bundle", "BUNDLE"], "no server answers at http://127.0.0.1:9: "),
        (["BUNDLE", "--slo", "p99~5"], "write p50, p90"),
        (["BUNDLE", "--slo", "p99=baseline+10%"], "add --baseline BUNDLE"),
        (["BUNDLE", "--regression", "10%"], "add --baseline BUNDLE"),
        (["BUNDLE", "--baseline", "nothing.lading"], "there is no file or folder nothing.lading"),
        (["BUNDLE", "--out", "/proc/reports"], "cannot write into /proc"),
        (["BUNDLE", "--out", "BUNDLE"], "cannot write into "),
        (["https://127.0.0.1:9", "--bundle", "BUNDLE", "--ca", "nothing.pem"], "nothing.pem cannot be read: No such file"),
        (["BUNDLE", "--rows", "1:x"], "'1:x' is no mix of rows"),
        (["BUNDLE", "--protocol", "soap"], "'named', 'v2', 'v2-binary' or 'invocations'"),
        (["BUNDLE", "--rate", "-1"], "rate: "),
        (["BUNDLE", "--baseline", "BUNDLE", "--shape", "ramp"], "a baseline is compared at a constant rate"),
        (["BUNDLE", "--baseline", "nothing.json"], "nothing.json cannot be read"),
        (["BUNDLE", "--project", "nothing.toml"], "nothing.toml cannot be read"),
        (["http://127.0.0.1:9", "--bundle", "BUNDLE", "--image", "x"], "an image is for a bundle that is served here"),
        (["http://127.0.0.1:9", "--bundle", "BUNDLE", "--baseline", "BUNDLE"], "--baseline-url"),
    ],
)  # fmt: skip
def test_it_is_refused(bundle_paths: Mapping[str, Path], arguments: list[str], said: str, tmp_path: Path) -> None:
    bundle = str(bundle_paths["cells"])
    command = [str(LADING), "loadtest", *(bundle if one == "BUNDLE" else one for one in arguments)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 2, ran.stderr
    assert said in ran.stderr
    assert not list(tmp_path.iterdir())
