"""The command that checks whether bundles are what their manifests say."""

from pathlib import Path
from typing import Annotated

import typer

from lading.core.console import Meter, print_error, print_json, print_text, print_warning
from lading.core.errors import IntegrityError, LadingError


def verify(
    bundles: Annotated[
        list[Path], typer.Argument(metavar="BUNDLE", help="Files or folders of bundles.", show_default=False)
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Check that every file of a bundle is what its manifest records.

    Ends with exit code 4 when one is broken, and names the file.

    Examples:

        lading verify penguins-1.0.0.lading
        lading verify *.lading --json
    """
    failed: list[LadingError] = []
    results = [_verified(path, failed) for path in bundles]
    if json:
        print_json({"ok": not failed, "bundles": results})
    else:
        _print_results(results)
        for error in failed:
            print_error(str(error))
    if failed:
        broken = any(isinstance(error, IntegrityError) for error in failed)
        raise typer.Exit(IntegrityError.exit_code if broken else failed[0].exit_code)


def _verified(path: Path, failed: list[LadingError]) -> dict[str, object]:
    """What there is to say of one bundle; its error, if there is one, is added to ``failed``."""
    from lading.bundles.bundle import open_bundle

    try:
        with Meter(f"checking {path.name}") as meter, open_bundle(path, meter.show) as bundle:
            bundle.golden()
            bundle.profile()
            manifest = bundle.manifest
            known = {"name": manifest.name, "version": manifest.version, "digest": bundle.digest}
            waiver = {} if manifest.parity.waiver is None else {"waiver": manifest.parity.waiver}
            return {"path": str(path), "ok": True, **known, **waiver}
    except LadingError as error:
        failed.append(error)
        kind = type(error).__name__
        return {"path": str(path), "ok": False, "error": str(error), "kind": kind, "exit_code": error.exit_code}


def _print_results(results: list[dict[str, object]]) -> None:
    for result in results:
        if result["ok"]:
            print_text(f"ok  {result['path']}  {result['name']} {result['version']}  {result['digest']}")
        if "waiver" in result:
            print_warning(f"{result['path']}: parity was not reached and was waived: {result['waiver']}")
