"""``lading deploy``: a bundle answers to a name, on a server that goes on answering."""

import re
from pathlib import Path
from typing import Annotated

import typer

from lading.core.console import Meter
from lading.runtime.commands.administering import Json, Name, State, Why, report, state_folder, wish

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def deploy(
    context: typer.Context,
    name: Name,
    bundle: Annotated[
        str,
        typer.Argument(help="An archive, a folder, or the digest of a bundle that the server has.", show_default=False),
    ],
    state: State = None,
    why: Why = "",
    json: Json = False,
) -> None:
    """Have a bundle answer to a name on a running server, without losing a request.

    Every replica loads it, replays its golden rows and warms up beside what answers; then all turn to it. When one
    cannot, nothing changes, and what is said tells why. The server is one that was started with `--state FOLDER`.

    Examples:

        lading deploy penguins penguins-1.1.0.lading --state deployed

        lading deploy churn churn-2.0.0.lading --why "trained on the data of May"
    """
    from lading.runtime.administration.client import Client, deployment
    from lading.runtime.administration.state_folder import StateFolder

    folder = state_folder(context.obj, state)
    client = Client(folder)
    client.call("GET", "/deployments")  # before gigabytes are copied for no one
    digest = bundle
    if not DIGEST.fullmatch(bundle):
        with Meter(f"checking {Path(bundle).name}") as meter:
            _, brought = StateFolder(folder).bring(Path(bundle), meter.show)
        digest = brought.digest
    report(client.call("PUT", deployment(name), {"digest": digest, **wish(why)}), json)
