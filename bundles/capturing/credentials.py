"""Credentials: what in a name or a text would let a reader in, and how it is left out."""

import itertools
import re

from pydantic import JsonValue

MASK = "***"

_WORDS = frozenset(
    [
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "secret",
        "secrets",
        "credential",
        "credentials",
        "apikey",
        "authorization",
        "bearer",
    ]
)
_PAIRS = frozenset(
    [
        "api key",
        "access key",
        "account key",
        "subscription key",
        "private key",
        "auth key",
        "signing key",
        "encryption key",
    ]
)
_LAST = frozenset({"token", "signature", "sas", "jwt", "pw"})
_QUERY = frozenset({"sig", "key", "code", "auth", "pass", "session", "session id", "sessionid", "sid"})

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://|(?<![^\s\"'<>(=,;])//)([^\s\"'<>]*)")
_AUTHORITY = re.compile(r"[^/?#]*")
_PERSON = re.compile(r"(?<![\w.@/+-])(?:[\w.+-]+:[^\s@/]+@(?=[\w.-])|[\w.+-]+@(?=[\w.-]+:[\w~./-]))")
_PAIR = re.compile(r"([A-Za-z][A-Za-z0-9 _.-]{0,63}?)(\s*=\s*)(\"[^\"]*\"|'[^']*'|[^;&\s\"']+)")


class SameNameError(ValueError):
    """Two members of one object have the same name without their credentials."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"two names are both {self.name!r} without the credentials in them"


def is_secret(name: str) -> bool:
    """Whether a parameter, a tag or a member of that name is taken for a secret.

    >>> is_secret("db_password"), is_secret("githubToken"), is_secret("token_pattern")
    (True, True, False)
    """
    words = _words(name)
    pairs = {f"{first} {second}" for first, second in itertools.pairwise(words)}
    return not _WORDS.isdisjoint(words) or not _PAIRS.isdisjoint(pairs) or (bool(words) and words[-1] in _LAST)


def without_credentials(text: str) -> str:
    """``text``, a URL or anything that holds URLs or connection strings, without what would let a reader in.

    User names and passwords in URLs are dropped, and so are query parameters such as ``token``; the values of
    ``password=…`` and its like become ``***``.

    >>> without_credentials("https://me:pw@example.org/data.csv?rows=9&sig=ab")
    'https://example.org/data.csv?rows=9'
    """
    while (cleaner := _cleaner(text)) != text:  # what is left out may bring together what was apart
        text = cleaner
    return text


def without_secrets(value: JsonValue) -> JsonValue:
    """``value`` with no credentials in any text of it, names of members too, at any depth.

    What stands under the name of a secret becomes ``***``. Numbers stay: a metric may be named for its tokens.
    Raises ``SameNameError`` when two members of one object have the same name without their credentials.

    >>> without_secrets({"api_key": "a1", "from": ["//me:pw@example.org/x"], "loss per token": 0.5})
    {'api_key': '***', 'from': ['//example.org/x'], 'loss per token': 0.5}
    """
    if isinstance(value, str):
        return without_credentials(value)
    if isinstance(value, list | tuple):  # a record's lists are tuples
        return [without_secrets(member) for member in value]
    if not isinstance(value, dict):
        return value
    cleaned: dict[str, JsonValue] = {}
    for name, member in value.items():
        shown = without_credentials(name)
        if shown in cleaned:
            raise SameNameError(shown)
        masked = is_secret(name) and isinstance(member, str | list | tuple | dict)
        cleaned[shown] = MASK if masked else without_secrets(member)
    return cleaned


def _cleaner(text: str) -> str:
    text = _URL.sub(lambda url: url[1] + _clean(url[2]), text)
    text = _PERSON.sub("", text)
    return _PAIR.sub(lambda pair: pair[1] + pair[2] + MASK if is_secret(pair[1]) else pair[0], text)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _CAMEL.split(name) if word]


def _clean(rest: str) -> str:
    """What follows ``://`` in a URL, without user, password and the query parameters that are secrets."""
    authority = _AUTHORITY.match(rest)
    host = "" if authority is None else authority[0]
    port = host.rpartition(":")[2] if ":" in host and not host.endswith("]") else "0"
    if "@" in host:
        rest = host.rpartition("@")[2] + rest[len(host) :]
    elif "@" in rest and not port.isdigit():  # a password with a slash in it, written as it is
        rest = rest.rpartition("@")[2]
    for mark in "#?":
        rest = _without_parameters(rest, mark)
    return rest


def _without_parameters(rest: str, mark: str) -> str:
    before, found, after = rest.partition(mark)
    if not found:
        return rest
    query, end, fragment = after.partition("#")
    kept = [part for part in query.split("&") if not _secret_parameter(part)]
    return before + (mark + "&".join(kept) if kept else "") + end + fragment


def _secret_parameter(part: str) -> bool:
    name, equals, _ = part.partition("=")
    return bool(equals) and (" ".join(_words(name)) in _QUERY or is_secret(name))
