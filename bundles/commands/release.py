"""The command that releases a bundle that brings what a release requires."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lading.bundles.commands.trusting import TrustFile
from lading.core.console import Meter, print_json, print_text, print_warning
from lading.core.settings import Settings

if TYPE_CHECKING:
    from securesystemslib.signer import Signer

    from lading.bundles.bundle import Bundle
    from lading.bundles.signing.release import Proof, Release
    from lading.bundles.signing.trust import Trust


def release(
    context: typer.Context,
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE", help="The file or folder of a bundle.", show_default=False)
    ],
    require: Annotated[
        list[str] | None,
        typer.Option(
            help="What it must bring besides a signature: parity, loadtest, build, sign-off; with commas, or again.",
            show_default="what the trust file requires of it, else parity,loadtest",
        ),
    ] = None,
    trust: TrustFile = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            help="A private key that signs the release: a file, env:VARIABLE, or NAME:… of a signer; again for others.",
            show_default="it is checked, and not recorded",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Release a bundle: refuse it where evidence is missing, else record in it, signed, that it was released and why.

    Evidence counts where a key of the trust file vouches for it, and that of a load test where it passed. What the
    trust file requires of the bundle is required, whatever else is. Ends with exit code 5 when something is missing,
    and names all of it. Without a key nothing is recorded.

    Examples:

        lading release penguins-1.0.0.lading --trust trust.toml --key release.key

        lading release penguins-1.0.0.lading --require parity,loadtest --trust trust.toml --key env:RELEASE_KEY

        lading release penguins-1.0.0.lading --require loadtest,sign-off --trust trust.toml --json
    """
    from lading.bundles.bundle import open_bundle
    from lading.bundles.digest import digest_of
    from lading.bundles.evidence.adding import add_evidence
    from lading.bundles.signing.release import UnverifiableError, read_requirements, release_of, required_of
    from lading.bundles.signing.signers import find_signer
    from lading.bundles.signing.trust import read_trust

    settings: Settings = context.obj
    asked = None if require is None else read_requirements(require)
    trusted_by = settings.trust if trust is None else trust
    if trusted_by is None:
        raise UnverifiableError(str(bundle))
    trusted = read_trust(trusted_by)
    signers = [find_signer(reference) for reference in (key if key is not None else [])]
    with Meter(f"checking {bundle.name}") as meter, open_bundle(bundle, meter.show, settings) as opened:
        required = required_of(opened.manifest.name, trusted, asked)
        made, digest = release_of(opened, trusted, required, bundle), opened.digest
        recorded = _recorded(opened, made, digest_of(trusted_by.read_bytes()), trusted, signers)
    add_evidence(bundle, recorded, settings)
    _say(bundle, digest, made, [*recorded], json)


def _recorded(
    bundle: "Bundle", made: "Release", trust_digest: str, trust: "Trust", signers: Sequence["Signer"]
) -> Mapping[str, bytes]:
    """The statement of the release by the name of its file; nothing where nobody signs it. Raises ``ReleaserError``."""
    from lading.bundles.evidence.adding import file_name
    from lading.bundles.evidence.kinds import PREDICATE_TYPES, RELEASE
    from lading.bundles.evidence.statement import make_statement
    from lading.bundles.signing.envelope import seal
    from lading.bundles.signing.release import check_releaser

    if not signers:
        return {}
    predicate = made.predicate(trust_digest)
    envelope = seal(make_statement(bundle.manifest, bundle.digest, PREDICATE_TYPES[RELEASE], predicate), signers)
    file = file_name(RELEASE, envelope)
    check_releaser(bundle, file, envelope, trust)
    return {file: envelope}


def _say(path: Path, digest: str, made: "Release", recorded: Sequence[str], json: bool) -> None:
    warnings = [f"a {one.kind_shown} of it {one} ({one.file})" for one in made.failed]
    if made.waiver is not None:
        warnings.append(f"parity was not reached and was waived: {made.waiver}")
    if json:
        proofs = [one.model_dump(mode="json") for one in made.proofs]
        known = {"path": str(path), "name": made.name, "version": made.version, "digest": digest}
        file = recorded[0] if recorded else None
        said = {"released": bool(recorded), "required": made.required, "proofs": proofs, "warnings": warnings}
        print_json({**known, **said, "file": file})
        return
    verb = "released" if recorded else "may be released"
    print_text(f"{verb}  {path}  {made.name} {made.version}  {digest}")
    for one in made.proofs:
        print_text(f"    {one.kind}  {_shown(one)}")
    for file in recorded:
        print_text(f"    {file} added")
    for warning in warnings:
        print_warning(f"{path}: {warning}")
    if not recorded:
        print_text("not recorded: --key signs the release")


def _shown(proof: "Proof") -> str:
    if proof.file is None:
        return "by the bundle's own proof"
    return f"{proof.file}  verified by {', '.join(proof.keys)}"
