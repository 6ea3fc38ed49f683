"""Load tests before release: locust against the model that is about to be released, and a verdict bound to its bundle."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lading.loadtests.generating.user import BundleUser

__all__ = ["BundleUser"]


def __getattr__(name: str) -> Any:
    """Locust replaces much of Python when it is imported, so that happens when somebody asks for its users."""
    if name == "BundleUser":
        from lading.loadtests.generating.user import BundleUser

        return BundleUser
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
