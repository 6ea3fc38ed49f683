"""What a command line asks that cannot be done is refused before anything is started."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from lading.core.main import main
from lading.loadtests.commands.wishing import planned, wished, within
from lading.loadtests.project import PlanError, Wishes

PROJECT = Wishes.model_validate({"baseline": "one.lading", "regression": "20%", "slo": ["p99=50ms", "p95=baseline+5%"]})


def test_another_shape_leaves_the_baseline_of_a_project_out() -> None:
    plan, earlier = planned(within(wished(shape="capacity"), PROJECT))
    assert (plan.shape, earlier) == ("capacity", None)
    assert [str(one) for one in plan.objectives] == ["p99=50ms"]


def test_a_baseline_that_is_asked_for_beside_another_shape_is_refused() -> None:
    with pytest.raises(PlanError, match="at a constant rate"):
        planned(within(wished(shape="capacity", baseline="two.lading"), PROJECT))


def test_at_a_constant_rate_it_holds_what_the_project_says() -> None:
    wishes = within(wished(rate=100), PROJECT)
    assert (wishes.baseline, wishes.rate) == ("one.lading", 100)
    assert [str(one) for one in planned(wishes)[0].objectives][:2] == ["p99=50ms", "p95=baseline+5%"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.lading"], "there is no file or folder nowhere.lading"),
        (["http://127.0.0.1:9"], "add --bundle FILE"),
        (["http://127.0.0.1:9", "--bundle", "BUNDLE"], "no server answers at http://127.0.0.1:9: "),
        (["BUNDLE", "--slo", "p99~5"], "write p50, p90"),
        (["BUNDLE", "--slo", "p99=baseline+10%"], "add --baseline BUNDLE"),
        (["BUNDLE", "--regression", "10%"], "add --baseline BUNDLE"),
        (["BUNDLE", "--baseline", "nothing.lading"], "there is no file or folder nothing.lading"),
        (["BUNDLE", "--out", "/proc/reports"], "cannot write into /proc"),
        (["BUNDLE", "--out", "BUNDLE"], "cannot write into "),
        (["https://127.0.0.1:9", "--bundle", "BUNDLE", "--ca", "nothing.pem"], "nothing.pem cannot be read: No such file"),
        (["BUNDLE", "--rows", "1:x"], "'1:x' is no mix of rows"),
        (["BUNDLE", "--protocol", "soap"], "'named', 'v2', 'v2-binary' or 'invocations'"),
        (["BUNDLE", "--rate", "-1"], "rate: "),
        (["BUNDLE", "--baseline", "BUNDLE", "--shape", "ramp"], "a baseline is compared at a constant rate"),
        (["BUNDLE", "--baseline", "nothing.json"], "nothing.json cannot be read"),
        (["BUNDLE", "--project", "nothing.toml"], "nothing.toml cannot be read"),
        (["http://127.0.0.1:9", "--bundle", "BUNDLE", "--image", "x"], "an image is for a bundle that is served here"),
        (["http://127.0.0.1:9", "--bundle", "BUNDLE", "--baseline", "BUNDLE"], "--baseline-url"),
        (["http://127.0.0.1:9", "--bundle", "BUNDLE", "--baseline-url", "http://h"], "add --baseline BUNDLE"),
        (["http://127.0.0.1:9", "--bundle", "BUNDLE", "--replicas", "2"], "--replicas is for a bundle that is served here"),
        (["BUNDLE", "--metrics", "http://h", "--name", "x"], "--name, --metrics: of use with a URL"),
        (["BUNDLE", "--shape", "capacity", "--rate", "0.05"], "begins with a rate from 0.1 to 1,000,000"),
        (["BUNDLE", "--rate", "inf"], "rate: "),
    ],
)  # fmt: skip
def test_it_is_refused(
    bundle_paths: Mapping[str, Path],
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    bundle = str(bundle_paths["cells"])
    with pytest.raises(SystemExit) as ended:
        main(["loadtest", *(bundle if one == "BUNDLE" else one for one in arguments)])
    told = capsys.readouterr().err
    assert ended.value.code == 2, told
    assert said in told
    assert not list(tmp_path.iterdir())
