"""``lading status``: what a running server answers with, and how that came to be."""

from typing import Annotated

import typer

from lading.core.console import print_heading, print_json, print_table, print_text
from lading.runtime.commands.administering import Json, State, state_folder, version


def status(
    context: typer.Context,
    state: State = None,
    history: Annotated[int, typer.Option(help="How many of the latest changes to show.", min=0)] = 10,
    json: Json = False,
) -> None:
    """Show what is deployed on a running server, and who changed it, when and why.

    Examples:

        lading status --state deployed

        lading status --history 100 --json
    """
    from lading.runtime.administration.client import Client

    client = Client(state_folder(context.obj, state))
    deployed = client.call("GET", "/deployments")["deployments"]
    changes = client.call("GET", "/history")["history"][-history:] if history else []
    if json:
        print_json({"deployments": deployed, "history": changes})
        return
    if deployed:
        rows = [[n, d["bundle"]["version"], d["since"], d["bundle"]["digest"]] for n, d in deployed.items()]
        print_table(["name", "version", "since", "digest"], rows)
    else:
        print_text("nothing is deployed")
    if changes:
        print_heading("history")
        shown = [[c["time"], c["who"], c["action"], c["name"], _versions(c), c["why"]] for c in changes]
        print_table(["when", "who", "what", "name", "bundle", "why"], shown)


def _versions(change: dict[str, dict[str, str] | None]) -> str:
    return f"{version(change['before'])} → {version(change['after'])}"
