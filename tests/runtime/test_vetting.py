"""Vetting: the policy is asked before anything reads the model, and what it found is told wherever the model is."""

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import jsonschema
import onnx
import pytest

from lading.bundles.bundle import open_bundle
from lading.bundles.draft import write_bundle
from lading.bundles.evidence.adding import add_evidence
from lading.bundles.session import ModelLoadError
from lading.bundles.signing.policy import OFF, UntrustedBundleError
from lading.core.main import main
from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.model import Model
from lading.runtime.page import words
from lading.runtime.protocols.lineage_schemas import description_schema, lineage_schema
from tests.runtime.drafts import cells
from tests.signatures import People, envelope, everybody, load_result, statement


@pytest.fixture(scope="module")
def people() -> People:
    return everybody()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sound bundle that nobody has signed yet."""
    write_bundle(cells(), tmp_path / "cells.lading")
    return tmp_path / "cells.lading"


def sign(path: Path, people: People, *names: str) -> None:
    for name in names:
        add_evidence(path, {f"evidence/{name}.json": envelope(statement(path), people.signers[name])})


def load(path: Path, people: People, mode: str = "enforce") -> Model:
    with people.policy(mode).opened(path) as (bundle, vetting):  # type: ignore[arg-type]
        return Model.load(bundle, vetting=vetting)


def test_nothing_reads_the_model_before_the_policy_lets_it_pass(people: People, tmp_path: Path) -> None:
    path, draft = tmp_path / "later.lading", cells()
    graph = onnx.load_from_string(draft.model)
    graph.ir_version = 99
    write_bundle(replace(draft, model=graph.SerializeToString()), path)
    with pytest.raises(UntrustedBundleError):
        load(path, people)
    sign(path, people, "release")
    with pytest.raises(ModelLoadError):
        load(path, people)


def test_a_model_remembers_by_which_policy_it_passed(path: Path, people: People) -> None:
    sign(path, people, "release")
    assert load(path, people).vetting.policy == people.policy("enforce")
    with open_bundle(path) as bundle:
        model = Model.load(bundle)
    assert model.vetting.policy == OFF
    assert [one.outcome for one in model.vetting.evidence] == ["not trusted"]


def test_what_is_told_is_what_the_documents_say(path: Path, people: People) -> None:
    tested = envelope(statement(path, "load-test", load_result("FAILED", "p99<=50ms")), people.signers["release"])
    add_evidence(path, {"evidence/broken.json": b"{", "evidence/load-test.json": tested})
    sign(path, people, "release", "stranger", "churn")
    app = Application(Deployments([load(path, people, "warn")]), Settings())

    async def ask() -> tuple[httpx.Response, httpx.Response, httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
            return (
                await client.get("/models/cells"),
                await client.get("/lineage"),
                await client.get("/page/cells", headers={"accept": "text/html"}),
            )

    one, lineage, page = asyncio.run(ask())
    jsonschema.validate(one.json(), description_schema())
    jsonschema.validate(lineage.json(), lineage_schema())
    outcomes = {found["file"]: found["outcome"] for found in one.json()["evidence"]}
    assert outcomes == {
        "evidence/broken.json": "broken",
        "evidence/churn.json": "not trusted",
        "evidence/load-test.json": "failed",
        "evidence/release.json": "verified",
        "evidence/stranger.json": "not trusted",
    }
    for text in (*outcomes, "by release", "the key churn may vouch for churn, churn-*", "it is not JSON"):
        assert text in page.text
    assert "its result is FAILED (failed: p99&lt;=50ms)" in page.text


@pytest.mark.parametrize(
    ("names", "mode", "said"),
    [
        pytest.param((), "off", "Not signed; no policy asks for a signature", id="nothing"),
        pytest.param(("release",), "enforce", "Signed by release; the policy is enforced", id="signed"),
        pytest.param(
            ("release",), "warn", "Signed by release; the policy only warns", id="signed, and more than asked"
        ),
        pytest.param(
            ("stranger",),
            "off",
            "Not signed by anybody who is trusted here; no policy asks for a signature",
            id="strange",
        ),
        pytest.param(
            (), "warn", "Not signed; the policy only warns: it has no signature of a trusted key", id="missed"
        ),
    ],
)
def test_who_stands_for_it_in_one_sentence(
    names: tuple[str, ...], mode: str, said: str, path: Path, people: People
) -> None:
    sign(path, people, *names)
    vetting = load(path, people, mode).vetting
    assert f"{words.signed(vetting)}; {words.policy(vetting)}" == said


def test_a_file_is_scored_by_what_the_policy_lets_pass(
    path: Path, people: People, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, answers, trust = tmp_path / "rows.csv", tmp_path / "answers.csv", people.trust_file(tmp_path, "release")
    rows.write_text("x0,x1,x2,x3\n1,2,3,4\n")

    def predict(*options: str) -> object:
        with pytest.raises(SystemExit) as ended:
            main(["predict", str(path), "-i", str(rows), "-o", str(answers), "--trust", str(trust), *options])
        return ended.value.code

    assert predict() == 5
    assert not answers.exists()
    assert predict("--policy", "warn") == 0
    assert "it has no signature of a trusted key" in capsys.readouterr().err
    answers.unlink()
    sign(path, people, "release")
    assert predict() == 0
    assert answers.exists()
