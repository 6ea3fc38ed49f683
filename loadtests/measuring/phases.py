"""The phases: where a server says that its time went, from the metrics that it offers to Prometheus."""

from collections import defaultdict
from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from lading.loadtests.measuring.step import Phases

SECONDS = "lading_prediction_seconds"
DIGITS = 12
"""Of a digest that a label has."""


def phases_between(before: str, after: str, digest: str) -> Phases | None:
    """What came of requests to the bundle of that ``digest`` between two answers of ``/metrics``; None without any.

    None, too, where an answer is none of Prometheus's: what else is at the address tells nothing.
    """
    try:
        first, last = _totals(before, digest), _totals(after, digest)
    except (ValueError, KeyError):
        return None
    passed = {name: last[name] - first[name] for name in last}
    requests = round(passed.get("requests", 0))
    if requests <= 0:
        return None
    return Phases(
        requests=requests,
        queue=passed["queue"],
        decode=passed["decode"],
        compute=passed["compute"],
        encode=passed["encode"],
    )


def _totals(text: str, digest: str) -> Mapping[str, float]:
    """The seconds of each phase, and the requests."""
    short = digest.removeprefix("sha256:")[:DIGITS]
    totals: dict[str, float] = defaultdict(float)
    for family in text_string_to_metric_families(text):
        if family.name != SECONDS:
            continue
        for sample in family.samples:
            if not sample.labels.get("digest", "").startswith(short):
                continue
            if sample.name == f"{SECONDS}_sum":
                totals[sample.labels["phase"]] += sample.value
            elif sample.name == f"{SECONDS}_count" and sample.labels["phase"] == "compute":
                totals["requests"] += sample.value
    return totals
