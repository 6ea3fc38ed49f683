"""Authors: who changes what is deployed, and when."""

import os
import pwd
from datetime import UTC, datetime

from lading.runtime.administration.state import Author


def author(who: str, why: str = "", allow_older: bool = False) -> Author:
    """``who``, now."""
    return Author(who=who, why=why, allow_older=allow_older, time=datetime.now(UTC).isoformat(timespec="milliseconds"))


def this_user() -> str:
    """The name of the user who runs this process."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # containers run under numbers that have no name
        return str(os.getuid())
