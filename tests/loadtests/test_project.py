"""A project file says what is wanted, the command line goes over it, and what is not known is refused."""

from pathlib import Path

import pytest

from lading.loadtests.judging.grammar import ObjectiveError, RegressionError
from lading.loadtests.plan import Plan, Share
from lading.loadtests.project import PlanError, ProjectFileError, Wishes, project_file, read_wishes

WANTED = """
rate = 200
warm-up = 2
protocols = ["named", "v2-binary"]
rows = {1 = 9, 32 = 1}
slo = ["p99=50ms", "errors=0.1%"]
regression = "10%"
baseline = "churn-1.4.0.lading"
"""


def written(folder: Path, text: str, name: str = "lading.toml", table: str = "loadtest") -> Path:
    """A project file with that table."""
    path = folder / name
    path.write_text(f"[{table}]\n{text}")
    return path


def test_a_project_file_becomes_a_plan(tmp_path: Path) -> None:
    wishes = read_wishes(written(tmp_path, WANTED))
    plan = wishes.plan()
    assert (plan.rate, plan.warm_up, plan.seconds) == (200, 2, Plan().seconds)
    assert plan.traffic.protocols == ("named", "v2-binary")
    assert plan.traffic.rows == (Share(rows=1, weight=9), Share(rows=32, weight=1))
    assert [str(one) for one in plan.objectives] == ["p99=50ms", "errors=0.1%", "p50=baseline+10%", "p95=baseline+10%"]
    assert wishes.baseline == "churn-1.4.0.lading"


def test_the_command_line_goes_over_it(tmp_path: Path) -> None:
    wishes = read_wishes(written(tmp_path, WANTED))
    asked = Wishes.model_validate({"rate": 50, "slo": ["p50=baseline+5%"]})
    plan = asked.over(wishes).plan()
    assert (plan.rate, plan.warm_up) == (50, 2)
    assert [str(one) for one in plan.objectives] == ["p50=baseline+5%", "p95=baseline+10%"]


def test_without_a_baseline_nothing_is_compared(tmp_path: Path) -> None:
    wishes = read_wishes(written(tmp_path, 'regression = "10%"'))
    assert wishes.plan().objectives == ()
    assert len(wishes.plan(compare=True).objectives) == 2


@pytest.mark.parametrize(
    ("rows", "mix"),
    [("8", (8,)), ("[1, 32]", (1, 32)), ("[{rows = 4, weight = 2}]", (4,))],
)
def test_batch_sizes_are_said_in_several_ways(rows: str, mix: tuple[int, ...], tmp_path: Path) -> None:
    plan = read_wishes(written(tmp_path, f"rows = {rows}")).plan()
    assert tuple(one.rows for one in plan.traffic.rows) == mix


def test_the_file_is_found(tmp_path: Path) -> None:
    assert project_file(tmp_path) is None
    pyproject = written(tmp_path, "rate = 1", "pyproject.toml", "tool.lading.loadtest")
    assert project_file(tmp_path) == pyproject
    own = written(tmp_path, "rate = 2")
    assert project_file(tmp_path) == own
    own.write_text("[other]\n")
    assert project_file(tmp_path) == pyproject
    assert read_wishes(pyproject).rate == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("rates = 3\nslos = 1", ["rates, slos", "known are", "rate", "slo"], id="unknown keys"),
        pytest.param("rate = -1", ["rate", "greater than 0"], id="a rate below zero"),
        pytest.param('rate = "fast"', ["rate", "valid number"], id="a word for a number"),
        pytest.param('protocols = ["v3"]', ["protocols.0", "v2-binary"], id="no such protocol"),
        pytest.param("rows = {0 = 1}", ["rows.0.rows", "greater than or equal to 1"], id="no rows"),
        pytest.param("golden = 2", ["golden", "less than or equal to 1"], id="more than all"),
        pytest.param("rate = ", ["is not TOML"], id="broken"),
    ],
)
def test_what_cannot_be_followed_is_refused(text: str, words: list[str], tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ProjectFileError) as caught:
        read_wishes(path)
    assert all(word in str(caught.value) for word in [*words, str(path)])


def test_what_no_plan_may_have_is_refused_from_the_command_line_too() -> None:
    with pytest.raises(PlanError, match=r"no load test can be like that: rate: .*greater than 0"):
        Wishes(rate=-1).plan()


def test_objectives_are_refused_with_their_grammar(tmp_path: Path) -> None:
    with pytest.raises(ObjectiveError, match="in us, ms or s"):
        read_wishes(written(tmp_path, 'slo = "p99=50"'))
    with pytest.raises(RegressionError):
        read_wishes(written(tmp_path, "regression = 10"))


def test_a_file_that_was_named_must_be_there_and_say_something(tmp_path: Path) -> None:
    with pytest.raises(ProjectFileError, match="cannot be read"):
        read_wishes(tmp_path / "lading.toml")
    (tmp_path / "pyproject.toml").write_text("[tool]\nlading = 3\n")
    with pytest.raises(ProjectFileError, match=r"no table \[tool.lading.loadtest\]"):
        read_wishes(tmp_path / "pyproject.toml")
    (tmp_path / "lading.toml").write_text("loadtest = 3\n")
    with pytest.raises(ProjectFileError, match="which is no table"):
        read_wishes(tmp_path / "lading.toml")
