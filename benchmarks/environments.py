"""The environments of the peers: each has one of its own under ``.peers``, since what they depend on conflicts."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from lading.core.errors import LadingError

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "benchmarks" / "peers"
INSTALLED = ROOT / ".peers"


class PeerNotInstalledError(LadingError):
    """What a peer needs could not be installed."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name, self.reason = name, reason

    def __str__(self) -> str:
        return f"it could not be installed: {self.reason}"


def requirements(name: str) -> list[str]:
    """What a peer's environment holds: its pinned packages, and ONNX Runtime in the release that is installed here."""
    lines = (PEERS / name / "requirements.txt").read_text().split()
    return [*lines, f"onnxruntime=={version('onnxruntime')}"]


def programs(name: str) -> Path:
    """The folder of the programs in a peer's environment, which is made, or made anew, where need be.

    Raises ``PeerNotInstalledError``.
    """
    folder, wanted = INSTALLED / name, requirements(name)
    stamp = folder / ".installed"
    if not stamp.exists() or stamp.read_text().split() != wanted:
        print(f"Installing {name} into {folder.relative_to(ROOT)} (once, a minute or so)", file=sys.stderr, flush=True)
        _run(name, [sys.executable, "-m", "venv", "--clear", str(folder)])
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run(name, [*pip, *wanted])
        stamp.write_text("\n".join(wanted))
    return folder / "bin"


def _run(name: str, command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise PeerNotInstalledError(name, (done.stderr.strip() or done.stdout.strip()).splitlines()[-1])
