"""The files under ``evidence/``: which a bundle may hold, since the manifest does not list them and anybody adds them."""

import re
from collections.abc import Mapping

from lading.bundles.manifest import EVIDENCE_PREFIX
from lading.bundles.storage.content import Content
from lading.bundles.storage.integrity import BundleError

MOST = 64
"""Files of evidence in a bundle."""
LARGEST = 256 << 10
"""Bytes of one of them."""
NAME = re.compile(r"evidence/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}\.json")


class EvidenceError(BundleError):
    """What lies under ``evidence/`` is more than a bundle may hold there, or named otherwise."""

    def __init__(self, bundle: str, problem: str) -> None:
        super().__init__(bundle, problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.bundle}: {self.problem}; remove it, or fetch the bundle again"


def check_evidence(contents: Mapping[str, Content], bundle: str) -> None:
    """Raise ``EvidenceError`` where there are too many files, too large ones, or some with other names."""
    found = {name: content for name, content in contents.items() if name.startswith(EVIDENCE_PREFIX)}
    if len(found) > MOST:
        raise EvidenceError(bundle, f"{EVIDENCE_PREFIX} holds {len(found)} files, at most {MOST} are allowed")
    for name, content in found.items():
        if not NAME.fullmatch(name):
            raise EvidenceError(bundle, f"{name} is no name for evidence, which is as in {EVIDENCE_PREFIX}name.json")
        if content.size > LARGEST:
            raise EvidenceError(bundle, f"{name} has {content.size} bytes, at most {LARGEST} are allowed")


def read_evidence(contents: Mapping[str, Content], bundle: str) -> Mapping[str, bytes]:
    """The bytes of every file of evidence by its path; raises ``EvidenceError``, for one that grew meanwhile too."""
    check_evidence(contents, bundle)
    found = {name: content for name, content in contents.items() if name.startswith(EVIDENCE_PREFIX)}
    return {name: _bytes(name, content, bundle) for name, content in found.items()}


def _bytes(name: str, content: Content, bundle: str) -> bytes:
    data = bytearray()
    for piece in content.chunks():
        data += piece
        if len(data) > LARGEST:
            raise EvidenceError(bundle, f"{name} has more than {LARGEST} bytes")
    return bytes(data)
