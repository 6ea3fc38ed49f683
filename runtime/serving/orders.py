"""Orders and reports: what the server tells its engine, and what it hears from it, one JSON document a line."""

from typing import Literal

from pydantic import JsonValue

from lading.bundles.records import FrozenMap, Record


class Order(Record):
    """Have ``replicas`` fresh replicas answer, by the run folder's plan; those before leave when these are ready."""

    replicas: int
    slots: int
    settings: FrozenMap[JsonValue]


class Report(Record):
    """Progress, what came of an order after the first, or the reason why the engine ends."""

    kind: Literal["progress", "outcome", "failed"]
    text: str
