"""The folder of reports: one result as JSON, HTML and JUnit, each file whole or not at all."""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lading.bundles.storage.atomic import explained, new_file
from lading.core.errors import LadingError
from lading.loadtests.reporting.document import document
from lading.loadtests.reporting.junit import junit
from lading.loadtests.reporting.page import html
from lading.loadtests.result import LoadTest

FILES: dict[str, Callable[[LoadTest], bytes]] = {"report.json": document, "report.html": html, "report.xml": junit}
"""What a folder of reports holds; the first, from which the others can be made again, is written first."""


class ReportLostError(LadingError):
    """Not all files of a report could be written."""

    def __init__(self, reason: str, written: tuple[str, ...], lost: tuple[str, ...]) -> None:
        super().__init__(reason, written, lost)
        self.reason, self.written, self.lost = reason, written, lost

    def __str__(self) -> str:
        if not self.written:
            return f"the report is lost: {self.reason}"
        return f"{', '.join(self.lost)} could not be written; {', '.join(self.written)} is there. {self.reason}"


def check_writable(folder: Path) -> None:
    """See that files can be written in ``folder``, or where it is to be made; raises what ``new_file`` does.

    Nothing is left there.
    """
    nearest = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    with explained(nearest, 0), tempfile.TemporaryFile(dir=nearest):
        pass


def write_reports(result: LoadTest, folder: Path) -> tuple[Path, ...]:
    """Write all of ``FILES`` into ``folder``, which is made where there is none; raises ``ReportLostError``."""
    return write_files({folder / name: make for name, make in FILES.items()}, result)


def write_files(makers: dict[Path, Callable[[LoadTest], bytes]], result: LoadTest) -> tuple[Path, ...]:
    """Write files of a report in this order; raises ``ReportLostError`` that says which are there and which are not."""
    written: list[Path] = []
    for path, make in makers.items():
        try:
            _write(path, make(result))
        except LadingError as error:
            lost = tuple(str(one) for one in makers if one not in written)
            raise ReportLostError(str(error), tuple(map(str, written)), lost) from error
        written.append(path)
    return tuple(written)


def _write(path: Path, content: bytes) -> None:
    with suppress(OSError):  # what keeps the folder from being made keeps the file from being written, which says why
        path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path, len(content)) as stream:
        stream.write(content)
