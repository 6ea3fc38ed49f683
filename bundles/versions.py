"""Versions of bundles: which of two is the older one."""

from packaging.version import InvalidVersion, Version


def is_older(version: str, than: str) -> bool | None:
    """Whether ``version`` comes before ``than`` in the order of PEP 440; None where that knows no order of the two.

    What follows a ``+`` says how something was built and not how old it is, so that it counts for nothing.

    >>> is_older("1.9.0", "1.10.0"), is_older("2.0rc1", "2.0"), is_older("1.0+b", "1.0+a")
    (True, True, False)
    >>> is_older("winter", "summer") is None
    True
    """
    if version == than:
        return False
    try:
        return Version(Version(version).public) < Version(Version(than).public)
    except InvalidVersion:
        return None
