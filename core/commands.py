"""The one command of the core: what is installed."""

from typing import Annotated

import typer

from lading.core.console import print_json, print_table
from lading.core.plugins import GROUPS, discover


def plugins(
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """List the installed plugins: commands, converters, protocols.

    Examples:

        lading plugins

        lading plugins --json
    """
    found = [
        {
            "group": group,
            "name": name,
            "object": f"{point.module}:{point.attr}",
            "package": f"{point.dist.name} {point.dist.version}" if point.dist is not None else "",
        }
        for group in GROUPS
        for name, point in discover(group).items()
    ]
    if json:
        print_json({"plugins": found})
    else:
        print_table(["group", "name", "object", "package"], [list(row.values()) for row in found])
