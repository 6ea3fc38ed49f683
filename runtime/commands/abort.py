"""``lading abort``: a canary or a shadow is tried no more."""

from typing import Annotated

import typer

from lading.runtime.commands.administering import Json, Name, State, Why, report, state_folder, wish


def abort(
    context: typer.Context,
    name: Name,
    shadow: Annotated[bool, typer.Option("--shadow", help="The shadow, not the canary.")] = False,
    state: State = None,
    why: Why = "",
    json: Json = False,
) -> None:
    """Have the canary of a name answer no request any more, or its shadow be asked no more.

    Examples:

        lading abort churn --state deployed --why "it is slower"

        lading abort churn --shadow
    """
    from lading.runtime.administration.client import Client, deployment

    client = Client(state_folder(context.obj, state))
    then = "/shadow" if shadow else "/canary"
    report(client.call("DELETE", deployment(name, then=then), wish(why)), json)
