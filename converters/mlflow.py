"""MLflow: its runs, wherever its tracking URI says that they are."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, cast

import orjson

from lading.bundles.capturing.credentials import without_credentials
from lading.bundles.capturing.parameters import json_safe
from lading.bundles.provenance import Code, Run, TrackedData
from lading.converters.tracker import TrackedRun, TrackerFailedError, UnknownRunError

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

NAME = "mlflow"
_OWN = "mlflow."
"""What MLflow's own tags begin with."""


class MlflowTracker:
    """MLflow's runs: those of ``MLFLOW_TRACKING_URI``, or of what the process has set."""

    def active(self) -> str | None:
        """The run within which this process is, if it uses MLflow at all."""
        mlflow = sys.modules.get("mlflow")
        active = None if mlflow is None else mlflow.active_run()
        return None if active is None else str(active.info.run_id)

    def run(self, run: str) -> TrackedRun:
        """The run with that id. Raises ``UnknownRunError`` and ``TrackerFailedError``."""
        with _asking(run):
            import mlflow

            client, server = mlflow.MlflowClient(), mlflow.get_tracking_uri()
            found = client.get_run(run)
            experiment = client.get_experiment(found.info.experiment_id)
        tags = dict(found.data.tags)
        record = Run(
            tracker=NAME,
            id=found.info.run_id,
            name=found.info.run_name,
            experiment=None if experiment is None else experiment.name,
            server=server if server.startswith(("http://", "https://", "databricks")) else None,
            user=tags.get("mlflow.user"),
            started=_moment(found.info.start_time),
            parameters=_texts(found.data.params),
            tags=_texts({name: value for name, value in tags.items() if not name.startswith(_OWN)}),
            datasets=_datasets(found.inputs.dataset_inputs if found.inputs is not None else []),
        )
        return TrackedRun(record, dict(found.data.metrics), _code(tags))


@contextmanager
def _asking(run: str) -> Iterator[None]:
    """MLflow's own failures as ours."""
    try:
        from mlflow import get_tracking_uri
        from mlflow.exceptions import MlflowException
    except ModuleNotFoundError as error:
        raise TrackerFailedError(NAME, f"the module {error.name!r} is not installed: pip install mlflow") from error
    try:
        yield
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            raise UnknownRunError(NAME, run, without_credentials(get_tracking_uri())) from error
        raise TrackerFailedError(NAME, without_credentials(str(error))) from error
    except ModuleNotFoundError as error:  # what a store needs is not among what the client needs
        raise TrackerFailedError(NAME, f"its store needs the module {error.name!r}: pip install mlflow") from error


def _texts(given: Mapping[str, str]) -> dict[str, str]:
    """Texts by name, long ones shortened, without credentials."""
    return cast(dict[str, str], json_safe(given))


def _moment(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _code(tags: Mapping[str, str]) -> Code:
    source = tags.get("mlflow.source.name")
    return Code(
        repository=tags.get("mlflow.source.git.repoURL"),
        commit=tags.get("mlflow.source.git.commit"),
        entry_point=None if source is None else _portable(source),
    )


def _datasets(inputs: "list[DatasetInput]") -> tuple[TrackedData, ...]:
    found = [_dataset(given) for given in inputs]
    return tuple(sorted(found, key=lambda data: (data.name, data.digest, str(data.context))))


def _dataset(given: "DatasetInput") -> TrackedData:
    context = next((tag.value for tag in given.tags if tag.key == "mlflow.data.context"), None)
    dataset = given.dataset
    return TrackedData(name=dataset.name, digest=dataset.digest, source=_source(dataset.source), context=context)


def _source(written: str) -> str | None:
    """Where a data set came from, out of the JSON that MLflow keeps: a URL, or the name of a file or a program."""
    try:
        source: Any = orjson.loads(written)
    except orjson.JSONDecodeError:
        return None
    places = [source, source.get("tags")] if isinstance(source, dict) else []
    for place in places:
        for name in ("uri", "url", "path", "table_name", "mlflow.source.name"):
            if isinstance(place, dict) and isinstance(found := place.get(name), str):
                return _portable(found)
    return None


def _portable(path: str) -> str:
    """A URL or a relative path as it is; of a machine's own path the name alone."""
    path = path.removeprefix("file://")
    return PurePath(path).name if PurePath(path).is_absolute() else path
