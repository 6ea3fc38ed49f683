"""The edge's rules, held at a running edge: what it takes off a request, and what no request finds here."""

import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from tests.runtime.serving.answering import Fronted, fronted, replies

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what Ray's own modules warn of while they are imported
    from ray.serve._private import constants, http_util

OURS = {b"host", b"accept", b"x-request-id"}


class Seeing(Application):
    """Remembers what it is asked."""

    def __init__(self, deployments: Deployments) -> None:
        super().__init__(deployments, Settings())
        self.seen: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/v2/health/ready":
            self.seen.append(scope)
        await super().__call__(scope, receive, send)


@pytest.fixture(scope="module")
def edge(bundles: dict[str, Path]) -> Iterator[Fronted[Seeing]]:
    limits = Settings(header_bytes=4096, header_fields=20, target_bytes=500, idle_seconds=1)
    with fronted(Seeing(Deployments.load([bundles["cells"]])), limits) as one:
        yield one


def request(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: a", "Connection: close", *headers, "", ""]).encode()


def seen(edge: Fronted[Seeing], *headers: str) -> Scope:
    """What the replica is asked when a client sends these headers."""
    edge.replica.app.seen.clear()
    edge.says(request("/models", *headers))
    (scope,) = edge.replica.app.seen
    return scope


@pytest.mark.parametrize(
    "name",
    [
        constants.SERVE_HTTP_REQUEST_TIMEOUT_S_HEADER,
        constants.SERVE_HTTP_REQUEST_DISCONNECT_DISABLED_HEADER,
        constants.SERVE_MULTIPLEXED_MODEL_ID,
        constants.SERVE_MULTIPLEXED_MODEL_ID.replace("_", "-"),
        constants.SERVE_SESSION_ID,
        constants.SERVE_SESSION_ID.replace("-", "_").upper(),
        constants.SERVE_INGRESS_ROUTER_HEADER_PREFIX + "replica",
        "Upgrade",
    ],
)
def test_headers_that_ray_would_obey_are_dropped(edge: Fronted[Seeing], name: str) -> None:
    assert {header for header, _ in seen(edge, f"{name}: 0", "Accept: a")["headers"]} == OURS


def test_ray_knows_no_header_that_was_not_looked_at() -> None:
    known = {name for name in vars(constants) if "HEADER" in name and "RAY_SERVE" not in name}
    assert known == {
        "SERVE_HTTP_REQUEST_ID_HEADER",  # ours: checked, or made
        "SERVE_HTTP_REQUEST_TIMEOUT_S_HEADER",
        "SERVE_HTTP_REQUEST_DISCONNECT_DISABLED_HEADER",
        "SERVE_INGRESS_ROUTER_HEADER_PREFIX",
    }
    parsers = {name for name in vars(http_util) if name.startswith("parse_") and name.endswith("_header")}
    assert parsers == {"parse_request_timeout_header", "parse_disconnect_disabled_header", "parse_session_id_header"}


def test_what_a_client_says_of_who_it_is_changes_nothing(edge: Fronted[Seeing]) -> None:
    said = "X-Forwarded-For: 9.9.9.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: b", "X-Real-IP: 9.9.9.9"
    plain, claimed = seen(edge), seen(edge, *said, "Forwarded: for=9.9.9.9;proto=https;host=b")
    for part in ("client", "scheme", "server", "path", "root_path"):
        assert plain[part] == claimed[part]


@pytest.mark.parametrize(
    "path",
    [
        *("/-/routes", "/-/healthz", "/docs", "/redoc", "/metrics", "/stats", "/haproxy?stats", "/debug"),
        *("/api/jobs/", "/api/serve/applications/", "/api/version", "/internal/route", "/..", "/%2e%2e/etc"),
    ],
)
def test_nothing_of_ray_or_of_haproxy_is_found(edge: Fronted[Seeing], path: str) -> None:
    ((status, _, body),) = replies(edge.says(request(path)))
    assert status == 404
    assert isinstance(body, dict)
    assert "nothing answers on" in body["error"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request("/" + "a" * 500), 414),
        (request("/", "X: " + "a" * 4100), 431),
        (request("/", *["X: a"] * 20), 431),
        (request("/", "X: \x7f"), 400),
        (request("/").replace(b"GET", b"BREW"), 501),
        (request("/").replace(b"HTTP/1.1", b"HTTP/1.5"), 505),
        (request("/").replace(b"Host: a\r\n", b""), 400),
        (request("/nothing"), 404),
        (request("/models/cells/predict"), 405),
        (request("/", "Content-Length: 99999999999"), 413),
    ],
)
def test_an_error_gives_nothing_away(edge: Fronted[Seeing], sent: bytes, status: int) -> None:
    ((found, headers, body),) = replies(edge.says(sent))
    assert found == status
    assert isinstance(body, dict)
    assert all(len(text) <= 256 for text in body.values())
    everything = (str(headers) + str(body)).lower()
    telling = [
        "haproxy",
        "uvicorn",
        "starlette",
        "ray",
        "python",
        "traceback",
        "/tmp",
        "slot",
        "localhost",
        "127.0.0.1",
    ]
    assert [word for word in telling if word in everything] == []
    assert version("lading") not in everything
    assert "server" not in headers


@pytest.mark.parametrize("headers", [["X: a"] * 17, ["X: " + "a" * 3900]])
def test_what_is_within_the_limits_is_answered(edge: Fronted[Seeing], headers: list[str]) -> None:
    ((status, _, _),) = replies(edge.says(request("/models?" + "a" * 490, *headers)))
    assert status == 200
