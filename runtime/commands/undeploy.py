"""``lading undeploy``: nothing answers to a name any more."""

import typer

from lading.runtime.commands.administering import Json, Name, State, Why, report, state_folder, wish


def undeploy(context: typer.Context, name: Name, state: State = None, why: Why = "", json: Json = False) -> None:
    """Have nothing answer to a name; requests that were accepted are answered.

    Examples:

        lading undeploy penguins --state deployed
    """
    from lading.runtime.administration.client import Client, deployment

    report(Client(state_folder(context.obj, state)).call("DELETE", deployment(name), wish(why)), json)
