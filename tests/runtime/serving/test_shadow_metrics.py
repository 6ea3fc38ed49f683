"""What came of shadows is told to Prometheus by bundle, of all replicas together."""

from pathlib import Path

from lading.runtime.mirrored import Mirrored, Shadowed
from lading.runtime.serving.shadow_metrics import COUNTERS, shadow_metrics
from lading.runtime.serving.standing import Standing, read_shadows, write_standing
from lading.runtime.tally import POWERS

LABELS = {"deployment": "churn", "version": "2.0.0", "digest": "ab" * 6}


def seen(requests: int, failed: int, nanoseconds: int) -> Shadowed:
    answered = requests - failed
    took = Mirrored(
        requests=requests,
        failed=failed,
        rows=answered,
        differing=1,
        largest=requests / 10,
        compute_ns=answered * nanoseconds,
        compute_histogram=tuple(answered if place == 12 else 0 for place in range(POWERS)),
    )
    return Shadowed(name="churn", version="2.0.0", digest="sha256:" + "ab" * 32, seen=took)


def test_the_replicas_shadows_are_told_as_one(tmp_path: Path) -> None:
    for slot, one in (("slot0", seen(5, 1, 3000)), ("slot1", seen(7, 0, 3000))):
        write_standing(tmp_path / slot, Standing(pid=1, current=0, shadows=(one,)))
    samples = [sample for metric in shadow_metrics(read_shadows(tmp_path)) for sample in metric.samples]
    assert all(LABELS.items() <= sample.labels.items() for sample in samples)
    found = {(sample.name, sample.labels.get("le")): sample.value for sample in samples}
    counted = {name: found[f"lading_shadow_{name}_total", None] for name in COUNTERS}
    assert counted == {
        "requests": 12, "skipped": 0, "failures": 1, "rows": 11, "differing_rows": 2, "label_flips": 0
    }  # fmt: skip
    assert found["lading_shadow_largest_difference", None] == 0.7
    assert found["lading_shadow_compute_seconds_sum", None] == 11 * 3000 / 1e9
    assert found["lading_shadow_compute_seconds_count", None] == 11
    assert found["lading_shadow_compute_seconds_bucket", "2.048e-06"] == 0
    assert found["lading_shadow_compute_seconds_bucket", "4.096e-06"] == 11
