"""The command that shows what changed from one bundle to another."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lading.core.console import print_change, print_heading, print_json, print_text
from lading.core.errors import cut

if TYPE_CHECKING:
    from pydantic import JsonValue

    from lading.bundles.difference import Change

DIFFERENT = 1
"""The exit code when the bundles differ, as ``diff`` has it."""
MOST = 20
"""Changes of one section that a person is shown."""
LONGEST = 200
"""Characters of one value that a person is shown."""


def diff(
    context: typer.Context,
    first: Annotated[Path, typer.Argument(metavar="FIRST", help="A bundle.", show_default=False)],
    second: Annotated[Path, typer.Argument(metavar="SECOND", help="Another one.", show_default=False)],
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a program, with all changes.")] = False,
) -> None:
    """Show what changed from one bundle to another: signature, data, parameters, metrics, graph, golden answers.

    Ends with exit code 0 when they are the same bundle, and with 1 when they differ.

    Examples:

        lading diff penguins-1.0.0.lading penguins-1.1.0.lading

        lading diff penguins-1.0.0.lading penguins-1.1.0.lading --json
    """
    from lading.bundles.bundle import open_bundle
    from lading.bundles.difference import difference

    with open_bundle(first, limits=context.obj) as before, open_bundle(second, limits=context.obj) as after:
        sections = difference(before, after)
        digests = before.digest, after.digest
    if json:
        changed = {name: [_document(change) for change in made] for name, made in sections.items()}
        print_json({"first": digests[0], "second": digests[1], "same": not sections, "changes": changed})
    elif not sections:
        print_text(f"the same: {digests[0]}")
    else:
        print_text(f"- {first}  {digests[0]}")
        print_text(f"+ {second}  {digests[1]}")
        for name, made in sections.items():
            _print_section(name, made)
    if sections:
        raise typer.Exit(DIFFERENT)


def _document(change: "Change") -> dict[str, object]:
    sides = {"before": change.before, "after": change.after}
    without = {"added": "before", "removed": "after"}.get(change.kind)
    return {"name": change.name, "kind": change.kind, **{n: side for n, side in sides.items() if n != without}}


def _print_section(name: str, made: "list[Change]") -> None:
    print_heading(name.capitalize())
    for change in made[:MOST]:
        print_change(
            cut(change.name, LONGEST),
            None if change.kind == "added" else _text(change.before),
            None if change.kind == "removed" else _text(change.after),
        )
    if len(made) > MOST:
        print_text(f"  and {len(made) - MOST} more; --json has them all")


def _text(value: "JsonValue") -> str:
    from lading.bundles.outline import scalar

    return cut(scalar(value), LONGEST)
