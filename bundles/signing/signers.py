"""Signers: what signs, by the reference that ``--key`` gives; plugins of the group ``lading.signers``."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from lading.core.errors import UsageError
from lading.core.plugins import discover, load

if TYPE_CHECKING:
    from securesystemslib.signer import Signer

GROUP = "lading.signers"
FILE = "file"

OpenSigner = Callable[[str], "Signer"]
"""What a plugin is: it is called with what stands behind ``NAME:``, and what it gives signs."""


class NoKeyError(UsageError):
    """The variable that should hold a private key is not set."""

    def __init__(self, variable: str) -> None:
        super().__init__(variable)
        self.variable = variable

    def __str__(self) -> str:
        return f"the variable {self.variable} is not set; it should hold a private key in PEM"


def find_signer(reference: str) -> "Signer":
    """What signs by ``reference``: ``NAME:…`` for the plugin of that name, else the path of a private key.

    Raises what the plugin does.
    """
    name, colon, rest = reference.partition(":")
    if not colon or name not in discover(GROUP):
        name, rest = FILE, reference
    return cast(OpenSigner, load(GROUP, name))(rest)


def file_signer(path: str) -> "Signer":
    """The private key in the file ``path``; raises ``KeyFormatError``, ``ReadableKeyError``, ``PassphraseError``."""
    from lading.bundles.signing.keys import key_bytes, signer_of
    from lading.bundles.signing.passphrase import passphrase_of

    return signer_of(key_bytes(Path(path), private=True), path, passphrase_of)


def environment_signer(variable: str) -> "Signer":
    """The private key that ``variable`` holds; raises ``NoKeyError``, ``KeyFormatError``, ``PassphraseError``."""
    from lading.bundles.signing.keys import signer_of
    from lading.bundles.signing.passphrase import passphrase_of

    pem = os.environ.get(variable)
    if not pem:
        raise NoKeyError(variable)
    return signer_of(pem.encode(), f"the key in {variable}", passphrase_of)
