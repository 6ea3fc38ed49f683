"""The folder of an MLflow model: which file in it is the model that was trained."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lading.core.errors import UsageError

MARKER = "MLmodel"
"""The file that says what the others are."""
FLAVOURS: Mapping[str, str] = {
    "sklearn": "pickled_model",
    "xgboost": "data",
    "lightgbm": "data",
    "catboost": "data",
    "onnx": "data",
}
"""MLflow's word for the framework, and where it says the name of the model's file."""
LARGEST = 1 << 20


class MlflowFolderError(UsageError):
    """A folder is not that of an MLflow model whose file can be loaded."""

    def __init__(self, folder: str, found: str) -> None:
        super().__init__(folder, found)
        self.folder, self.found = folder, found

    def __str__(self) -> str:
        return (
            f"{self.folder} {self.found}; give the folder of an MLflow model of the flavour {', '.join(FLAVOURS)}, or "
            "the model's own file"
        )


def model_file(folder: Path) -> Path:
    """The file of the model in a folder that MLflow saved; raises ``MlflowFolderError``."""
    flavours = _flavours(folder)
    flavour = next((name for name in FLAVOURS if isinstance(flavours.get(name), dict)), None)
    if flavour is None:
        known = ", ".join(sorted(map(str, flavours))) or "none"
        raise MlflowFolderError(str(folder), f"holds a model of the flavours {known}")
    name = flavours[flavour].get(FLAVOURS[flavour])
    file = folder / str(name)
    if not file.resolve().is_relative_to(folder.resolve()) or not file.is_file():
        raise MlflowFolderError(str(folder), f"has no file {str(name)!r}, which its {MARKER} calls the model")
    return file


def _flavours(folder: Path) -> Mapping[str, Any]:
    try:
        import yaml
    except ModuleNotFoundError as error:
        raise MlflowFolderError(str(folder), "needs PyYAML to be read: pip install 'lading[mlflow]'") from error
    try:
        with (folder / MARKER).open("rb") as file:
            said = yaml.safe_load(file.read(LARGEST))
    except FileNotFoundError as error:
        raise MlflowFolderError(str(folder), f"is a folder without a file {MARKER}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise MlflowFolderError(str(folder), f"has a file {MARKER} that cannot be read: {error}") from error
    flavours = said.get("flavors") if isinstance(said, dict) else None
    return flavours if isinstance(flavours, dict) else {}
