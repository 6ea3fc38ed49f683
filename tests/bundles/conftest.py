"""What the tests of bundles share: a draft of a small bundle, written as an archive and as a folder."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lading.bundles.draft import Draft, write_bundle
from lading.bundles.golden import Golden
from lading.bundles.manifest import Graph
from lading.bundles.parity import OutputParity, Parity, Tolerance, WorstRow
from lading.bundles.profile import CategoryCount, ColumnProfile, Profile
from lading.bundles.provenance import Code, Data, Environment, Experiment, Provenance
from lading.bundles.signature import Feed, Field, Output, Range, Signature, Tensor
from tests.bundles.graphs import penguins

MakeDraft = Callable[..., Draft]


@pytest.fixture(scope="session")
def make_draft() -> MakeDraft:
    """A draft of a small bundle, with whatever the test wants otherwise."""
    draft = Draft(
        name="penguins",
        version="1.0.0",
        description="Tells penguins apart.",
        graph=Graph(framework="scikit-learn", ir_version=10, opsets={"ai.onnx": 21, "ai.onnx.ml": 3}),
        signature=_signature(),
        provenance=_provenance(),
        parity=_parity(),
        golden=Golden(
            rows=2,
            origins=("data", "boundary"),
            fields={"mass": (3750.0, None), "island": ("Biscoe", "Dream")},
            outputs={"label": ("Adelie", "Gentoo"), "probabilities": ([0.75, 0.25], [0.5, 0.5])},
        ),
        profile=_profile(),
        model=penguins(),
    )

    def make(**changes: Any) -> Draft:
        return replace(draft, **changes)

    return make


@pytest.fixture
def draft(make_draft: MakeDraft) -> Draft:
    return make_draft()


@pytest.fixture
def archive(draft: Draft, tmp_path: Path) -> Path:
    """A sound bundle as an archive."""
    path = tmp_path / "penguins-1.0.0.lading"
    write_bundle(draft, path)
    return path


@pytest.fixture
def folder(draft: Draft, tmp_path: Path) -> Path:
    """The same bundle as a folder."""
    path = tmp_path / "penguins-1.0.0"
    write_bundle(draft, path)
    return path


def _signature() -> Signature:
    mass = Field(
        name="mass",
        type="number",
        dtype="float64",
        nullable=True,
        range=Range(minimum=2700.0, maximum=6300.0),
        feed=Feed(input="numbers", column=0),
    )
    island = Field(
        name="island",
        type="string",
        dtype="str",
        categories=("Biscoe", "Dream"),
        feed=Feed(input="texts", column=0, missing="nan"),
    )
    label = Tensor(name="label", dtype="string", shape=("rows",))
    probabilities = Tensor(name="probabilities", dtype="float32", shape=("rows", 2))
    classes = ("Adelie", "Gentoo")
    return Signature(
        form="frame",
        fields=(mass, island),
        inputs=(
            Tensor(name="numbers", dtype="float64", shape=("rows", 1)),
            Tensor(name="texts", dtype="string", shape=("rows", 1)),
        ),
        outputs=(
            Output(tensor=label, meaning="label", classes=classes, class_type="string"),
            Output(tensor=probabilities, meaning="probabilities", classes=classes, class_type="string"),
        ),
    )


def _provenance() -> Provenance:
    return Provenance(
        data=Data(digest="sha256:" + "0" * 64, rows=344, columns=3, name="palmer penguins", target="species"),
        experiment=Experiment(
            estimator="sklearn.pipeline.Pipeline",
            parameters={"memory": None, "tol": 1e20, "grid": [{"alpha": 1e20}]},
            metrics={"accuracy": 0.98},
        ),
        code=Code(repository="https://example.org/penguins.git", commit="0" * 40, dirty=False, entry_point="train.py"),
        environment=Environment(python="3.11.7", packages={"scikit-learn": "1.9.1"}),
        author="field station",
        tags={"stage": "test"},
    )


def _parity() -> Parity:
    return Parity(
        reference="scikit-learn 1.9.1",
        rows=300,
        boundary_rows=100,
        single_rows=20,
        label_flips=0,
        outputs=(OutputParity(output="probabilities", max_absolute=1e-7, max_relative=2e-7, max_ulp=3),),
        tolerance=Tolerance(),
        precision="mixed",
        versions={"onnxruntime": "1.31.1"},
        worst=WorstRow(
            row=7, origin="data", output="probabilities", expected=[0.75, 0.25], found=[0.7500001, 0.2499999]
        ),
    )


def _profile() -> Profile:
    mass = ColumnProfile(
        name="mass", type="number", dtype="float64", count=344, missing=2, minimum=2700.0, maximum=6300.0, mean=4201.75
    )
    island = ColumnProfile(
        name="island",
        type="string",
        dtype="str",
        count=344,
        missing=0,
        categories=(CategoryCount(value="Biscoe", count=168),),
        distinct=3,
    )
    return Profile(rows=344, columns=(mass, island))
