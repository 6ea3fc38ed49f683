"""``lading deploy``: a bundle answers to a name, on a server that goes on answering."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from lading.bundles.commands.trusting import Mode, TrustFile, alert, asked
from lading.core.console import Meter, print_alert
from lading.core.settings import MEBIBYTE, Limits
from lading.runtime.commands.administering import AllowOlder, Json, Name, State, Why, report, state_folder, wish

if TYPE_CHECKING:
    from lading.bundles.bundle import Bundle
    from lading.bundles.signing.policy import Policy

STANDARD_INPUT = "-"
PIECE_BYTES = MEBIBYTE
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def deploy(
    context: typer.Context,
    name: Name,
    bundle: Annotated[
        str,
        typer.Argument(
            help="An archive, a folder, - for an archive on standard input, or the digest of a bundle that the server has.",
            show_default=False,
        ),
    ],
    canary: Annotated[
        str | None,
        typer.Option(
            help="Have it answer this share of the requests, as in 10%, and what answers now the rest.",
            metavar="SHARE",
            show_default=False,
        ),
    ] = None,
    max_failures: Annotated[
        str | None,
        typer.Option(
            help="Abort the canary when its share of failures is larger by this, as in 2%.",
            metavar="SHARE",
            show_default="no limit",
        ),
    ] = None,
    max_slowdown: Annotated[
        float | None,
        typer.Option(help="Abort the canary when an answer takes this many times as long.", show_default="no limit"),
    ] = None,
    max_drift: Annotated[
        float | None,
        typer.Option(
            help="Abort the canary when a field of what it is asked has drifted by more than this index.",
            show_default="no limit",
        ),
    ] = None,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Have it asked the same, and only compare its answers.")
    ] = False,
    policy: Mode = None,
    trust: TrustFile = None,
    allow_older: AllowOlder = False,
    state: State = None,
    why: Why = "",
    json: Json = False,
) -> None:
    """Have a bundle answer to a name on a running server, without losing a request.

    Every replica loads it, replays its golden rows and warms up beside what answers; then all turn to it. When one
    cannot, nothing changes, and what is said tells why. The server is one that was started with `--state FOLDER`. It
    asks by its own policy; `--policy` and `--trust` ask before the bundle is brought to it.

    Examples:

        lading deploy penguins penguins-1.1.0.lading --state deployed

        lading deploy churn churn-2.0.0.lading --why "trained on the data of May"

        lading deploy churn churn-2.0.0.lading --canary 10% --max-failures 1% --max-slowdown 2

        lading deploy churn churn-2.0.0.lading --shadow

        docker exec -i server lading deploy churn - < churn-2.0.0.lading

        lading deploy churn churn-1.0.0.lading --allow-older --why "the new one was wrong"
    """
    if canary is not None and shadow:
        raise typer.BadParameter("a bundle is either a canary or a shadow", param_hint="--canary, --shadow")
    if canary is None and any(limit is not None for limit in (max_failures, max_slowdown, max_drift)):
        raise typer.BadParameter("limits are for a canary; give --canary, too", param_hint="--max-…")
    limits = {"failures": _share(max_failures, "--max-failures"), "slowdown": max_slowdown, "drift": max_drift}
    trial = {} if canary is None else {"share": _share(canary, "--canary"), "limits": limits}
    then = "/canary" if canary is not None else "/shadow" if shadow else ""
    from lading.runtime.administration.client import Client, deployment
    from lading.runtime.administration.state_folder import StateFolder

    folder = state_folder(context.obj, state)
    vet = partial(_vet, asked(context.obj, policy, trust))
    client = Client(folder)
    client.call("GET", "/deployments")  # before gigabytes are copied for no one
    digest = bundle
    if not DIGEST.fullmatch(bundle):
        with _archive(bundle, folder, context.obj) as path, Meter(f"checking {path.name}") as meter:
            _, brought = StateFolder(folder, context.obj, print_alert).bring(path, meter.show, vet)
        digest = brought.digest
    wished = {"digest": digest, "allow_older": allow_older, **trial, **wish(why)}
    report(client.call("PUT", deployment(name, then=then), wished), json)


@contextmanager
def _archive(bundle: str, folder: Path, limits: Limits) -> Iterator[Path]:
    """Where the bundle lies; what standard input has is kept in ``folder`` meanwhile. Raises as ``new_file`` does."""
    if bundle != STANDARD_INPUT:
        yield Path(bundle)
        return
    from lading.bundles.storage.atomic import new_file

    with TemporaryDirectory(prefix=".given-", dir=folder) as place:
        path = Path(place) / "standard-input.lading"
        left = limits.archive_bytes + 1  # by the one byte too many the archive is refused
        with new_file(path, left, private=True) as file:
            while piece := sys.stdin.buffer.read(min(left, PIECE_BYTES)):
                file.write(piece)
                left -= len(piece)
        yield path


def _vet(policy: "Policy", bundle: "Bundle") -> None:
    """Ask the policy here, and say what it warns of."""
    alert(bundle, policy.vet(bundle))


def _share(text: str | None, option: str) -> float | None:
    """A share between 0 and 1 as people write it: ``10%`` or ``0.1``; raises ``typer.BadParameter``."""
    if text is None:
        return None
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        raise typer.BadParameter(f"{text!r} is no share; give one as in 10%", param_hint=option)
    return share
