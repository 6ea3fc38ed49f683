"""Trust: which keys may vouch for which bundles, and what a bundle must bring, as a trust file says it."""

import tomllib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from lading.bundles.evidence.kinds import Kind
from lading.bundles.manifest_reading import in_words
from lading.bundles.records import FrozenMap, Record
from lading.core.errors import UsageError

Pattern = Annotated[str, StringConstraints(pattern=r"^[a-z0-9._*?\[\]!-]{1,100}$")]
"""The name of bundles, where ``*`` stands for any characters, ``?`` for one, and ``[ab]`` for one of these."""

KeyName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$")]


class TrustFileError(UsageError):
    """The trust file cannot be read, or does not say what one must."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"the trust file {self.path} {self.problem}"


class TrustedKey(Record):
    """A public key, and what it may vouch for."""

    name: str
    """What people call it."""
    public: str
    """In PEM."""
    bundles: tuple[Pattern, ...]
    """The bundles that it may vouch for, by name."""
    evidence: tuple[Kind, ...] | None = None
    """The kinds of statements that it may make; all where nothing is said."""

    def may_vouch(self, bundle: str, kind: str) -> bool:
        """Whether it may make a statement of ``kind`` about the bundle of that name."""
        return _matches(bundle, self.bundles) and (self.evidence is None or kind in self.evidence)

    @property
    def reach(self) -> str:
        """What it may vouch for, in words."""
        kinds = "" if self.evidence is None else f", and there for {' and '.join(self.evidence)} alone"
        return f"{', '.join(self.bundles)}{kinds}"


class Trust(Record):
    """Who is trusted, and what is asked of bundles."""

    keys: tuple[TrustedKey, ...] = ()
    require: FrozenMap[tuple[Kind, ...]] = Field(default_factory=dict)
    """The kinds of evidence that a bundle must bring, by the pattern of its name; those of all that match."""

    def required(self, bundle: str) -> tuple[Kind, ...]:
        """The kinds of evidence that the bundle of that name must bring."""
        asked = [kind for pattern, kinds in self.require.items() if _matches(bundle, [pattern]) for kind in kinds]
        return tuple(dict.fromkeys(asked))


def trusting(paths: Iterable[Path]) -> Trust:
    """Trust in the public keys in the files ``paths``, whatever they vouch for; raises ``KeyFormatError``."""
    from lading.bundles.signing.keys import key_bytes, public_pem, read_public

    keys = [
        TrustedKey(
            name=path.name,
            public=public_pem(read_public(key_bytes(path, private=False), str(path))).decode(),
            bundles=("*",),
        )
        for path in paths
    ]
    return Trust(keys=tuple(keys))


def read_trust(path: Path) -> Trust:
    """What the trust file ``path`` says; raises ``TrustFileError``, and ``KeyFormatError`` for a key of it."""
    try:
        document = tomllib.loads(path.read_text())
    except OSError as error:
        raise TrustFileError(str(path), f"cannot be read: {error.strerror or error}") from error
    except ValueError as error:  # no UTF-8, or no TOML
        raise TrustFileError(str(path), f"is not TOML: {error}") from error
    try:
        written = _TrustFile.model_validate(document)
    except ValidationError as error:
        raise TrustFileError(str(path), f"does not say what it must: {in_words(error)}") from error
    keys = tuple(key.trusted(name, path) for name, key in written.keys.items())
    return Trust(keys=keys, require=written.require)


class _WrittenKey(Record):
    file: str | None = None
    public: str | None = None
    bundles: Annotated[tuple[Pattern, ...], Field(min_length=1)]
    evidence: tuple[Kind, ...] | None = None

    @model_validator(mode="after")
    def _is_given_once(self) -> Self:
        if (self.file is None) == (self.public is None):
            raise ValueError("give the public key either as `file` or as `public`")
        return self

    def trusted(self, name: str, trust_file: Path) -> TrustedKey:
        """The key itself, from a file beside the trust file or as it stands there."""
        from lading.bundles.signing.keys import key_bytes, public_pem, read_public

        if self.file is not None:
            path = trust_file.parent / self.file
            key = read_public(key_bytes(path, private=False), str(path))
        else:
            key = read_public((self.public or "").encode(), f"the key {name} of {trust_file}")
        return TrustedKey(name=name, public=public_pem(key).decode(), bundles=self.bundles, evidence=self.evidence)


class _TrustFile(Record):
    keys: Annotated[dict[KeyName, _WrittenKey], Field(min_length=1)]
    require: dict[Pattern, tuple[Kind, ...]] = Field(default_factory=dict)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
