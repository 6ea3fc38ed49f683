"""The command that makes a pair of keys."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def keygen(
    key: Annotated[
        Path, typer.Argument(metavar="KEY", help="The file for the private key, as in release.key.", show_default=False)
    ],
    type_: Annotated[Literal["ed25519", "ecdsa-p256"], typer.Option("--type", help="The kind of key.")] = "ed25519",
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help="Ask for a passphrase, or take LADING_KEY_PASSPHRASE.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Make a pair of keys: the private one signs bundles, the public one beside it (.pub) is for whoever verifies them.

    Examples:

        lading keygen release.key

        lading keygen release.key --type ecdsa-p256 --passphrase
    """
    from lading.bundles.signing.key_files import write_pair
    from lading.bundles.signing.keys import key_id, new_key
    from lading.bundles.signing.passphrase import new_passphrase
    from lading.core.console import print_facts, print_json, print_note

    made = new_key(type_)
    public = write_pair(key, made, new_passphrase(str(key)) if passphrase else None)
    identity = key_id(made.public_key())
    if json:
        print_json({"private": str(key), "public": str(public), "type": type_, "id": identity})
        return
    print_facts({"private": str(key), "public": str(public), "type": type_, "id": identity})
    print_note(f"whoever has {key} can sign in your name; give {public} to those who verify")
