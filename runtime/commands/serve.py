"""``lading serve``: bundles become a server."""

import asyncio
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.markup import escape

from lading.bundles.commands.trusting import Mode, TrustFile
from lading.core.console import print_alert, progress, reports
from lading.core.log_line import print_log_line
from lading.core.settings import Settings
from lading.runtime.commands.administering import AllowOlder
from lading.runtime.requests.tracing import is_traced
from lading.runtime.serving.line_relay import LineRelay
from lading.runtime.serving.published import reachable_by_others
from lading.runtime.serving.server import Ready, Server
from lading.runtime.serving.voice import Voice, as_json


def serve(
    context: typer.Context,
    bundles: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Bundles: archives or folders; none are needed with --state.", metavar="BUNDLE...", show_default=False
        ),
    ] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen at.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="The port.", min=1, max=65535, show_default="8080")] = None,
    grpc_port: Annotated[
        int | None, typer.Option(help="The port for gRPC.", min=1, max=65535, show_default="none")
    ] = None,
    replicas: Annotated[
        int | None, typer.Option(help="Processes that hold the models.", min=1, show_default="the CPU quota")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Threads for one inference.", min=1, show_default="1")] = None,
    deadline: Annotated[
        list[str] | None,
        typer.Option(
            help="How long a request may take, in seconds; NAME=SECONDS for one deployment, and again for others.",
            metavar="[NAME=]SECONDS",
            show_default="30",
        ),
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(help="The file of API keys that `lading keys` keeps.", show_default="no keys")
    ] = None,
    tls_certificate: Annotated[
        Path | None, typer.Option(help="The server's certificate, in PEM.", show_default="no TLS")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(help="Its private key, in PEM.", show_default="in the certificate's file")
    ] = None,
    tls_client_ca: Annotated[
        Path | None, typer.Option(help="Who vouches for clients, in PEM.", show_default="clients need no certificate")
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            help="The folder of what is deployed, which outlives the server and `lading deploy` changes.",
            show_default="nothing is kept",
        ),
    ] = None,
    policy: Mode = None,
    trust: TrustFile = None,
    allow_older: AllowOlder = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON when the server is ready, for a program.")
    ] = False,
) -> None:
    """Serve bundles: predictions, lineage and a page for people, on one port.

    SIGTERM or Ctrl-C stops it when the requests that it accepted are answered; SIGHUP reads the bundles and the trust
    file again and replaces every replica, without losing a request. Keys and certificates are read again when their
    files change. Every option is also a variable: LADING_PORT and so on.

    Examples:

        lading serve penguins.lading

        lading serve penguins.lading churn.lading --host 0.0.0.0 --port 80

        lading serve penguins.lading --grpc-port 9000

        lading serve penguins.lading churn.lading --deadline 10 --deadline churn=2.5

        lading serve penguins.lading --state deployed

        lading serve penguins.lading --trust trust.toml

        lading serve penguins.lading --host 0.0.0.0 --keys keys.txt --tls-certificate tls.crt --tls-key tls.key
    """
    given: dict[str, object] = {
        "host": host,
        "port": port,
        "grpc_port": grpc_port,
        "replicas": replicas,
        "threads": threads,
    }
    files = {"keys_file": keys, "tls_certificate": tls_certificate, "tls_key": tls_key, "tls_client_ca": tls_client_ca}
    files |= {"state_folder": state, "trust": trust}
    given |= {"policy": policy, "allow_older": allow_older or None}
    settings = _settings(context.obj, given | files | _deadlines(context.obj, deadline))
    if not bundles and settings.state_folder is None:
        raise typer.BadParameter("name a bundle at least, or a folder of what is deployed with --state")
    is_traced(settings, os.environ)  # or why it cannot be
    _warn_of_strangers(settings)
    structured = settings.log_format == "json"
    announce = _announce_json if json else _announce
    with _relay(structured) as relay, _voice(relay, structured) as (voice, quiet):
        log = relay.descriptor if settings.access_log else None

        def lost() -> int:
            return relay.dropped + voice.lost

        def ready(server: Ready) -> None:
            quiet()
            announce(server)

        raise SystemExit(asyncio.run(Server(bundles or [], settings, voice, ready, log, lost).run()))


def _settings(settings: Settings, given: dict[str, object]) -> Settings:
    """The settings, with what the command line says otherwise."""
    return settings.model_copy(update={name: value for name, value in given.items() if value is not None})


def _deadlines(settings: Settings, given: list[str] | None) -> dict[str, object]:
    """What ``--deadline`` changes of the settings."""
    found: dict[str, object] = {}
    by_name = dict(settings.deadlines)
    for text in given if given is not None else []:
        name, named, seconds = text.rpartition("=")
        try:
            value = float(seconds)
        except ValueError:
            value = math.nan
        if not 0 < value < math.inf or (named and not name):
            expected = "give seconds, as in --deadline 10, or a deployment and seconds, as in --deadline churn=2.5"
            raise typer.BadParameter(f"{text!r} is no deadline; {expected}", param_hint="--deadline")
        if named:
            by_name[name] = value
        else:
            found["request_seconds"] = value
    return found | {"deadlines": by_name}


def _warn_of_strangers(settings: Settings) -> None:
    if settings.keys_file is None and settings.tls_certificate is None and reachable_by_others(settings.host):
        words = (
            f"whoever can reach {settings.host} may ask this server, and read what others ask it: --keys asks for API "
            "keys, --tls-certificate and --tls-key encrypt, --tls-client-ca asks for certificates"
        )
        if settings.log_format == "json":
            print_log_line(words, "warning")
        else:
            print_alert(words)


def _announce_json(server: Ready) -> None:
    models = [bundle.model_dump(include={"name", "version", "digest"}) for bundle in server.desired.bundles]
    document = {"address": server.address, "pid": os.getpid(), "replicas": server.replicas, "models": models}
    if server.grpc is not None:
        document["grpc"] = server.grpc
    sys.stdout.write(orjson.dumps(document).decode() + "\n")
    sys.stdout.flush()


def _announce(server: Ready) -> None:
    out = reports()
    replicas = "1 replica" if server.replicas == 1 else f"{server.replicas} replicas"
    also = "" if server.grpc is None else f", gRPC at [bold]{escape(server.grpc)}[/]"
    out.print(f"[bold green]ready[/] at [bold]{escape(server.address)}[/]{also} ({replicas}; Ctrl-C stops)")
    for bundle in server.desired.bundles:
        out.print(f"  [bold]{escape(bundle.name)}[/] {escape(bundle.version)}  {bundle.digest}")
    if not server.desired.bundles:
        out.print("nothing is deployed yet: lading deploy NAME BUNDLE", style="dim")
        return
    name = server.desired.bundles[0].name
    out.print("ask what a model takes, where it comes from, and try it in a browser:", style="dim")
    out.print(f"  curl {server.address}/models/{name}", markup=False)
    out.print(f"  curl {server.address}/lineage", markup=False)
    out.print(f"  {server.address}/", markup=False)
    out.file.flush()


@contextmanager
def _relay(structured: bool) -> Iterator[LineRelay]:
    with ExitStack() as opened:
        # Python has no standard error where it was started with that closed.
        target = sys.stderr or opened.enter_context(Path(os.devnull).open("w"))
        relay = LineRelay(target.fileno(), as_json if structured else None)
        opened.callback(relay.close)
        yield relay


@contextmanager
def _voice(relay: LineRelay, structured: bool) -> Iterator[tuple[Voice, Callable[[], None]]]:
    """What tells of progress, and what ends the display of it: a spinner in a terminal, else lines."""
    console = progress()
    if structured or not console.is_terminal:
        yield Voice(relay.write, structured), (lambda: None)
        return
    status = console.status("starting")

    def tell(text: str) -> None:
        status.update(escape(text))
        if not live:
            console.print(text, markup=False)

    live = True

    def quiet() -> None:
        nonlocal live
        live = False
        status.stop()

    with status:
        yield Voice(tell), quiet
