"""The pool: the requests of a load test, drawn and encoded before it begins."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from lading.bundles.bundle import Bundle
from lading.bundles.manifest import Manifest
from lading.bundles.signature import Signature
from lading.core.errors import UsageError
from lading.loadtests.measuring.step import INVALID
from lading.loadtests.payloads.checking import expected_answer, refused, right_answer
from lading.loadtests.payloads.dialect import Dialect
from lading.loadtests.payloads.invocations import Invocations
from lading.loadtests.payloads.named_fields import NamedFields
from lading.loadtests.payloads.open_inference import BinaryOpenInference, OneRowError, OpenInference
from lading.loadtests.payloads.request import Request
from lading.loadtests.payloads.rows import DrawnRows, GoldenRows
from lading.loadtests.plan import Protocol, Traffic

MOST_REQUESTS = 2000
"""A pool has as many, unless they are large: what repeats after some thousands is new to a server."""
MOST_BYTES = 64 << 20
"""Of the bodies of a pool; then it has fewer."""
LEAST_REQUESTS = 32
"""However large they are."""

GOLDEN_RATIO = (5**0.5 - 1) / 2
"""Multiples of it, without their whole part, fill the line from 0 to 1 evenly from the first one on (Kronecker)."""

DIALECTS: Mapping[Protocol, Callable[[Signature, str], Dialect]] = {
    "named": NamedFields,
    "v2": OpenInference,
    "v2-binary": BinaryOpenInference,
    "invocations": Invocations,
}


class NoGoldenRowsError(UsageError):
    """Every golden row holds an infinity or is answered with one, and the protocol is JSON."""

    def __str__(self) -> str:
        return (
            "no golden row of the bundle can be said in JSON, which has no infinities; ask with the protocol v2-binary"
        )


def draw_requests(
    bundle: Bundle, deployment: str, traffic: Traffic, most: int = MOST_REQUESTS, most_bytes: int = MOST_BYTES
) -> tuple[Request, ...]:
    """The requests of ``traffic`` to the model of ``bundle`` that answers to ``deployment``.

    The same bundle, traffic and deployment give the same requests. Shares of golden and of invalid requests are met
    in every part of the pool that is long enough to have them; the protocol and the rows of each are drawn. A pool ends
    after ``most`` requests, or, but not before ``LEAST_REQUESTS``, when its bodies have ``most_bytes``. Raises
    ``NotInJsonError``, ``OneRowError`` and ``NoGoldenRowsError`` where the bundle's model cannot be asked so.
    """
    found: list[Request] = []
    size = 0
    for request in _Drawing(bundle, deployment, traffic).requests():
        found.append(request)
        size += len(request.body)
        if len(found) >= most or (size >= most_bytes and len(found) >= LEAST_REQUESTS):
            break
    return tuple(found)


class _Drawing:
    """Draws one request after the other."""

    def __init__(self, bundle: Bundle, deployment: str, traffic: Traffic) -> None:
        self._manifest: Manifest = bundle.manifest
        signature = self._manifest.signature
        if signature.form == "whole" and (several := [share.rows for share in traffic.rows if share.rows > 1]):
            raise OneRowError(several[0])
        self._traffic = traffic
        self._generator = np.random.default_rng(traffic.seed)
        self._golden = GoldenRows(bundle.golden(), signature)
        self._drawn = DrawnRows(signature, self._golden.rows, bundle.profile())
        self._dialects = [DIALECTS[protocol](signature, deployment) for protocol in traffic.protocols]
        if traffic.golden and not self._golden.in_json and any(one.in_json for one in self._dialects):
            raise NoGoldenRowsError
        weights = np.array([share.weight for share in traffic.rows])
        self._weights = weights / weights.sum()

    def requests(self) -> Iterator[Request]:
        """Requests without an end."""
        invalid = self._traffic.invalid
        known = invalid + (1 - invalid) * self._traffic.golden
        place = self._generator.random()
        while True:
            place = (place + GOLDEN_RATIO) % 1
            dialect = self._dialects[int(self._generator.integers(len(self._dialects)))]
            rows = self._traffic.rows[int(self._generator.choice(len(self._weights), p=self._weights))].rows
            if place < invalid:
                yield self._invalid(dialect, rows)
            else:
                yield self._known(dialect, rows) if place < known else self._unknown(dialect, rows)

    def _invalid(self, dialect: Dialect, rows: int) -> Request:
        drawn = self._drawn.draw(self._generator, rows)
        body, headers = dialect.spoil(drawn, self._generator)
        return Request(INVALID, "POST", dialect.path, headers, body, refused)

    def _known(self, dialect: Dialect, rows: int) -> Request:
        among: Sequence[int] = self._golden.in_json if dialect.in_json else range(len(self._golden.rows))
        chosen = [among[one] for one in self._generator.integers(len(among), size=rows).tolist()]
        body, headers = dialect.ask([self._golden.rows[one] for one in chosen])
        check = expected_answer(dialect, self._manifest, self._golden.answers(chosen))
        return Request(_form(dialect, rows), "POST", dialect.path, headers, body, check)

    def _unknown(self, dialect: Dialect, rows: int) -> Request:
        body, headers = dialect.ask(self._drawn.draw(self._generator, rows))
        return Request(_form(dialect, rows), "POST", dialect.path, headers, body, right_answer(dialect, rows))


def _form(dialect: Dialect, rows: int) -> str:
    return f"{dialect.title}, {rows} row{'s' if rows > 1 else ''}"
