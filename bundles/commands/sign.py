"""The command that signs bundles."""

from pathlib import Path
from typing import Annotated

import typer


def sign(
    context: typer.Context,
    bundles: Annotated[
        list[Path], typer.Argument(metavar="BUNDLE", help="Files or folders of bundles.", show_default=False)
    ],
    key: Annotated[
        list[str],
        typer.Option(
            help="A private key: a file, env:VARIABLE, or NAME:… of a signer that is installed; again for others.",
            show_default=False,
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Sign bundles: a signed statement of each one's digest is added to it, and the digest stays.

    Examples:

        lading sign penguins-1.0.0.lading --key release.key

        lading sign *.lading --key env:SIGNING_KEY
    """
    from lading.bundles.commands.attesting import attested, report
    from lading.bundles.evidence.kinds import SIGNATURE
    from lading.bundles.signing.signers import find_signer

    signers = [find_signer(reference) for reference in key]
    report([attested(path, SIGNATURE, None, signers, context.obj) for path in bundles], json)
