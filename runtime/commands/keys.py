"""``lading keys``: the file of API keys, and who is in it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from lading.core.console import print_json, print_note, print_table
from lading.core.errors import UsageError
from lading.core.settings import Settings
from lading.runtime.serving.keys import read_keys
from lading.runtime.serving.keys_file import add_key, remove_key

keys = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The key's name, for logs and metrics.", show_default=False)]
File = Annotated[
    Path | None, typer.Option("--file", help="The file of keys.", show_default="LADING_KEYS_FILE", metavar="FILE")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


class NoKeysFileError(UsageError):
    """It was not said which file of keys is meant."""

    def __str__(self) -> str:
        return "which file of keys? Name it with --file, or set LADING_KEYS_FILE"


@keys.callback()
def about() -> None:
    """Make, list and remove API keys.

    A server that was started with `--keys FILE` answers only who sends a key of that file, and reads the file again
    when it changes.

    Examples:

        lading keys add mobile-app --rate 100 --file keys.txt

        lading keys list --file keys.txt

        lading keys remove mobile-app --file keys.txt
    """


@keys.command()
def add(
    context: typer.Context,
    name: Name,
    rate: Annotated[
        int | None, typer.Option(help="Requests a second that it may send.", min=1, max=999_999, show_default="any")
    ] = None,
    file: File = None,
    json: Json = False,
) -> None:
    """Make a key and print it, once: the file keeps its hash alone.

    Examples:

        lading keys add mobile-app --rate 100 --file keys.txt

        KEY=$(lading keys add nightly-batch --file keys.txt)
    """
    path = _file(context.obj, file)
    secret = add_key(path, name, rate)
    if json:
        print_json({"name": name, "key": secret, "rate": rate, "file": str(path)})
        return
    sys.stdout.write(secret + "\n")
    print_note(f"this is the only time that the key is shown; {path} keeps its hash")


@keys.command("list")
def list_keys(context: typer.Context, file: File = None, json: Json = False) -> None:
    """List the keys of a file: their names, their rates and the beginning of their hashes.

    Examples:

        lading keys list --file keys.txt
    """
    found = read_keys(_file(context.obj, file))
    if json:
        print_json({"keys": [{"name": key.name, "rate": key.rate, "digest": key.digest} for key in found]})
    else:
        rows = [[key.name, "any" if key.rate is None else str(key.rate), key.digest[:19] + "…"] for key in found]
        print_table(["name", "requests/s", "digest"], rows)


@keys.command()
def remove(context: typer.Context, name: Name, file: File = None, json: Json = False) -> None:
    """Remove a key: a server that uses the file refuses it within two seconds.

    Examples:

        lading keys remove mobile-app --file keys.txt
    """
    path = _file(context.obj, file)
    remove_key(path, name)
    if json:
        print_json({"removed": name, "file": str(path)})
    else:
        print_note(f"{name} is no key of {path} any more")


def _file(settings: Settings, given: Path | None) -> Path:
    path = settings.keys_file if given is None else given
    if path is None:
        raise NoKeysFileError
    return path
