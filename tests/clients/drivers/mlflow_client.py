"""MLflow's scoring client: health, predictions for a data frame, a list and an array, and what it is refused."""

import json
import sys

import numpy as np
import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

host, port = sys.argv[1].split(":")
given = json.load(sys.stdin)
client = ScoringServerClient(host, port)
client.wait_server_ready()
rows = pd.DataFrame(given["data"], columns=given["columns"], index=range(100, 100 + len(given["data"])))
found = {
    "version": client.get_version(),
    "frame": client.invoke(rows).get_predictions(predictions_format="ndarray").tolist(),
    "list": client.invoke(given["data"]).get_predictions(predictions_format="ndarray").tolist(),
    "array": client.invoke(np.array(given["data"], dtype=object)).get_predictions().iloc[:, 0].tolist(),
}
for name, document in (("params", {"params": {"temperature": 1}}), ("nan", {})):
    try:
        client.invoke(rows.assign(Age=np.nan) if name == "nan" else rows, **document)
    except Exception as error:  # which is all that the client says
        found[name] = str(error)
print(json.dumps(found))
