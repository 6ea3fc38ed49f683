"""The command that checks whether bundles are what their manifests say."""

from pathlib import Path
from typing import Annotated

import typer

from lading.core.console import Meter, print_error, print_json, print_text, print_warning
from lading.core.errors import IntegrityError, LadingError
from lading.core.settings import Limits


def verify(
    context: typer.Context,
    bundles: Annotated[
        list[Path], typer.Argument(metavar="BUNDLE", help="Files or folders of bundles.", show_default=False)
    ],
    load: Annotated[
        bool,
        typer.Option("--load", help="Load it, too, in a process that may do nothing else, and replay its golden rows."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Check that every file of a bundle is what its manifest records, and that none of them is code.

    With `--load` it is also tried as a server tries it: loaded, and asked its golden rows, in a process without network
    and rights, with bounds on its memory and time. Ends with exit code 4 when one is broken, and names the file.

    Examples:

        lading verify penguins-1.0.0.lading
        lading verify penguins-1.0.0.lading --load

        lading verify *.lading --json
    """
    failed: list[LadingError] = []
    results = [_verified(path, failed, context.obj, load) for path in bundles]
    if json:
        print_json({"ok": not failed, "bundles": results})
    else:
        _print_results(results)
        for error in failed:
            print_error(str(error))
    if failed:
        broken = any(isinstance(error, IntegrityError) for error in failed)
        raise typer.Exit(IntegrityError.exit_code if broken else failed[0].exit_code)


def _verified(path: Path, failed: list[LadingError], limits: Limits, load: bool) -> dict[str, object]:
    """What there is to say of one bundle; its error, if there is one, is added to ``failed``."""
    from lading.bundles.bundle import open_bundle

    try:
        with Meter(f"checking {path.name}") as meter, open_bundle(path, meter.show, limits) as bundle:
            bundle.golden()
            bundle.profile()
            manifest = bundle.manifest
            known = {"name": manifest.name, "version": manifest.version, "digest": bundle.digest}
            waiver = {} if manifest.parity.waiver is None else {"waiver": manifest.parity.waiver}
            tried = _tried(path, bundle.digest, limits) if load else {}
            return {"path": str(path), "ok": True, **known, **waiver, **tried}
    except LadingError as error:
        failed.append(error)
        kind = type(error).__name__
        return {"path": str(path), "ok": False, "error": str(error), "kind": kind, "exit_code": error.exit_code}


def _tried(path: Path, digest: str, limits: Limits) -> dict[str, object]:
    """What there is to say of a bundle that loads and answers; raises ``TrialError`` for one that does not."""
    from lading.bundles.trial import try_bundle

    return {"loads": True, "unbounded": list(try_bundle(path, digest, limits).missing)}


def _print_results(results: list[dict[str, object]]) -> None:
    for result in results:
        if result["ok"]:
            print_text(f"ok  {result['path']}  {result['name']} {result['version']}  {result['digest']}")
        if unbounded := result.get("unbounded"):
            print_warning(f"{result['path']} was loaded without bounds that this system does not have: {unbounded}")
        if "waiver" in result:
            print_warning(f"{result['path']}: parity was not reached and was waived: {result['waiver']}")
