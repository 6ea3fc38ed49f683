"""Fuzzing: what schemathesis asks by a document, and what came of it."""

import gc
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis import BaseSchema, Case, HookContext, engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine.events import FatalError, NonFatalError
from schemathesis.engine.recorder import ScenarioRecorder

from lading.runtime.protocols.head import BINARY_LENGTH, TIMEOUT
from lading.runtime.protocols.media import JSON

PATIENT_MS = 60_000
"""Whoever waits for less may be answered 504, as it asked to be."""

ANSWER_SECONDS = 90.0
"""How long an answer is waited for, which is longer than a server may take for it."""

METHODS = ["get", "put", "post", "delete", "options", "patch", "trace"]
"""Those that a server knows; any other one is answered 501, as RFC 9110 has it (section 9.1)."""

CHECKS = {
    "not_a_server_error": {"enabled": False},  # the check fails_nowhere is closer
    "positive_data_acceptance": {"enabled": False},  # that there are as many values as a shape says is in no schema
}


@dataclass
class Found:
    """What was answered."""

    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """How often each operation answered what."""
    failures: list[str] = field(default_factory=list)

    def note(self, recorder: ScenarioRecorder) -> None:
        """Note what came of one scenario."""
        for interaction in recorder.interactions.values():
            if interaction.response is not None:
                self.statuses[recorder.label][interaction.response.status_code] += 1
        for check in (check for checks in recorder.checks.values() for check in checks):
            if (failed := check.failure_info) is not None:
                words = (recorder.label, check.name, failed.failure.title, failed.failure.message)
                self.failures.append("\n".join((*words, failed.code_sample[:2000])))


def configured(seed: int, examples: int, *, coverage: bool = False, negative: bool = True) -> SchemathesisConfig:
    """``examples`` of each operation, right ones and, if ``negative``, wrong ones, made from ``seed``.

    ``coverage`` adds a request for each bound of each schema, and for each method that is not told of; no seed has a
    part in these.
    """
    unfed: dict[str, Any] = {"extra-data-sources": {"responses": False}}  # what is asked follows from the seed alone
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "continue-on-failure": True,
            "request-timeout": ANSWER_SECONDS,
            "generation": {
                "max-examples": examples,
                "mode": "all" if negative else "positive",
                "no-shrink": True,
                "database": "none",
            },
            "phases": {
                "stateful": {"enabled": False},
                "examples": unfed,
                "coverage": {"enabled": coverage, "unexpected-methods": METHODS},
                "fuzzing": unfed,
            },
            "checks": CHECKS,
        }
    )


def liberal(config: SchemathesisConfig) -> SchemathesisConfig:
    """The same for a document that a server may go beyond, by taking what it does not tell of, such as null."""
    config.projects.default.checks.negative_data_rejection.enabled = False
    return config


def fuzz(schema: BaseSchema) -> Found:
    """Ask all that the document tells, and check every answer."""
    found = Found()
    gc.freeze()  # the documents and modules stay; to look through them again and again is a tenth of the time
    for event in engine.from_schema(schema).execute():
        if isinstance(event, NonFatalError):
            found.failures.append(f"{event.label}: {event.value!r}")
        elif isinstance(event, FatalError):
            raise event.exception
        elif isinstance(recorder := getattr(event, "recorder", None), ScenarioRecorder):
            found.note(recorder)
    return found


@schemathesis.hook("before_call")
def patiently(context: HookContext, case: Case[Any], **_: Any) -> None:
    """Let nobody ask for a 504; and send JSON as such, without a header that says that bytes are behind it."""
    for name in [name for name in case.headers if name.lower() == TIMEOUT.decode()]:
        if str(case.headers[name]).isdigit():
            case.headers[name] = str(max(PATIENT_MS, int(case.headers[name])))
    if case.media_type == JSON:
        case.headers.pop(BINARY_LENGTH.decode(), None)
        body: Any = case.body
        parameters = body.get("parameters") if isinstance(body, dict) else None
        if isinstance(parameters, dict) and type(given := parameters.get("timeout")) is int and given > 0:
            case.body = body | {"parameters": {**parameters, "timeout": max(PATIENT_MS * 1000, given)}}
