"""Bundles that earlier releases wrote open in this one, and answer as they did."""

from pathlib import Path

import pytest

from lading.bundles.bundle import copy_bundle, open_bundle
from lading.bundles.session import open_session
from lading.bundles.tensors.comparing import compare
from lading.bundles.tensors.feeds import encode

SAMPLES = {
    "format-1-lading-0.1.0.lading": "sha256:471b2865cb753c20fe70b2e40c05a650ac537f5a7bf93a5ac2cc1b0db023b3f8",
}
"""The archives of each release, with the digests that they had then."""

FOLDER = Path(__file__).parent / "samples"


def test_every_sample_is_listed() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_opens_with_the_digest_that_it_had(name: str, tmp_path: Path) -> None:
    with open_bundle(FOLDER / name) as bundle:
        assert bundle.digest == SAMPLES[name]
        copy_bundle(bundle, tmp_path / "again.lading")
    assert (tmp_path / "again.lading").read_bytes() == (FOLDER / name).read_bytes()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_answers_its_golden_rows(name: str) -> None:
    with open_bundle(FOLDER / name) as bundle:
        signature, golden = bundle.manifest.signature, bundle.golden()
        session = open_session(bundle.read(bundle.manifest.graph.path))
        assert bundle.profile().rows == bundle.manifest.provenance.data.rows
    names = [output.tensor.name for output in signature.outputs]
    found = dict(zip(names, session.run(names, encode(signature, golden.columns(signature))), strict=True))
    assert compare(signature, golden.expected(signature), found, bundle.manifest.parity.tolerance).ok
