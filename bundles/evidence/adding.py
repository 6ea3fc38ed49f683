"""Adding evidence: the bundle is written anew in one step, with the same digest."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from lading.bundles.bundle import Bundle, open_bundle
from lading.bundles.evidence.files import check_evidence
from lading.bundles.evidence.kinds import Kind
from lading.bundles.manifest import EVIDENCE_PREFIX
from lading.bundles.storage.atomic import alone
from lading.bundles.storage.container import rewrite_container
from lading.bundles.storage.content import Held
from lading.core.settings import LIMITS, Limits


def file_name(kind: Kind, data: bytes) -> str:
    """The path inside a bundle of evidence that says ``data``: other bytes have another one, so that none is replaced."""
    return f"{EVIDENCE_PREFIX}{kind}-{hashlib.sha256(data).hexdigest()[:16]}.json"


def add_evidence(path: Path, files: Mapping[str, bytes], limits: Limits = LIMITS) -> None:
    """Add ``files``, by their paths inside it, to the bundle at ``path``; those that it has already stay as they are.

    Whoever opens it meanwhile finds the bundle as it was, or as it becomes. Raises what ``open_bundle`` does,
    ``EvidenceError`` where it becomes too much, and the errors of ``lading.bundles.storage.atomic``.
    """
    with alone(path) as target, open_bundle(target, limits=limits) as bundle:
        contents = bundle.contents()
        fresh = {name: Held(data) for name, data in files.items() if name not in contents}
        check_evidence({**contents, **fresh}, str(path))
        if fresh:
            rewrite_container({**contents, **fresh}, target)


def carry_evidence(bundle: Bundle, copy: Path, limits: Limits = LIMITS) -> None:
    """Add to ``copy``, the same bundle elsewhere, what ``bundle`` has of evidence; nothing is taken away there.

    Raises as ``add_evidence`` does.
    """
    if evidence := bundle.evidence():
        add_evidence(copy, evidence, limits)
