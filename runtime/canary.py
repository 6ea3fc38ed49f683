"""The canary: a new version of a model that answers a share of its requests, beside the one that answers the rest."""

import random
from dataclasses import dataclass
from hashlib import blake2b

from lading.runtime.model import Model

KEY_BYTES = 8


@dataclass(frozen=True)
class Canary:
    """``model`` answers ``share``, between 0 and 1, of the requests for its name."""

    model: Model
    share: float

    def takes(self, key: bytes | None) -> bool:
        """Whether it answers a request: by chance, or, where there is a ``key``, always the same for that.

        Whoever it answers at one share it answers at a larger one too.
        """
        if key is None:
            return random.random() < self.share  # noqa: S311 - nothing secret hangs on it
        digest = blake2b(key, digest_size=KEY_BYTES, key=self.model.name.encode()).digest()
        return int.from_bytes(digest) < self.share * (1 << 8 * KEY_BYTES)
