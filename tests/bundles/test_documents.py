"""The card and the bill of materials: what Hugging Face and CycloneDX read of them, and that nothing in them acts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from huggingface_hub import ModelCard, ModelCardData
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lading.bundles.bill_of_materials import bill_of_materials
from lading.bundles.bundle import open_bundle
from lading.bundles.card import model_card
from lading.bundles.draft import Draft, write_bundle
from lading.bundles.provenance import Code, Data, Run, TrackedData, Training

MakeDraft = Callable[..., Draft]

HOSTILE = [
    pytest.param("a\n---\n# b\n- c: !!python/object/apply:os.system ['true']", id="YAML that ends and begins"),
    pytest.param('"}\n,{"x": "', id="JSON"),
    pytest.param("<script>alert(1)</script>", id="HTML"),
    pytest.param("*x: &y !!int [1, {2: 3}] # no", id="anchors, tags and comments"),
    pytest.param("no", id="what YAML takes for false"),
    pytest.param("2026-11-28", id="what YAML takes for a date"),
    pytest.param("\u2028\u0085\x07\x1b[2J\ufeff\\x", id="lines and controls of other kinds"),
    pytest.param("[x](javascript:alert(1)) ![](http://x.y/z)", id="links"),
    pytest.param("\U0001f427 Ñ", id="letters"),
    pytest.param("https://x.y/ z\n", id="a URL that is none"),
]


def told(draft: Draft, text: str) -> dict[str, Any]:
    """Changes after which ``text`` stands wherever a bundle lets a text stand."""
    provenance = draft.provenance
    run = Run(
        tracker=text, id=text, name=text, experiment=text, server=text, user=text, started=text,
        parameters={text: text}, tags={text: text}, datasets=(TrackedData(name=text, digest=text),),
    )  # fmt: skip
    data = Data(digest="sha256:" + "2" * 64, rows=9, columns=3, name=text, source=text, target=text)
    training = Training(call=text, digest="sha256:" + "3" * 64, rows=9)
    experiment = provenance.experiment.model_copy(
        update={"estimator": text, "metrics": {text: 0.5, "test_f1": 1e-7}, "run": run, "training": training}
    )
    environment = provenance.environment.model_copy(update={"packages": {text: text}, "python": text})
    changed = provenance.model_copy(
        update={
            "data": data,
            "datasets": {"test": data, text: data},
            "experiment": experiment,
            "environment": environment,
            "code": Code(repository=text, commit=text, entry_point=text),
            "author": text,
            "tags": {text: text},
        }
    )
    graph = draft.graph.model_copy(update={"framework": text})
    return {"provenance": changed, "description": text, "graph": graph}


def read(card: str) -> ModelCardData:
    """The metadata of the card as Hugging Face reads them."""
    data = ModelCard(card).data
    assert isinstance(data, ModelCardData)
    return data


def bill(draft: Draft, folder: Path) -> dict[str, Any]:
    """The bill of materials of a bundle with what ``draft`` holds, which keeps CycloneDX's own schema."""
    write_bundle(draft, folder / "x.lading")
    with open_bundle(folder / "x.lading") as bundle:
        document = bill_of_materials(bundle)
        assert bill_of_materials(bundle) == document
    text = json.dumps(document)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    references = [component["bom-ref"] for component in document["components"]]  # type: ignore[index, call-overload, union-attr]
    assert len(set(references)) == len(references)
    return dict(json.loads(text))


def test_hugging_face_reads_the_facts(make_draft: MakeDraft, draft: Draft) -> None:
    test = Data(digest="sha256:" + "1" * 64, rows=9, columns=3, name="held out")
    experiment = draft.provenance.experiment.model_copy(update={"metrics": {"accuracy": 0.98, "test_f1": 1e-7}})
    changed = make_draft(
        provenance=draft.provenance.model_copy(update={"datasets": {"test": test}, "experiment": experiment})
    )
    data = read(model_card(changed, changed.profile))
    assert data.library_name == "onnx"
    assert data.model_name == "penguins"
    assert data.pipeline_tag == "tabular-classification"
    assert data.tags == ["onnx", "lading", "scikit-learn"]
    results = data.eval_results
    assert results is not None
    assert [(one.metric_type, one.metric_value, one.dataset_name, one.dataset_split) for one in results] == [
        ("accuracy", 0.98, "not recorded", None),
        ("f1", 1e-7, "held out", "test"),
    ]
    assert results[1].dataset_type == test.digest


def test_a_graph_whose_task_nobody_has_said_has_none(make_draft: MakeDraft, draft: Draft) -> None:
    outputs = tuple(one.model_copy(update={"meaning": "tensor"}) for one in draft.signature.outputs)
    changed = make_draft(signature=draft.signature.model_copy(update={"outputs": outputs}))
    data = read(model_card(changed, changed.profile))
    assert data.pipeline_tag is None
    assert data.eval_results is None


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_texts_to_hugging_face(text: str, make_draft: MakeDraft, draft: Draft) -> None:
    changed = make_draft(**told(draft, text))
    card = model_card(changed, changed.profile)
    head, begun, rest = card.removeprefix("---\n").partition("\n---\n")
    assert begun
    assert len(head.splitlines()) == len(head.split("\n"))
    found = read(card)
    assert found.tags == ["onnx", "lading", text]
    assert found.eval_results is not None
    assert {one.metric_type for one in found.eval_results} >= {"f1"}
    for line in rest.splitlines():
        assert line.isprintable()
        assert "<" not in line
    assert [line for line in rest.splitlines() if line.startswith("#")] == [
        "# penguins 1.0.0", "## What it takes", "## What it answers", "## Where it comes from",
        "## How the training data looked", "## How it was proved",
    ]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_texts_to_auditors(text: str, make_draft: MakeDraft, draft: Draft, tmp_path: Path) -> None:
    document = bill(make_draft(**told(draft, text)), tmp_path)
    model = document["metadata"]["component"]
    assert model["description"] == text
    assert "externalReferences" not in model


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(text=st.text(min_size=1, max_size=20))
def test_any_text_keeps_the_documents_whole(text: str, make_draft: MakeDraft, draft: Draft, tmp_path: Path) -> None:
    changed = make_draft(**told(draft, text))
    bill(changed, tmp_path)
    assert read(model_card(changed, changed.profile)).model_name == "penguins"


def test_auditors_find_the_facts_where_cyclonedx_has_them(draft: Draft, tmp_path: Path) -> None:
    document = bill(draft, tmp_path)
    model = document["metadata"]["component"]
    card = model["modelCard"]
    assert (model["type"], model["name"], model["version"]) == ("machine-learning-model", "penguins", "1.0.0")
    assert model["authors"] == [{"name": "field station"}]
    assert model["externalReferences"] == [{"type": "vcs", "url": "https://example.org/penguins.git"}]
    assert model["pedigree"] == {"commits": [{"uid": "0" * 40}]}
    assert card["modelParameters"]["approach"] == {"type": "supervised"}
    assert card["modelParameters"]["task"] == "tabular-classification"
    assert card["modelParameters"]["inputs"][0] == {"format": "mass: number"}
    assert card["quantitativeAnalysis"]["performanceMetrics"] == [{"type": "accuracy", "value": "0.98"}]
    components = {component["bom-ref"]: component for component in document["components"]}
    assert components["data:training"]["name"] == "palmer penguins"
    assert components["pkg:pypi/scikit-learn@1.9.1"]["type"] == "library"
    assert components["file:model/model.onnx"]["hashes"][0]["alg"] == "SHA-256"
    assert document["dependencies"][0]["dependsOn"] == list(components)


def test_the_card_that_is_shown_is_made_of_the_manifest(
    archive: Path, draft: Draft, capsys: pytest.CaptureFixture[str]
) -> None:
    from lading.core.main import main

    with pytest.raises(SystemExit):
        main(["inspect", str(archive), "--format", "card"])
    with open_bundle(archive) as bundle:
        assert capsys.readouterr().out == bundle.card() == model_card(draft, draft.profile)
