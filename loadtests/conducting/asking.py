"""Asking a server what it serves, before anything is measured."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import requests

from lading.bundles.bundle import Bundle
from lading.loadtests.conducting.errors import LockedError, NotReachableError, NotReadyError, OtherBundleError
from lading.loadtests.endpoint import Endpoint

PATIENCE_SECONDS = 10.0


def check_serves(endpoint: Endpoint, bundle: Bundle) -> None:
    """See that the server answers, is ready, and serves ``bundle``.

    Raises ``UnreadableFileError``, ``NotReachableError``, ``LockedError``, ``NotReadyError`` and ``OtherBundleError``.
    """
    endpoint.check_authorities()
    ready = _get(endpoint, f"/v2/models/{endpoint.deployment}/ready")
    if ready.status_code in (401, 403):
        raise LockedError(endpoint.url)
    if ready.status_code != 200:
        raise NotReadyError(endpoint.url, endpoint.deployment, _found(ready))
    told = _get(endpoint, f"/models/{endpoint.deployment}")
    try:
        document: Mapping[str, Any] = told.json()
        digest = str(document["digest"])
    except (ValueError, KeyError, TypeError):
        raise NotReadyError(endpoint.url, endpoint.deployment, "it does not say which bundle it serves") from None
    if digest != bundle.digest:
        found = f"{document.get('name')} {document.get('version')} ({digest})"
        manifest = bundle.manifest
        raise OtherBundleError(
            endpoint.url, endpoint.deployment, found, f"{manifest.name} {manifest.version} ({bundle.digest})"
        )


def answers(endpoint: Endpoint, seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether anybody answers there now, within so many ``seconds``."""
    try:
        _get(endpoint, "/v2/health/live", seconds)
    except NotReachableError:
        return False
    return True


def lading_of(endpoint: Endpoint) -> str | None:
    """The version of Lading that answers there, as far as it says."""
    try:
        told = _get(endpoint, "/v2").json()
    except (NotReachableError, ValueError):
        return None
    known = isinstance(told, dict) and told.get("name") == "lading"
    return str(told["version"]) if known and "version" in told else None


def text_of(url: str) -> str | None:
    """What is at ``url``; None where nothing is to be had."""
    try:
        with _directly() as session:
            found = session.get(url, timeout=PATIENCE_SECONDS)
    except requests.RequestException:
        return None
    return found.text if found.status_code == 200 else None


def _get(endpoint: Endpoint, path: str, seconds: float = PATIENCE_SECONDS) -> requests.Response:
    key = endpoint.key()
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    verify = True if endpoint.authorities is None else str(endpoint.authorities)
    try:
        with _directly() as session:
            return session.get(endpoint.url + path, headers=headers, verify=verify, timeout=seconds)
    except requests.RequestException as error:
        raise NotReachableError(endpoint.url, innermost(error)) from error


def _directly() -> requests.Session:
    """As the load goes: by no proxy of the environment's, and with no password of a ``.netrc``."""
    session = requests.Session()
    session.trust_env = False
    return session


def innermost(error: BaseException) -> str:
    """The innermost cause of ``error``, which says what the system said."""
    inner = error
    while (deeper := inner.__cause__ or inner.__context__) is not None:
        inner = deeper
    said = inner.strerror if isinstance(inner, OSError) else None
    return said or str(inner) or type(inner).__name__


def _found(answer: requests.Response) -> str:
    try:
        words = str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        words = answer.reason
    return f"{answer.status_code} {words}"[:300]


def wait_until(what: Callable[[], bool], seconds: float) -> bool:
    """Ask ``what()`` until it is true; whether it was in time."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
