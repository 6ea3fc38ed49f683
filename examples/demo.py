"""The whole road, once: train two models on real data, package them, serve them, ask them, and compare."""

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console

from examples import models
from lading.converters import Packaged, package

FOLDER = Path(".demo")
LADING = Path(sys.executable).with_name("lading")

console = Console(highlight=False, soft_wrap=True)


def main() -> None:
    """Train, package, serve, ask, compare, and print what was done."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the server running until Ctrl-C")
    parser.add_argument("--port", type=int, default=8080, help="the server's port (default: 8080)")
    options = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    examples = [models.penguins(), models.breast_cancer()]
    bundles = [_package(example).path for example in examples]
    with _served(bundles, options.port) as address, httpx.Client(base_url=address) as client:
        for example in examples:
            _ask(client, example)
        _print_lineage(client)
        if options.keep:
            console.print(f"\n[bold green]The page is at {address}/[/]  (Ctrl-C stops the server)")
            _wait_for_interrupt()
    console.print(f"\n[bold]Done.[/] The bundles are in {FOLDER}/: .venv/bin/lading inspect {bundles[0]}")


def _package(example: models.Example) -> Packaged:
    console.print(f"\n[bold]Training {example.name}[/] on {len(example.train)} rows: {example.source}")
    console.print(f"  accuracy {example.accuracy:.3f} on {len(example.held_out)} rows that it has not seen")
    packaged = package(
        example.model,
        example.train,
        name=example.name,
        version="1.0.0",
        path=FOLDER / f"{example.name}-1.0.0.lading",
        target=example.target,
        source=example.source,
        metrics={"accuracy": example.accuracy},
        description=example.description,
    )
    parity = packaged.parity
    worst = max(output.max_absolute for output in parity.outputs)
    console.print(f"  packaged as {packaged.path}, {packaged.path.stat().st_size / 1000:.0f} kB")
    console.print(f"  {packaged.digest}")
    console.print(
        f"  proved on {parity.rows} rows, {parity.boundary_rows} of them at its own decision boundaries: "
        f"{parity.label_flips} labels differ, probabilities by at most {worst:.1e}"
    )
    return packaged


@contextmanager
def _served(bundles: list[Path], port: int) -> Iterator[str]:
    """The address of a server in a process of its own, which is stopped as an operator would stop it."""
    console.print("\n[bold]Serving both[/]")
    command = [str(LADING), "serve", *map(str, bundles), "--port", str(port), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            ready = server.stdout.readline() if server.stdout is not None else ""
            if not ready:
                raise SystemExit(server.wait())
            yield json.loads(ready)["address"]
        finally:
            server.terminate()


def _ask(client: httpx.Client, example: models.Example) -> None:
    """Send every row that the model has not seen over both protocols, and compare with what scikit-learn says."""
    console.print(f"\n[bold]Asking {example.name}[/]")
    rows = _rows(example.features)
    answers = {
        f"POST /models/{example.name}/predict": _by_name(client, example, rows),
        f"POST /v2/models/{example.name}/infer": _by_tensor(client, example, rows),
    }
    expected, probabilities = example.predict(), example.probabilities()
    for path, found in answers.items():
        equal = int((example.model.classes_[found.argmax(axis=1)] == expected).sum())
        worst = float(np.abs(found - probabilities).max())
        console.print(f"  {path}: {equal} of {len(rows)} labels equal, probabilities within {worst:.1e}")
    console.print(f"  the first row:  {json.dumps(rows[0])}", soft_wrap=False)
    answer = client.post(f"/models/{example.name}/predict", json=rows[0]).json()
    console.print(f"  Lading says:    {json.dumps(answer)}", soft_wrap=False)
    console.print(
        f"  scikit-learn:   {expected[0]}, {dict(zip(example.model.classes_, probabilities[0].tolist(), strict=True))}"
    )


def _rows(features: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON objects; a missing value is null."""
    records = features.to_dict(orient="records")
    return [{str(name): None if pd.isna(value) else value for name, value in row.items()} for row in records]


def _by_name(client: httpx.Client, example: models.Example, rows: list[dict[str, Any]]) -> NDArray[np.float64]:
    """Probabilities asked by field name."""
    answers = client.post(f"/models/{example.name}/predict", json=rows).raise_for_status().json()
    return np.array([[answer["probabilities"][name] for name in example.model.classes_] for answer in answers])


def _by_tensor(client: httpx.Client, example: models.Example, rows: list[dict[str, Any]]) -> NDArray[np.float64]:
    """Probabilities asked by the Open Inference Protocol: a data frame's columns are a tensor each."""
    path = f"/v2/models/{example.name}"
    inputs = [
        {
            "name": tensor["name"],
            "datatype": tensor["datatype"],
            "shape": [len(rows), 1],
            "data": [row[tensor["name"]] for row in rows],
        }
        for tensor in client.get(path).raise_for_status().json()["inputs"]
    ]
    outputs = client.post(f"{path}/infer", json={"inputs": inputs}).raise_for_status().json()["outputs"]
    found = next(output for output in outputs if output["name"] == "probabilities")
    return np.array(found["data"], dtype=np.float64).reshape(found["shape"])


def _print_lineage(client: httpx.Client) -> None:
    console.print("\n[bold]What is deployed, and where it came from[/] (GET /lineage)")
    for model in client.get("/lineage").raise_for_status().json()["models"]:
        provenance = model["provenance"]
        data, experiment, code = provenance["data"], provenance["experiment"], provenance["code"]
        uncommitted = " with uncommitted changes" if code.get("dirty") else ""
        console.print(f"  {model['name']} {model['version']}  {model['digest']}")
        console.print(f"    data        {data['rows']} rows of {data['columns']} columns: {data['source']}")
        console.print(f"                {data['digest']}")
        console.print(f"    experiment  {experiment['estimator']}, {json.dumps(experiment['metrics'])}")
        console.print(
            f"    code        {code.get('entry_point')} at commit {code.get('commit', 'unknown')[:12]}{uncommitted}"
        )
        console.print(f"    parity      {model['parity']['rows']} rows, {model['parity']['label_flips']} labels differ")


def _wait_for_interrupt() -> None:
    try:
        signal.pause()
    except KeyboardInterrupt:
        console.print()


if __name__ == "__main__":
    main()
