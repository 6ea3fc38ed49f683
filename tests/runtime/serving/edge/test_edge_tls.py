"""TLS at the edge: who is shown which certificate, whose certificate is asked for, and how both change."""

import http.client
import socket
import ssl
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.authority import Authority
    from tests.runtime.serving.edge.conftest import EdgeAlone

    Begin = Callable[..., EdgeAlone]
    Make = Callable[[str], Authority]


@pytest.fixture
def ours(authority: "Make") -> "Authority":
    """Who vouches for the server."""
    return authority("ours")


@pytest.fixture
def theirs(authority: "Make") -> "Authority":
    """Who vouches for clients."""
    return authority("theirs")


def put(pair: tuple[Path, Path], link: Path) -> None:
    """Have ``link`` lead to a folder with a certificate and its key, in one step, as Kubernetes does with a secret."""
    folder = Path(tempfile.mkdtemp(dir=link.parent))
    for old, name in zip(pair, ("tls.crt", "tls.key"), strict=True):
        old.rename(folder / name)
    fresh = folder.with_suffix(".link")
    fresh.symlink_to(folder)
    fresh.replace(link)


@pytest.fixture
def pair(ours: "Authority", tmp_path: Path) -> tuple[Path, Path]:
    """The server's certificate and its key."""
    put(ours.vouch("server"), link := tmp_path / "secret")
    return link / "tls.crt", link / "tls.key"


@pytest.fixture
def edge(begin: "Begin", pair: tuple[Path, Path]) -> "EdgeAlone":
    """An edge that speaks TLS."""
    return begin(tls_certificate=pair[0], tls_key=pair[1], access_log=True)


@pytest.fixture
def closed(begin: "Begin", pair: tuple[Path, Path], theirs: "Authority") -> "EdgeAlone":
    """An edge that asks clients for certificates too."""
    return begin(tls_certificate=pair[0], tls_key=pair[1], tls_client_ca=theirs.certificate, access_log=True)


def trusting(maker: "Authority", client: tuple[Path, Path] | None = None) -> ssl.SSLContext:
    """What a client trusts, and what it shows."""
    context = ssl.create_default_context(cafile=str(maker.certificate))
    if client is not None:
        context.load_cert_chain(*client)
    return context


def connected(edge: "EdgeAlone", context: ssl.SSLContext) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", edge.port), timeout=20)
    return context.wrap_socket(plain, server_hostname="localhost")


def status(edge: "EdgeAlone", context: ssl.SSLContext) -> int:
    """What a client is answered that connects anew."""
    return httpx.get(f"https://localhost:{edge.port}/v2", verify=context).status_code


def shown(edge: "EdgeAlone", maker: "Authority") -> bytes | None:
    """The certificate that a client is shown which connects anew."""
    with closing(connected(edge, trusting(maker))) as found:
        return found.getpeercert(binary_form=True)


def served(path: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(path.read_text())


def test_a_client_that_trusts_who_vouches_is_answered(edge: "EdgeAlone", ours: "Authority") -> None:
    assert status(edge, trusting(ours)) == 200
    (line,) = edge.log(1)
    assert (line["status"], line["certificate"]) == (200, "-")


def test_others_are_not(edge: "EdgeAlone", theirs: "Authority") -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        status(edge, trusting(theirs))
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"http://localhost:{edge.port}/v2")
    assert edge.heads == []


def test_http_is_spoken_and_no_protocol_that_was_not_asked_for(edge: "EdgeAlone", ours: "Authority") -> None:
    context = trusting(ours)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with closing(connected(edge, context)) as found:
        assert found.selected_alpn_protocol() == "http/1.1"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_each_version_is_spoken_with_forward_secrecy(
    edge: "EdgeAlone", ours: "Authority", version: ssl.TLSVersion
) -> None:
    context = trusting(ours)
    context.minimum_version = context.maximum_version = version
    with closing(connected(edge, context)) as found:
        cipher = found.cipher()
    assert cipher is not None
    assert cipher[0].startswith(("ECDHE-", "TLS_"))


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
@pytest.mark.parametrize("weak", ["TLS 1.1", "AES128-SHA", "ECDHE-ECDSA-AES128-SHA256"])
def test_old_versions_and_weak_ciphers_are_not(edge: "EdgeAlone", ours: "Authority", weak: str) -> None:
    context = trusting(ours)
    if weak == "TLS 1.1":
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    else:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(weak)
    with pytest.raises(ssl.SSLError):
        connected(edge, context)


def test_a_client_with_a_certificate_is_answered_and_named(
    closed: "EdgeAlone", ours: "Authority", theirs: "Authority"
) -> None:
    assert status(closed, trusting(ours, theirs.vouch('client "one"\\'))) == 200
    (line,) = closed.log(1)
    assert line["certificate"] == 'client "one"\\'
    assert "client" not in closed.heads[0].lower()


def refused(edge: "EdgeAlone", context: ssl.SSLContext) -> bool:
    """Whether the connection ends without an answer; by TLS 1.3 a client learns of it when it reads."""
    try:
        status(edge, context)
    except (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError):
        return True
    return False


def test_who_shows_no_certificate_or_another_is_refused(
    closed: "EdgeAlone", ours: "Authority", theirs: "Authority"
) -> None:
    assert refused(closed, trusting(ours))
    assert refused(closed, trusting(ours, ours.vouch("client")))
    assert refused(closed, trusting(ours, theirs.vouch("client", (-30, -1))))
    assert closed.heads == []
    assert all(line["connection"].startswith("SSL ") for line in closed.log(3))


@pytest.fixture
def load(edge: "EdgeAlone", ours: "Authority") -> Iterator[Counter[str]]:
    """What somebody is answered who asks all the time, every other time over a fresh connection."""
    answers, stop, context = Counter[str](), threading.Event(), trusting(ours)

    def run() -> None:
        with httpx.Client(verify=context) as kept:
            while not stop.is_set():
                answers[f"kept {kept.get(f'https://localhost:{edge.port}/v2').status_code}"] += 1
                answers[f"fresh {status(edge, context)}"] += 1

    thread = threading.Thread(target=run)
    thread.start()
    yield answers
    stop.set()
    thread.join()


def test_a_renewed_certificate_is_shown_to_who_connects_and_nobody_is_disconnected(
    edge: "EdgeAlone", ours: "Authority", pair: tuple[Path, Path], load: Counter[str]
) -> None:
    with closing(http.client.HTTPSConnection("localhost", edge.port, context=trusting(ours))) as before:
        before.request("GET", "/v2")
        assert before.getresponse().read() == b"{}"
        for _ in range(3):
            put(ours.vouch("server"), pair[0].parent)
            edge.until(lambda: shown(edge, ours) == served(pair[0]))
        kept = before.sock
        before.request("GET", "/v2")
        assert before.getresponse().read() == b"{}"
        assert before.sock is kept
    assert set(load) == {"kept 200", "fresh 200"}
    edge.until(lambda: edge.said == ["the certificate and its key changed and were read again"] * 3)


def test_half_a_pair_and_other_broken_files_change_nothing(
    edge: "EdgeAlone", ours: "Authority", pair: tuple[Path, Path]
) -> None:
    first = served(pair[0])
    for broken, words in (
        (ours.vouch("server"), "give the two of one pair"),
        (ours.vouch("server", (-30, -1)), "renew it"),
        (ours.vouch("server"), "no certificate in PEM"),
    ):
        if "pair" in words:
            broken[1].write_bytes(pair[1].read_bytes())
        if "PEM" in words:
            broken[0].write_text("nothing")
        put(broken, pair[0].parent)
        edge.until_said(words)
        assert edge.said[-1].startswith("the certificate and its key stay as they were: ")
        assert shown(edge, ours) == first
    put(ours.vouch("server"), pair[0].parent)
    edge.until(lambda: shown(edge, ours) == served(pair[0]))


def test_other_authorities_let_other_clients_in(
    closed: "EdgeAlone", ours: "Authority", theirs: "Authority", authority: "Make"
) -> None:
    one = trusting(ours, theirs.vouch("one"))
    others = authority("others")
    two = trusting(ours, others.vouch("two"))
    assert status(closed, one) == 200
    assert refused(closed, two)
    many = "".join(authority(f"a{number}").certificate.read_text() for number in range(100))
    theirs.certificate.write_text(many + others.certificate.read_text())
    closed.until(lambda: not refused(closed, two))
    assert refused(closed, one)


def test_a_session_does_not_outlive_who_vouched_for_it(
    closed: "EdgeAlone", ours: "Authority", theirs: "Authority"
) -> None:
    context = trusting(ours, theirs.vouch("one"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with closing(connected(closed, context)) as first:
        first.sendall(b"GET /v2 HTTP/1.1\r\nhost: a\r\n\r\n")
        assert first.recv(100).startswith(b"HTTP/1.1 200")
        session = first.session
    plain = socket.create_connection(("127.0.0.1", closed.port), timeout=20)
    with closing(context.wrap_socket(plain, server_hostname="localhost", session=session)) as second:
        assert not second.session_reused


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02"], ids=["nothing", "half of a greeting"])
def test_a_handshake_that_stalls_ends_when_headers_would(begin: "Begin", pair: tuple[Path, Path], sent: bytes) -> None:
    edge = begin(tls_certificate=pair[0], tls_key=pair[1], header_seconds=0.3, stall_seconds=3600)
    with socket.create_connection(("127.0.0.1", edge.port), timeout=20) as client:
        client.sendall(sent)
        assert client.recv(1) == b""


def test_an_answer_may_take_longer_than_a_handshake(begin: "Begin", pair: tuple[Path, Path], ours: "Authority") -> None:
    edge = begin(tls_certificate=pair[0], tls_key=pair[1], header_seconds=2)
    with closing(connected(edge, trusting(ours))) as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n")
        edge.until(lambda: len(edge.heads) == 1)
        time.sleep(3)
        edge.do(edge.release())
        assert client.recv(100).startswith(b"HTTP/1.1 200")


def test_only_the_owner_can_read_the_key_that_the_edge_has(edge: "EdgeAlone") -> None:
    file = edge.folder / "certificate.pem"
    assert "PRIVATE KEY" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
