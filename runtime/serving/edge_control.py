"""The edge's control: what the server asks HAProxy, and changes in it while it runs, over its control socket."""

import asyncio
import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lading.core.errors import LadingError

PAYLOAD_BYTES = 32 * 1024
"""How much one command carries at most; HAProxy takes what fits in a buffer."""


class EdgeChangeError(LadingError):
    """The edge did not take a change; what it had before stays."""

    def __init__(self, what: str, answer: str) -> None:
        super().__init__(what, answer)
        self.what, self.answer = what, answer

    def __str__(self) -> str:
        return f"the edge (HAProxy) does not take the new {self.what}: {self.answer}"


class SilentEdgeError(ConnectionError):
    """HAProxy closed its control socket without the answer, as it does when it ends."""

    def __init__(self, command: str) -> None:
        super().__init__(command)
        self.command = command

    def __str__(self) -> str:
        return f"the edge (HAProxy) did not answer {self.command!r}"


class EdgeControl:
    """HAProxy's control socket at ``path``; every call raises ``OSError`` while HAProxy does not run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def ask(self, command: str, payload: str = "") -> str:
        """What HAProxy answers to one command; a payload is lines, none of them empty."""
        reader, writer = await asyncio.open_unix_connection(self.path)
        try:
            writer.write(f"{command} <<\n{payload}\n".encode() if payload else f"{command}\n".encode())
            said = await reader.read()
        finally:
            writer.close()
        if not said:  # every whole answer has an empty line at its end
            raise SilentEdgeError(command)
        return said.decode(errors="replace").strip()

    async def statistics(self) -> Sequence[Mapping[str, str]]:
        """A row for each frontend, backend and server."""
        rows = list(csv.DictReader((await self.ask("show stat")).removeprefix("# ").splitlines()))
        if not rows:
            raise SilentEdgeError("show stat")
        return rows

    async def change_map(self, file: Path, text: str) -> None:
        """Have the map ``file`` say ``text`` from one request to the next; raises ``EdgeChangeError``."""
        created = await self.ask(f"prepare map {file}")
        version = created.rpartition(" ")[2]
        if not version.isdigit():
            raise EdgeChangeError("API keys", created)
        for piece in _pieces(text.splitlines(keepends=True)):
            if answer := await self.ask(f"add map @{version} {file}", piece):
                await self.ask(f"clear map @{version} {file}")
                raise EdgeChangeError("API keys", answer)
        if answer := await self.ask(f"commit map @{version} {file}"):
            raise EdgeChangeError("API keys", answer)

    async def change_certificate(self, file: Path, text: str) -> None:
        """Show ``text`` in place of ``file`` on new connections; raises ``EdgeChangeError``."""
        await self._change("cert", file, [text], "certificate")

    async def change_authorities(self, file: Path, text: str) -> None:
        """Ask clients on new connections for certificates of ``text``; raises ``EdgeChangeError``."""
        certificates = text.replace("-----END CERTIFICATE-----\n", "-----END CERTIFICATE-----\n\0").split("\0")
        await self._change("ca-file", file, list(_pieces(certificates)), "certificates of authorities")

    async def _change(self, kind: str, file: Path, pieces: Sequence[str], what: str) -> None:
        answers = []
        for verb, piece in zip(["set", *["add"] * len(pieces)], pieces, strict=False):
            answers.append(await self.ask(f"{verb} ssl {kind} {file}", piece))
        answers.append(await self.ask(f"commit ssl {kind} {file}"))
        if not answers[-1].endswith("Success!"):
            await self.ask(f"abort ssl {kind} {file}")
            raise EdgeChangeError(what, " ".join(answers))


def _pieces(texts: Sequence[str]) -> Iterator[str]:
    """The texts, as many in one piece as a command carries."""
    piece = ""
    for text in texts:
        if piece and len(piece) + len(text) > PAYLOAD_BYTES:
            yield piece
            piece = ""
        piece += text
    if piece:
        yield piece
