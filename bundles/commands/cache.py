"""``lading cache``: the bundles that were checked and are kept on this machine for serving."""

import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from lading.core.console import print_json, print_note, print_table, print_text

cache = typer.Typer(no_args_is_help=True)

Digest = Annotated[str, typer.Argument(help="The bundle's digest: sha256:…", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]

DAY = 86_400


@cache.callback()
def about() -> None:
    """List and remove the bundles that are kept on this machine for serving.

    `lading serve` copies a bundle there when it first sees it, checked and tried, and serves that copy. The folder is
    `LADING_STORE_FOLDER`, or `lading` in the user's cache folder. What a server uses is never removed.

    Examples:

        lading cache list

        lading cache path sha256:2f1c…

        lading cache remove sha256:2f1c…

        lading cache collect --days 30
    """


@cache.command("list")
def list_bundles(context: typer.Context, json: Json = False) -> None:
    """List the bundles, the one that was served last at the end.

    Examples:

        lading cache list

        lading cache list --json
    """
    from lading.bundles.store.place import machine_store

    store = machine_store(context.obj)
    found = [
        {"digest": one.digest, "size": one.size, "used": _moment(one.used), "path": str(one.path)} for one in store
    ]
    if json:
        print_json({"folder": str(store.path), "bundles": found})
    else:
        rows = [[str(one["digest"]), f"{one['size']:,}", str(one["used"])] for one in found]
        print_table(["digest", "bytes", "last used"], rows)


@cache.command()
def path(context: typer.Context, digest: Digest, json: Json = False) -> None:
    """Print where a bundle lies.

    Examples:

        lading cache path sha256:2f1c…

        lading inspect $(lading cache path sha256:2f1c…)
    """
    from lading.bundles.store.place import machine_store

    found = machine_store(context.obj).find(digest)
    if json:
        print_json({"digest": digest, "path": str(found)})
    else:
        print_text(str(found))


@cache.command()
def remove(context: typer.Context, digest: Digest, json: Json = False) -> None:
    """Remove a bundle; one that a server uses is left alone, with exit code 3.

    Examples:

        lading cache remove sha256:2f1c…
    """
    from lading.bundles.store.place import machine_store

    machine_store(context.obj).remove(digest)
    if json:
        print_json({"removed": digest})
    else:
        print_note(f"{digest} is gone")


@cache.command()
def collect(
    context: typer.Context,
    days: Annotated[float, typer.Option(help="Keep what was used in the last so many days.", min=0)] = 30.0,
    json: Json = False,
) -> None:
    """Remove every bundle that no server uses and that none was started with lately.

    Examples:

        lading cache collect

        lading cache collect --days 0 --json
    """
    from lading.bundles.store.place import machine_store

    gone = machine_store(context.obj).collect(time.time() - days * DAY)
    size = sum(one.size for one in gone)
    if json:
        print_json({"removed": [one.digest for one in gone], "size": size})
    else:
        print_note(f"{len(gone)} bundles are gone, {size:,} bytes")


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
