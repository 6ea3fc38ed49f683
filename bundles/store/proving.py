"""Proving: a bundle of a store is tried before it is served, once in each place that it is served in."""

import platform
from importlib.metadata import version

from lading.bundles.store.store import Store
from lading.bundles.trial import try_bundle
from lading.core.settings import LIMITS, Limits


def prove(store: Store, digest: str, limits: Limits = LIMITS) -> None:
    """Try a bundle of ``store`` in a process of its own, unless it passed here before.

    Raises ``NotStoredError``, ``TrialError``, and the errors of ``lading.bundles.storage.atomic``.
    """
    place = _place()
    if not store.proved(digest, place):
        with store.held(digest) as path:
            try_bundle(path, digest, limits)
        store.prove(digest, place)


def _place() -> dict[str, str]:
    """What may make a bundle that passed elsewhere fail: the programs that load it, and the machine."""
    return {
        "lading": version("lading"),
        "onnxruntime": version("onnxruntime"),
        "machine": platform.machine(),
        "node": platform.node(),
    }
