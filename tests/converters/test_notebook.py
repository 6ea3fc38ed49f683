"""A real notebook, executed by a real kernel: what its cells trained is in the bundle, and so is the notebook."""

import subprocess
import sys
from pathlib import Path

import nbformat

from lading.bundles.bundle import open_bundle

CELLS = (
    """
    import pandas as pd
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score
    from lading.converters import package, track
    frame = load_iris(as_frame=True).frame
    columns = list(frame.columns[:4])
    train, test = frame[::2], frame[1::2]
    """,
    """
    with track():
        model = LogisticRegression(max_iter=1000).fit(train[columns], train["target"])
        accuracy_score(test["target"], model.predict(test[columns]))
    """,
    """
    package(model, name="iris")
    """,
)


def test_a_notebook_tells_what_it_trained(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    cells = ["\n".join(line.removeprefix("    ") for line in cell.splitlines()) for cell in CELLS]
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]  # type: ignore[no-untyped-call]
    nbformat.write(notebook, tmp_path / "train.ipynb")  # type: ignore[no-untyped-call]
    command = [sys.executable, "-m", "jupyter", "execute", "train.ipynb"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False)
    assert ran.returncode == 0, ran.stderr
    with open_bundle(tmp_path / "iris-1.0.0.lading") as bundle:
        provenance = bundle.manifest.provenance
    assert provenance.code.entry_point == "train.ipynb"
    assert provenance.data.rows == 75
    assert set(provenance.experiment.metrics) == {"evaluation_accuracy_score"}
    assert provenance.datasets is not None
    assert provenance.datasets["evaluation"].target == "target"
