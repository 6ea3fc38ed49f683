"""The command that says which data a file holds, and whether a model was trained on it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lading.core.console import print_json, print_text
from lading.core.errors import IntegrityError

if TYPE_CHECKING:
    from lading.bundles.tables.known_data import Comparison


class OtherDataError(IntegrityError):
    """A file is none of the data that a bundle names."""

    def __init__(self, path: str, found: str, expected: str, difference: str) -> None:
        super().__init__(path, found, expected, difference)
        self.path, self.found, self.expected, self.difference = path, found, expected, difference

    def __str__(self) -> str:
        return f"{self.path} is {self.found}, none of the data of the bundle ({self.expected}): {self.difference}"


def data_digest(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Rows: .csv, .parquet or .arrow.", show_default=False)],
    bundle: Annotated[
        Path | None, typer.Argument(metavar="[BUNDLE]", help="The bundle that may name them.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Print the digest of a file's data; with a bundle, say whether the model was trained on it.

    Ends with exit code 4 when the data is none that the bundle names.

    Examples:

        lading data-digest train.parquet

        lading data-digest train.parquet penguins-1.0.0.lading
    """
    from lading.bundles.bundle import open_bundle
    from lading.bundles.tables.data_digest import data_digest as digest_of_table
    from lading.bundles.tables.known_data import compare_data
    from lading.bundles.tables.table import read_table

    table = read_table(file)
    if bundle is None:
        digest = digest_of_table(table)
        _print({"digest": digest, "rows": table.rows, "columns": len(table.columns)}, digest, json)
        return
    with open_bundle(bundle, limits=context.obj) as opened:
        compared = compare_data(table, opened.manifest.provenance, opened.profile())
        deployment = opened.manifest.deployment
    if compared.role is None:
        raise OtherDataError(str(file), compared.digest, _listed(compared), compared.difference)
    aside = "" if compared.moved is None else f" (with {compared.moved} as its last column)"
    facts = {"digest": compared.digest, "bundle": deployment, "data": compared.role, "moved": compared.moved}
    _print(facts, f"{file.name} is the {compared.role} data of {deployment}{aside}: {compared.digest}", json)


def _print(facts: Mapping[str, object], said: str, json: bool) -> None:
    if json:
        print_json(facts)
    else:
        print_text(said)


def _listed(compared: "Comparison") -> str:
    return ", ".join(f"{role} {digest}" for role, digest in compared.known.items())
