"""``lading health``: whether a running server answers, for whoever watches over it."""

import typer

from lading.core.console import print_json, print_text
from lading.runtime.commands.administering import Json, State, state_folder

PATIENCE_SECONDS = 5.0


def health(context: typer.Context, state: State = None, json: Json = False) -> None:
    """Say whether a running server answers requests; exit code 1 when it does not, 2 when there is none.

    It needs no API key and no certificate, since it asks at the server's state folder.

    Examples:

        lading health --state deployed
    """
    from lading.runtime.administration.client import Client

    found = Client(state_folder(context.obj, state), PATIENCE_SECONDS).call("GET", "/health")
    if json:
        print_json(found)
    else:
        print_text(
            f"ready: {found['replicas']} replicas answer" if found["replicas"] > 1 else "ready: a replica answers"
        )
