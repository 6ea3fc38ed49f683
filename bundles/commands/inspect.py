"""The command that shows all that a bundle says of itself."""

from pathlib import Path
from typing import Annotated

import typer

from lading.bundles.commands.trusting import TrustFile, asked
from lading.core.errors import UsageError

FORMATS = ("text", "json", "card", "cyclonedx")


class FormatError(UsageError):
    """A bundle cannot be shown in that format."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found

    def __str__(self) -> str:
        return f"--format is {self.found!r}, expected one of {', '.join(FORMATS)}"


def inspect(
    context: typer.Context,
    bundle: Annotated[
        Path,
        typer.Argument(
            metavar="BUNDLE", help="A .lading file, a bundle's folder, or a loose .onnx file.", show_default=False
        ),
    ],
    trust: TrustFile = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a program; short for --format json.")] = False,
    format: Annotated[  # noqa: A002 - the option's name
        str,
        typer.Option(
            help="A model card in Markdown, or CycloneDX's bill of materials.", metavar=f"<{'|'.join(FORMATS)}>"
        ),
    ] = "text",
) -> None:
    """Show all that a bundle says: signature, data, experiment, code, environment, parity, and what others say of it.

    Every file is checked first; a broken bundle ends with exit code 4. Of a loose ONNX file it shows which bundle the
    file says that it is from.

    Examples:

        lading inspect penguins-1.0.0.lading

        lading inspect penguins-1.0.0.lading --json

        lading inspect penguins-1.0.0.lading --format cyclonedx

        lading inspect model.onnx
    """
    from lading.bundles.commands.loose_graph import show_loose_graph
    from lading.bundles.commands.sheet import show

    if format not in FORMATS:
        raise FormatError(format)
    shown = "json" if json else format
    if bundle.suffix == ".onnx" and bundle.is_file():
        show_loose_graph(bundle, shown)
        return
    with asked(context.obj, "off", trust).opened(bundle, limits=context.obj) as (opened, vetting):
        show(opened, shown, vetting.evidence)
