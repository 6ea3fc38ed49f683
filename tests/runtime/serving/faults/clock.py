"""A clock that jumps: what a server and all its processes take for the time of day."""

from pathlib import Path

from libfaketime import get_reload_information


class Clock:
    """Put before the system's own by ``environment``, as many seconds off as it is ``set`` to; monotonic clocks stay."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "clock"
        _, preloaded = get_reload_information()
        self.environment: dict[str, str] = {**preloaded, "FAKETIME_TIMESTAMP_FILE": str(self._path)}
        self.set(0)

    def set(self, seconds: int) -> None:
        """Jump."""
        fresh = self._path.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.replace(self._path)
