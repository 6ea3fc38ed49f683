"""``lading promote``: a canary answers every request."""

import typer

from lading.runtime.commands.administering import Json, Name, State, Why, report, state_folder, wish


def promote(context: typer.Context, name: Name, state: State = None, why: Why = "", json: Json = False) -> None:
    """Have the canary of a name answer all of its requests.

    Examples:

        lading promote churn --state deployed
    """
    from lading.runtime.administration.client import Client, deployment

    client = Client(state_folder(context.obj, state))
    report(client.call("POST", deployment(name, then="/promote"), wish(why)), json)
