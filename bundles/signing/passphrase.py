"""The passphrase of a private key: from the environment, else asked on a terminal."""

import os
import sys
from collections.abc import Callable
from getpass import getpass

from lading.core.errors import UsageError

VARIABLE = "LADING_KEY_PASSPHRASE"

AskPassphrase = Callable[[str], bytes]
"""Called with what the key is called; raises ``PassphraseError``."""


class PassphraseError(UsageError):
    """A key needs a passphrase, and there is nobody to ask."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(key, problem)
        self.key, self.problem = key, problem

    def __str__(self) -> str:
        return f"the passphrase of {self.key} {self.problem}; set {VARIABLE}, or call this from a terminal"


def passphrase_of(key: str) -> bytes:
    """The passphrase of the key called ``key``; raises ``PassphraseError``."""
    given = os.environ.get(VARIABLE)
    if given is None:
        given = _asked(f"Passphrase of {key}: ", key)
    return given.encode()


def new_passphrase(key: str) -> bytes:
    """The passphrase for a fresh key called ``key``, asked twice; raises ``PassphraseError``."""
    given = os.environ.get(VARIABLE)
    if given is None:
        given = _asked(f"Passphrase for {key}: ", key)
        if _asked("The same again: ", key) != given:
            raise PassphraseError(key, "was not the same both times")
    if not given:
        raise PassphraseError(key, "is empty")
    return given.encode()


def _asked(prompt: str, key: str) -> str:
    if not sys.stdin.isatty():
        raise PassphraseError(key, "is not known")
    return getpass(prompt)
