"""The command that shows all that a bundle says of itself."""

from pathlib import Path
from typing import Annotated

import typer


def inspect(
    context: typer.Context,
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE", help="A .lading file or a bundle's folder.", show_default=False)
    ],
    trust: Annotated[
        Path | None, typer.Option(help="The trust file: whose statements about it count.", show_default="none")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Show all that a bundle says: signature, data, experiment, code, environment, parity, and what others say of it.

    Every file is checked first; a broken bundle ends with exit code 4.

    Examples:

        lading inspect penguins-1.0.0.lading
        lading inspect penguins-1.0.0.lading --json
    """
    from lading.bundles.bundle import open_bundle
    from lading.bundles.commands.sheet import print_sheet, sheet_document
    from lading.bundles.signing.policy import read_policy
    from lading.core.console import print_json

    policy = read_policy("off", context.obj.trust if trust is None else trust)
    with open_bundle(bundle) as opened:
        evidence = policy.vet(opened).evidence
        if json:
            print_json(sheet_document(opened, evidence))
        else:
            print_sheet(opened, evidence)
