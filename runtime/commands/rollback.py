"""``lading rollback``: what answered before answers again."""

import typer

from lading.runtime.commands.administering import Json, Name, State, Why, report, state_folder, wish


def rollback(context: typer.Context, name: Name, state: State = None, why: Why = "", json: Json = False) -> None:
    """Have the bundle that answered to a name before answer again; once more goes back further.

    The server has that bundle: neither a file nor a network is needed.

    Examples:

        lading rollback penguins --state deployed

        lading rollback penguins --why "too many refusals"
    """
    from lading.runtime.administration.client import Client, deployment

    client = Client(state_folder(context.obj, state))
    report(client.call("POST", deployment(name, then="/rollback"), wish(why)), json)
