"""Whole files: what processes tell one another in the run folder, read whole or not at all."""

import os
from pathlib import Path


def put_whole(path: Path, data: bytes) -> None:
    """Have the file at ``path`` hold ``data``, from one moment to the next; raises ``OSError``.

    What is being written ends with ``~``, so that nobody who looks for a suffix finds it.
    """
    fresh = path.with_name(f"{path.name}~")
    fresh.write_bytes(data)
    os.replace(fresh, path)
