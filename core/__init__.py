"""The core: loads plugins, and nothing else."""

from lading.core.errors import ConflictError, IntegrityError, LadingError, PolicyError, UsageError
from lading.core.settings import Settings

__all__ = ["ConflictError", "IntegrityError", "LadingError", "PolicyError", "Settings", "UsageError"]
