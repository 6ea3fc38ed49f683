"""The command that adds a statement to a bundle."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def attest(
    context: typer.Context,
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE", help="The file or folder of a bundle.", show_default=False)
    ],
    type_: Annotated[
        Literal["parity", "build", "load-test", "sign-off"],
        typer.Option("--type", help="What the statement is about.", show_default=False),
    ],
    predicate: Annotated[Path, typer.Option(help="What it says, a JSON object in a file.", show_default=False)],
    key: Annotated[
        list[str] | None,
        typer.Option(
            help="A private key: a file, env:VARIABLE, or NAME:… of a signer that is installed; again for others.",
            show_default="it stays unsigned",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Add a statement to a bundle, as evidence, signed by whoever makes it; the bundle's digest stays.

    Examples:

        lading attest penguins-1.0.0.lading --type sign-off --predicate sign-off.json --key ada.key

        lading attest penguins-1.0.0.lading --type load-test --predicate load.json --key ci.key
    """
    from lading.bundles.commands.attesting import attested, read_predicate, report
    from lading.bundles.signing.signers import find_signer

    said = read_predicate(predicate, type_)
    signers = [find_signer(reference) for reference in (key if key is not None else [])]
    report([attested(bundle, type_, said, signers, context.obj)], json)
