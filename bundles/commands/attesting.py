"""What the commands that add statements to bundles share."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from lading.bundles.bundle import open_bundle
from lading.bundles.canonical import NotCanonicalError
from lading.bundles.evidence.adding import add_evidence, file_name
from lading.bundles.evidence.documents import MalformedError, read_document
from lading.bundles.evidence.files import LARGEST
from lading.bundles.evidence.kinds import FIGURES, LOAD_TEST, PREDICATE_TYPES, Kind, kind_of
from lading.bundles.evidence.result import RESULTS
from lading.bundles.evidence.statement import make_statement
from lading.core.console import Meter, print_json, print_text
from lading.core.errors import UsageError
from lading.core.settings import Limits

if TYPE_CHECKING:
    from securesystemslib.signer import Signer


class PredicateError(UsageError):
    """What a statement is to say is not what one can say."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path} {self.problem}; give a JSON object of at most {LARGEST // 2} bytes"


def read_predicate(path: Path, kind: Kind) -> Mapping[str, JsonValue]:
    """What the file ``path`` has a statement of ``kind`` say; raises ``PredicateError``."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PredicateError(str(path), f"cannot be read: {error.strerror or error}") from error
    if len(data) > LARGEST // 2:  # base64 makes a third more of it
        raise PredicateError(str(path), f"has {len(data)} bytes")
    try:
        said = read_document(data)
    except MalformedError as error:
        raise PredicateError(str(path), str(error)) from None
    if kind_of(PREDICATE_TYPES[kind], said) != kind:
        raise PredicateError(str(path), f"is no result of a load test, whose figures are an object {FIGURES!r}")
    if kind == LOAD_TEST and said.get("result") not in RESULTS:
        raise PredicateError(str(path), f"is no test result, which says as `result` {', '.join(RESULTS)}")
    return said


def attested(
    path: Path, kind: Kind, predicate: Mapping[str, JsonValue] | None, signers: Sequence["Signer"], limits: Limits
) -> Mapping[str, object]:
    """Add the statement to the bundle at ``path``; what was added to which bundle.

    It says ``predicate``, or which bundle it is where that is all: there are verifiers that refuse an empty one.

    Raises what ``open_bundle`` and ``add_evidence`` do, and ``PredicateError``.
    """
    from lading.bundles.signing.envelope import seal

    with Meter(f"checking {path.name}") as meter, open_bundle(path, meter.show, limits) as bundle:
        digest, manifest = bundle.digest, bundle.manifest
        said = {"name": manifest.name, "version": manifest.version} if predicate is None else predicate
        try:
            payload = make_statement(manifest, digest, PREDICATE_TYPES[kind], said)
        except NotCanonicalError as error:
            raise PredicateError("what the statement says", f"has no canonical form: {error}") from None
    envelope = seal(payload, signers)
    file = file_name(kind, envelope)
    add_evidence(path, {file: envelope}, limits)
    ids = [signer.public_key.keyid for signer in signers]
    return {"path": str(path), "digest": digest, "file": file, "kind": kind, "keys": ids}


def report(added: Sequence[Mapping[str, object]], json: bool) -> None:
    """Say what was added."""
    if json:
        print_json({"added": added})
        return
    for one in added:
        keys = one["keys"]
        by = f"signed by {', '.join(key[:16] for key in keys)}" if isinstance(keys, list) and keys else "not signed"
        print_text(f"{one['path']}: {one['file']} added, {by}")
