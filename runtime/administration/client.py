"""The client: calls of the administration API, by a server's socket or by its port."""

import json
import socket
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lading.core.errors import ConflictError, IntegrityError, LadingError, PolicyError, UsageError
from lading.runtime.administration.state_folder import SOCKET

PATIENCE_SECONDS = 600.0
"""A server gives a change up before, and says so."""
KINDS: Mapping[int, type[LadingError]] = {
    kind.exit_code: kind for kind in (UsageError, ConflictError, IntegrityError, PolicyError)
}


class NoServerError(UsageError):
    """No server answers on the state folder."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder, self.reason = folder, reason

    def __str__(self) -> str:
        return (
            f"no server answers on the state folder {self.folder}: {self.reason}; start one with "
            f"`lading serve --state {self.folder}`, or name the folder of the one that runs"
        )


class Client:
    """Calls the administration of the server that runs on the state folder ``folder``; ``patience`` is in seconds."""

    def __init__(self, folder: Path, patience: float = PATIENCE_SECONDS) -> None:
        self._folder, self._patience = folder, patience

    def call(self, method: str, path: str, document: Mapping[str, object] | None = None) -> Any:
        """The answer, as JSON has it. Raises ``NoServerError``, and what the server refuses with its words and exit code."""
        connection = _Connection(str(self._folder / SOCKET), self._patience)
        body = None if document is None else json.dumps(document)
        try:
            connection.request(method, path, body, {"content-type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise NoServerError(str(self._folder), reason) from error
        finally:
            connection.close()
        if response.status >= 400:
            raise KINDS.get(answer.get("exit_code"), LadingError)(answer.get("error", f"status {response.status}"))
        return answer


def deployment(name: str, *, then: str = "") -> str:
    """The path of the deployment ``name``."""
    return f"/deployments/{quote(name, safe='')}{then}"


class _Connection(HTTPConnection):
    """HTTP over the unix socket at ``path``."""

    def __init__(self, path: str, patience: float) -> None:
        super().__init__("localhost", timeout=patience)
        self._path = path

    def connect(self) -> None:
        """Connect."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
