"""``lading inspect``: everything that a bundle says, none of it as terminal commands."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lading.bundles.bundle import copy_bundle, open_bundle
from lading.bundles.draft import Draft, write_bundle
from lading.bundles.provenance import Run, TrackedData, Training
from lading.core.main import main

MakeDraft = Callable[..., Draft]


def shown(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["inspect", str(path), *options])
    assert ended.value.code in (0, None)
    return capsys.readouterr().out


@pytest.mark.parametrize("form", ["archive", "folder"])
def test_everything_is_shown(form: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(request.getfixturevalue(form), capsys)
    for fact in (
        "penguins 1.0.0", "Tells penguins apart.", "sha256:", "mass", "number (float64)", "2700 to 6300", "Biscoe, Dream",
        "numbers (float64) column 0", "string[rows]", "Adelie, Gentoo", "palmer penguins", "species",
        "sklearn.pipeline.Pipeline", "metric accuracy", "0.98", "tag stage", "Parameters", "tol",
        "https://example.org/penguins.git", "train.py", "uncommitted changes", "3.11.7", "scikit-learn", "4201.75",
        "scikit-learn 1.9.1", "300, 100 of them", "onnxruntime 1.31.1", "7 (data), output probabilities", "2, 1 of them",
        "ai.onnx 21, ai.onnx.ml 3",
    ):  # fmt: skip
        assert fact in out, fact
    assert "evidence" not in out
    assert "warning" not in out


def test_json_is_the_manifest_and_the_rest(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(shown(archive, capsys, "--json"))
    with open_bundle(archive) as bundle:
        assert document["digest"] == bundle.digest
        assert document["manifest"] == json.loads(bundle.read("manifest.json"))
        assert document["profile"] == json.loads(bundle.read("profile.json"))
    assert document["golden"] == {"rows": 2, "boundary_rows": 1}
    assert document["evidence"] == []


def test_a_waiver_comes_first_and_a_field_that_is_not_used_is_marked(
    make_draft: MakeDraft, draft: Draft, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ignored = draft.signature.fields[1].model_copy(update={"feed": None})
    whole = draft.signature.fields[0].model_copy(
        update={"nullable": False, "feed": draft.signature.fields[0].feed.model_copy(update={"column": None})}  # type: ignore[union-attr]
    )
    changed = make_draft(
        signature=draft.signature.model_copy(update={"fields": (whole, ignored)}),
        parity=draft.parity.model_copy(update={"waiver": "scores differ", "worst": None}),
        provenance=draft.provenance.model_copy(
            update={"code": draft.provenance.code.model_copy(update={"dirty": True})}
        ),
        description=None,
    )
    write_bundle(changed, tmp_path / "x.lading")
    out = shown(tmp_path / "x.lading", capsys)
    assert out.index("waived, for this reason: scores differ") < out.index("Fields")
    assert "not used" in out
    assert "worst row" not in out


def test_evidence_is_listed(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "evidence").mkdir()
    (folder / "evidence" / "load.json").write_bytes(b"{}")
    with open_bundle(folder) as bundle:
        copy_bundle(bundle, tmp_path / "x.lading")
    assert "evidence/load.json" in shown(tmp_path / "x.lading", capsys)


def test_unknown_code_has_no_heading(
    make_draft: MakeDraft, draft: Draft, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = type(draft.provenance.code)()
    write_bundle(make_draft(provenance=draft.provenance.model_copy(update={"code": empty})), tmp_path / "x.lading")
    assert "Code" not in shown(tmp_path / "x.lading", capsys).splitlines()


def test_text_from_a_bundle_moves_no_cursor_and_is_no_markup(
    make_draft: MakeDraft, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bundle(make_draft(description="\x1b[2J[bold red]gone[/] \x07"), tmp_path / "x.lading")
    out = shown(tmp_path / "x.lading", capsys)
    assert r"\x1b[2J[bold red]gone[/] \x07" in out
    assert "\x1b" not in out


def test_a_broken_bundle_shows_nothing_of_itself(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive.write_bytes(archive.read_bytes()[:-5])
    with pytest.raises(SystemExit) as ended:
        main(["inspect", str(archive), "--json"])
    assert ended.value.code == 4
    output = capsys.readouterr()
    assert json.loads(output.out)["exit_code"] == 4
    assert str(archive) in output.err


def test_a_bill_of_materials_is_json(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(shown(archive, capsys, "--format", "cyclonedx"))["bomFormat"] == "CycloneDX"
    assert "manifest" in json.loads(shown(archive, capsys, "--format", "json"))


def refused(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["inspect", str(path), *options])
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_formats_that_are_not_known_are_refused(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "expected one of text, json, card, cyclonedx" in refused(archive, capsys, "--format", "xml")


def test_a_loose_graph_says_which_bundle_it_is_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = {"name": "penguins", "version": "1.0.0", "data.digest": "sha256:" + "0" * 64}
    notes = [(f"lading.{name}".encode(), value.encode()) for name, value in facts.items()]
    entries = [b"\x0a" + bytes([len(key)]) + key + b"\x12" + bytes([len(value)]) + value for key, value in notes]
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x08\x0a" + b"".join(b"\x72" + bytes([len(entry)]) + entry for entry in entries))
    assert json.loads(shown(path, capsys, "--json"))["origin"] == facts
    assert "penguins" in shown(path, capsys)
    assert "without its bundle" in refused(path, capsys, "--format", "card")
    path.write_bytes(b"\x08\x0a")
    assert "does not say which bundle it is from" in refused(path, capsys)


def test_a_run_a_training_and_further_data_are_shown(
    make_draft: MakeDraft, draft: Draft, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = draft.provenance.data
    run = Run(
        tracker="mlflow", id="0a1b", user="ada", parameters={"depth": "3"}, tags={"team": "birds"},
        datasets=(TrackedData(name="rows", digest="5a5c", context="train"),),
    )  # fmt: skip
    training = Training(call="fit", digest=data.digest, rows=77)
    experiment = draft.provenance.experiment.model_copy(update={"run": run, "training": training})
    changed = {"experiment": experiment, "datasets": {"held-out": data.model_copy(update={"rows": 99})}}
    write_bundle(make_draft(provenance=draft.provenance.model_copy(update=changed)), tmp_path / "x.lading")
    out = shown(tmp_path / "x.lading", capsys)
    for fact in ("0a1b", "ada", "parameter depth", "tag team", "5a5c train", "77", "Data: held-out", "99"):
        assert fact in out, fact
