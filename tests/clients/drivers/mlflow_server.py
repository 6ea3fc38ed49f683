"""MLflow's own scoring server over scikit-learn models: what it answers to bodies, each with its content type.

The argument is a folder: for each model NAME.joblib, NAME.parquet with rows of which MLflow infers the signature, and
NAME.json with the bodies, a list of [content type, base64]. It prints, by name, a list of [status, content type,
answer].
"""

import base64
import json
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

import joblib
import mlflow.pyfunc
import mlflow.sklearn
import pandas as pd
import requests
import uvicorn
from mlflow.models import infer_signature
from mlflow.pyfunc import scoring_server


def serve(application):
    """The port of a server that runs in a thread."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="error"))
    threading.Thread(target=server.run, args=([listening],), daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    return listening.getsockname()[1]


def said(reply):
    return [reply.status_code, reply.headers["content-type"], reply.text]


def ask(path):
    model, rows = joblib.load(path), pd.read_parquet(path.with_suffix(".parquet"))
    given = rows if hasattr(model, "feature_names_in_") else rows.to_numpy()
    with tempfile.TemporaryDirectory() as folder:
        signature = infer_signature(given, model.predict(given))
        saved = {"signature": signature, "serialization_format": "pickle", "pip_requirements": []}
        mlflow.sklearn.save_model(model, f"{folder}/model", **saved)
        address = f"http://127.0.0.1:{serve(scoring_server.init(mlflow.pyfunc.load_model(f'{folder}/model')))}"
        bodies = json.loads(path.with_suffix(".json").read_text())
        found = [
            said(requests.post(f"{address}/invocations", base64.b64decode(body), headers={"content-type": kind}))
            for kind, body in bodies
        ]
        return [*found, *(said(requests.get(address + path)) for path in ("/ping", "/health"))]


print(json.dumps({path.stem: ask(path) for path in sorted(Path(sys.argv[1]).glob("*.joblib"))}))
