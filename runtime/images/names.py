"""The names of images: a registry, a path, a tag."""

import re
from importlib.metadata import version

from lading.runtime.images.errors import ImageNameError

_NAME = re.compile(
    r"([a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?/)?"  # a registry
    r"[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
)
LONGEST = 255


def image_name(text: str) -> str:
    """``text`` with a tag, ``latest`` where it has none; raises ``ImageNameError``.

    >>> image_name("registry.example.com:5000/team/churn")
    'registry.example.com:5000/team/churn:latest'
    """
    if len(text) > LONGEST or _NAME.fullmatch(text) is None:
        raise ImageNameError(text)
    return text if ":" in text.rpartition("/")[2] else f"{text}:latest"


def runtime_name() -> str:
    """The name that the runtime image of this version has by custom."""
    return f"lading/runtime:{version('lading')}"
