"""The place of this machine's store: where the settings say, or in the user's cache folder."""

import os
from collections.abc import Callable
from pathlib import Path

from lading.bundles.store.store import Store
from lading.core.settings import Settings

NAME = "lading"


def machine_store(settings: Settings, tell: Callable[[str], None] | None = None) -> Store:
    """The store that everything of this user on this machine shares; ``tell`` is its own. Raises ``NotWritableError``."""
    return Store(default_folder() if settings.store_folder is None else settings.store_folder, tell)


def default_folder() -> Path:
    """Where it is when nothing else is said, by the XDG Base Directory Specification."""
    caches = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (caches if caches.is_absolute() else Path.home() / ".cache") / NAME
