"""MLflow: the graph as a model of its ONNX flavor, which ``mlflow models serve`` reads. ``save.py FOLDER``."""

import os
import sys
from pathlib import Path

import mlflow.onnx
import onnx

from benchmarks.terms import GRAPH, SESSION

if __name__ == "__main__" and not Path(sys.argv[1]).exists():  # it was saved in the round before
    mlflow.onnx.save_model(
        onnx.load(os.environ[GRAPH]),
        sys.argv[1],
        onnx_execution_providers=["CPUExecutionProvider"],
        onnx_session_options={"intra_op_num_threads": 1, "inter_op_num_threads": 1, "extra_session_config": SESSION},
        pip_requirements=[],
    )
