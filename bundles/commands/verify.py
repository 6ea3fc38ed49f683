"""The command that checks whether bundles are what their manifests say, and who stands for them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lading.bundles.commands.trusting import Mode, TrustFile, asked
from lading.bundles.storage.offered import offered
from lading.core.console import Meter, print_error, print_json, print_text, print_warning
from lading.core.errors import IntegrityError, LadingError
from lading.core.settings import Limits, PolicyMode, Settings

if TYPE_CHECKING:
    from lading.bundles.signing.policy import Policy, Vetting

Document = dict[str, object]


def verify(
    context: typer.Context,
    bundles: Annotated[
        list[Path],
        typer.Argument(
            metavar="BUNDLE",
            help="Files or folders of bundles; a folder that is none itself stands for those in it.",
            show_default=False,
        ),
    ],
    load: Annotated[
        bool,
        typer.Option("--load", help="Load it, too, in a process that may do nothing else, and replay its golden rows."),
    ] = False,
    key: Annotated[
        list[Path] | None,
        typer.Option(help="A public key that must have signed them, or one of several.", show_default="none"),
    ] = None,
    trust: TrustFile = None,
    policy: Mode = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Check that every file of a bundle is what its manifest records, that none is code, and that who should has signed it.

    With `--load` it is also tried as a server tries it: loaded, and asked its golden rows, in a process without network
    and rights, with bounds on its memory and time. Ends with exit code 4 when one is broken, and names the file; with
    5 when a signature is missing.

    Examples:

        lading verify penguins-1.0.0.lading

        lading verify penguins-1.0.0.lading --load

        lading verify penguins-1.0.0.lading --key release.pub

        lading verify *.lading --trust trust.toml --json
    """
    wanted = _policy(context.obj, key, trust, policy)
    failed: list[LadingError] = []
    results = [_verified(path, wanted, failed, context.obj, load) for path in offered(bundles)]
    if json:
        print_json({"ok": not failed, "bundles": [document for document, _ in results]})
    else:
        for document, vetting in results:
            _print_result(document, vetting)
        for error in failed:
            print_error(*error.lines)
    if failed:
        broken = any(isinstance(error, IntegrityError) for error in failed)
        raise typer.Exit(IntegrityError.exit_code if broken else failed[0].exit_code)


def _policy(settings: Settings, keys: list[Path] | None, trust: Path | None, mode: PolicyMode | None) -> "Policy":
    """The policy that is asked for; what the command line does not say the settings do."""
    from lading.bundles.signing.policy import Policy
    from lading.bundles.signing.trust import trusting

    if keys and trust is not None:
        raise typer.BadParameter("a trust file names the keys; give either", param_hint="--key, --trust")
    if keys:
        mode = settings.policy if mode is None else mode
        return Policy(mode="enforce" if mode is None else mode, trust=trusting(keys))
    return asked(settings, mode, trust)


def _verified(
    path: Path, policy: "Policy", failed: list[LadingError], limits: Limits, load: bool
) -> tuple[Document, "Vetting | None"]:
    """What there is to say of one bundle; its error, if there is one, is added to ``failed``."""
    try:
        with (
            Meter(f"checking {path.name}") as meter,
            policy.opened(path, meter.show, limits) as (bundle, vetting),
        ):
            bundle.golden()
            bundle.profile()
            manifest = bundle.manifest
            known = {"name": manifest.name, "version": manifest.version, "digest": bundle.digest}
            waiver = {} if manifest.parity.waiver is None else {"waiver": manifest.parity.waiver}
            tried = _tried(path, bundle.digest, limits) if load else {}
            return {"path": str(path), "ok": True, **known, **waiver, **vetting.document(), **tried}, vetting
    except LadingError as error:
        failed.append(error)
        kind = type(error).__name__
        return {"path": str(path), "ok": False, "error": str(error), "kind": kind, "exit_code": error.exit_code}, None


def _tried(path: Path, digest: str, limits: Limits) -> dict[str, object]:
    """What there is to say of a bundle that loads and answers; raises ``TrialError`` for one that does not."""
    from lading.bundles.trial import try_bundle

    return {"loads": True, "unbounded": list(try_bundle(path, digest, limits).missing)}


def _print_result(document: Document, vetting: "Vetting | None") -> None:
    if vetting is None:
        return
    from lading.bundles.signing.policy import failed

    print_text(f"ok  {document['path']}  {document['name']} {document['version']}  {document['digest']}")
    for one in vetting.evidence:
        print_text(f"    {one.file}  {one.kind_shown}  {one}")
    if unbounded := document.get("unbounded"):
        print_warning(f"{document['path']} was loaded without bounds that this system does not have: {unbounded}")
    if "waiver" in document:
        print_warning(f"{document['path']}: parity was not reached and was waived: {document['waiver']}")
    for one in failed(vetting.evidence):
        print_warning(f"{document['path']}: a {one.kind_shown} of it {one} ({one.file})")
    for problem in vetting.problems:
        print_warning(f"{document['path']}: {problem}")
