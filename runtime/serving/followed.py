"""Followed files: what an operator keeps in files becomes a file of the edge, and becomes it anew when it changes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from lading.bundles.storage.atomic import new_file
from lading.core.errors import LadingError
from lading.runtime.serving.edge_control import EdgeChangeError


class Followed:
    """The operator's files ``paths``, which as ``file`` of the edge hold what ``read`` makes of them.

    ``read`` raises a ``LadingError`` when they are broken; ``change`` has a running edge take a new text for ``file``,
    and raises ``EdgeChangeError``, or ``ConnectionError`` or ``FileNotFoundError`` when no edge runs.
    """

    def __init__(
        self,
        what: str,
        paths: Sequence[Path],
        file: Path,
        read: Callable[[], str],
        change: Callable[[Path, str], Awaitable[None]],
    ) -> None:
        self._what, self._paths, self._file, self._read, self._change = what, paths, file, read, change
        self._seen = self._done = self._state()
        self._trouble = ""
        self._held = ""
        self._hold(read())

    async def look(self, tell: Callable[[str], None], *, now: bool = False) -> None:
        """Take what changed, once two looks found the same, or ``now``.

        When it is broken the old stays, which is told once.
        """
        before, self._seen = self._seen, self._state()
        if self._seen == self._done or not (now or self._seen == before):
            return
        try:
            if await self._take():
                tell(f"the {self._what} changed and were read again")
        except LadingError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                tell(f"the {self._what} stay as they were: {error}")

    async def _take(self) -> bool:
        """Whether the files were taken; not while they change, nor while the edge is being started again."""
        state = self._seen
        text = await asyncio.to_thread(self._read)
        if self._state() != state:  # a key may be read beside the certificate that it replaces
            return False
        changed = text != self._held
        if changed and not await self._pass_on(text):
            return False
        self._done, self._trouble = state, ""
        return changed

    async def _pass_on(self, text: str) -> bool:
        before = self._held
        self._hold(text)
        try:
            await self._change(self._file, text)
        except (ConnectionError, FileNotFoundError):
            self._held = ""  # whichever text the next edge begins with, it is told of this one
            return False
        except EdgeChangeError:
            self._hold(before)
            raise
        return True

    def _hold(self, text: str) -> None:
        """Write what the edge reads when it starts."""
        data = text.encode()
        with new_file(self._file, len(data), private=True) as stream:
            stream.write(data)
        self._held = text

    def _state(self) -> object:
        return tuple(_state(path) for path in self._paths)


def _state(path: Path) -> tuple[int, ...] | None:
    """What changes whenever a file does, a link to it is turned, or another is put in its place."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
