"""``python -m tests.bundles.fuzz.seeds``: write the seeds of every target's corpus, small and sound or nearly so."""

import pickle
from collections.abc import Iterator
from pathlib import Path

from tests.bundles.fuzz.targets import CORPUS, SAMPLE, sample
from tests.bundles.graphs import penguins


def seeds() -> Iterator[tuple[str, str, bytes]]:
    """Target, name and bytes of each."""
    yield "archive", "sample.lading", SAMPLE.read_bytes()
    files = sample()
    for place, name in enumerate(sorted(files)):
        yield "file", name.replace("/", "-"), bytes([place]) + files[name]
    yield "manifest", "sample.json", files["manifest.json"]
    yield "documents", "golden.json", files["golden/rows.json"]
    yield "documents", "profile.json", files["profile.json"]
    yield "graph", "sample.onnx", files["model/model.onnx"]
    yield "graph", "penguins.onnx", penguins()
    yield "graph", "external.onnx", penguins(external={"weights.bin": 9})
    for protocol in (0, 2, 4):
        yield "kinds", f"pickle-{protocol}.bin", pickle.dumps([Path("x"), 1.5], protocol)


def main() -> None:
    """Write them."""
    for target, name, data in seeds():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
