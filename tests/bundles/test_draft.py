"""The draft: the same draft, the same bytes, and nothing written that a reader would refuse."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lading.bundles import draft as drafts
from lading.bundles.bundle import open_bundle
from lading.bundles.capturing.credentials import without_credentials
from lading.bundles.digest import digest_of
from lading.bundles.draft import Draft, DraftError, draw_up, write_bundle
from lading.bundles.kinds import forbidden_content
from lading.bundles.manifest import Graph
from lading.bundles.provenance import Provenance, Run, TrackedData, Training
from tests.bundles.graphs import penguins

MakeDraft = Callable[..., Draft]
weights = st.binary().filter(lambda data: forbidden_content(data, len(data)) is None)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=30)
@given(
    said=texts,
    description=texts,
    extra=st.dictionaries(st.from_regex(r"\Amodel/w[0-9]{1,3}\Z"), weights),
)
def test_the_same_draft_gives_the_same_bytes_and_they_hold_what_was_drafted(
    tmp_path_factory: pytest.TempPathFactory,
    make_draft: MakeDraft,
    said: str,
    description: str,
    extra: dict[str, bytes],
) -> None:
    model = penguins(said, {name.removeprefix("model/"): len(data) for name, data in extra.items()})
    draft = make_draft(model=model, description=description, extra_files=extra)
    folder = tmp_path_factory.mktemp("draft")
    digests = {write_bundle(draft, folder / name) for name in ("one.lading", "other.lading", "tree")}
    assert (folder / "one.lading").read_bytes() == (folder / "other.lading").read_bytes()
    assert digests == {digest_of((folder / "tree" / "manifest.json").read_bytes())}
    with open_bundle(folder / "one.lading") as bundle:
        assert bundle.read("model/model.onnx") == model
        assert bundle.manifest.description == without_credentials(description)
        assert bundle.golden() == draft.golden
        assert bundle.profile() == draft.profile
        assert {name: bundle.read(name) for name in extra} == extra


def test_external_data_may_lie_in_a_file(make_draft: MakeDraft, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.write_bytes(b"w" * 3_000_000)
    model = penguins(external={"weights.bin": 3_000_000})
    write_bundle(make_draft(model=model, extra_files={"model/weights.bin": weights}), tmp_path / "x.lading")
    with open_bundle(tmp_path / "x.lading") as bundle:
        assert bundle.read("model/weights.bin") == weights.read_bytes()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"name": "Two Words"}, "name", id="name"),
        pytest.param({"version": ""}, "version", id="version"),
        pytest.param({"extra_files": {"setup.py": b""}}, "no place for the file 'setup.py'", id="a file elsewhere"),
        pytest.param({"extra_files": {"model/../x": b""}}, "may hold", id="a file that climbs"),
        pytest.param({"extra_files": {"model/model.onnx": b""}}, "is there twice", id="the graph twice"),
        pytest.param({"extra_files": {"model/Model.onnx": b""}}, "in case only", id="a case twin"),
        pytest.param({"extra_files": {"manifest.json": b""}}, "is there twice", id="the manifest"),
        pytest.param({"description": "\ud800"}, "non-UTF-8", id="a lone surrogate"),
        pytest.param(
            {"graph": Graph(path="x.onnx", framework="onnx", ir_version=10, opsets={})}, "no place", id="graph"
        ),
        pytest.param({"model": b"no graph"}, "not a graph that may be loaded", id="a model that is none"),
        pytest.param({"extra_files": {"model/notes.txt": b"hm"}}, "no data in model/notes.txt", id="a file unused"),
    ],
)
def test_what_a_reader_would_refuse_is_not_written(
    make_draft: MakeDraft, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(DraftError) as caught:
        write_bundle(make_draft(**changes), tmp_path / "x.lading")
    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_too_many_files_are_refused(make_draft: MakeDraft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MOST_FILES", 6)
    write_bundle(make_draft(model=penguins(external={"a": 0}), extra_files={"model/a": b""}), tmp_path / "x.lading")
    with pytest.raises(DraftError, match="7 files"):
        write_bundle(make_draft(extra_files={"model/a": b"", "model/b": b""}), tmp_path / "x.lading")


SECRET = "S3CR3T"
LEAKS = st.sampled_from(
    [
        f"https://me:{SECRET}@example.org/x",
        f"//me:{SECRET}@example.org/x",
        f"https://example.org/x?pass={SECRET}",
        f"https://example.org/x?subscription-key={SECRET}&rows=9",
        f"me:{SECRET}@example.org/db",
        f"Server=db;Password={SECRET};",
    ]
)


FREE_NAMES = {"parameters", "metrics", "packages", "tags", "grid"}
"""Members whose own members anybody may name."""


def leaking(value: Any, leak: str, within: str = "") -> Any:
    """``value`` with ``leak`` in each of its texts but the digest, and in each name that anybody may choose."""
    match value:
        case str():
            return value if within in ("digest", "target_digest") else f"{value} {leak}"
        case list() | tuple():
            return [leaking(member, leak, within) for member in value]
        case dict():
            tail = f" {leak}" if within in FREE_NAMES else ""
            return {f"{name}{tail}": leaking(member, leak, name) for name, member in value.items()}
    return value


def test_the_example_has_every_field_that_a_credential_could_hide_in(draft: Draft) -> None:
    provenance = everything(draft)
    experiment = provenance.experiment
    assert experiment.run is not None
    assert experiment.training is not None
    parts = (provenance.data, experiment, experiment.run, experiment.training, provenance.code, provenance.environment)
    for record in (provenance, *parts, *experiment.run.datasets):
        assert None not in dict(record).values()
        assert all(len(value) > 0 for value in dict(record).values() if isinstance(value, Mapping))


def everything(draft: Draft) -> Provenance:
    given, text = draft.provenance, "said"
    data = given.data.model_copy(update={"source": "data/penguins.csv"})
    run = Run(
        tracker=text, id=text, name=text, experiment=text, server=text, user=text, started=text, parameters={text: text},
        tags={text: text}, datasets=(TrackedData(name=text, digest=text, source=text, context=text),),
    )  # fmt: skip
    training = Training(call=text, digest=data.digest, target_digest=data.digest, rows=1)
    experiment = given.experiment.model_copy(update={"run": run, "training": training})
    return given.model_copy(update={"data": data, "datasets": {"test": data}, "experiment": experiment})


@settings(max_examples=20)
@given(leak=LEAKS)
def test_no_text_brings_a_credential_into_a_bundle(
    tmp_path_factory: pytest.TempPathFactory, make_draft: MakeDraft, leak: str
) -> None:
    draft = make_draft()
    leaked = Provenance.model_validate(leaking(everything(draft).model_dump(), leak))
    parity = draft.parity.model_copy(update={"waiver": f"Because {leak}"})
    folder = tmp_path_factory.mktemp("leak") / "x"
    write_bundle(make_draft(description=f"See {leak}", provenance=leaked, parity=parity), folder)
    for path in folder.rglob("*.*"):
        assert SECRET.encode() not in path.read_bytes(), path.name
    with open_bundle(folder) as bundle:
        assert bundle.manifest.provenance.data.digest == draft.provenance.data.digest
        assert list(bundle.manifest.provenance.experiment.metrics.values()) == [0.98]


def test_two_names_that_differ_by_their_credentials_only_are_refused(make_draft: MakeDraft, draft: Draft) -> None:
    tags = {"//a:b@example.org": "1", "//c:d@example.org": "2"}
    with pytest.raises(DraftError, match=r"provenance: two names are both '//example\.org'"):
        draw_up(make_draft(provenance=draft.provenance.model_copy(update={"tags": tags})))


def test_an_interrupt_stays_one_whichever_function_it_falls_into(draft: Draft) -> None:
    def draw_up_interrupted(chosen: int) -> int:
        """Interrupt the call of that number; returns how many there were."""
        calls = 0

        def count(frame: FrameType, event: str, argument: object) -> None:
            nonlocal calls
            calls += event == "call"
            if calls == chosen:
                raise KeyboardInterrupt

        sys.setprofile(count)
        try:
            draw_up(draft)
        finally:
            sys.setprofile(None)
        return calls

    draw_up(draft)  # what is made at the first call, and kept, is none of the calls that are counted
    for number in range(1, draw_up_interrupted(-1)):
        with pytest.raises(KeyboardInterrupt):
            draw_up_interrupted(number)


def test_secrets_in_what_people_wrote_are_left_out(make_draft: MakeDraft, draft: Draft, tmp_path: Path) -> None:
    url = "https://me:S3CR3T@example.org/x?token=S3CR3T"
    given = draft.provenance
    provenance = given.model_copy(
        update={
            "tags": {"api_key": "S3CR3T", "from": url},
            "data": given.data.model_copy(update={"source": url}),
            "code": given.code.model_copy(update={"repository": url}),
        }
    )
    write_bundle(make_draft(description=f"See {url}.", provenance=provenance), tmp_path / "x")
    for path in (tmp_path / "x").rglob("*.*"):
        assert b"S3CR3T" not in path.read_bytes()
    with open_bundle(tmp_path / "x") as bundle:
        assert bundle.manifest.provenance.tags == {"api_key": "***", "from": "https://example.org/x"}
        assert bundle.manifest.provenance.data.source == "https://example.org/x"
