"""Loading: a Keras model out of a ``.keras`` file, in safe mode unless its maker is trusted."""

import json
import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lading.converters.loading import ModelUnpickleError, UntrustedTypesError

BACKEND = "KERAS_BACKEND"
OWN = ("keras", "builtins")
"""The packages whose classes a file may name; what is loaded of any other is code of somebody's."""
CODE = frozenset({"Lambda", "TorchModuleWrapper", "__lambda__", "TFSMLayer"})
"""Classes of Keras's that are code themselves, or load files that are."""


def load(path: Path, trust: bool) -> object:
    """The model in a ``.keras`` file, under PyTorch where Keras has no backend yet.

    Without ``trust`` a file that names classes beside Keras's own, or functions, is refused. Raises
    ``UntrustedTypesError`` and ``ModelUnpickleError``.
    """
    if "keras" not in sys.modules:
        os.environ.setdefault(BACKEND, "torch")
    import keras

    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
        strangers = tuple(sorted(set(_strangers(config))))
        if strangers and not trust:
            raise UntrustedTypesError(str(path), strangers)
        return keras.saving.load_model(path, compile=False, safe_mode=not trust)
    except UntrustedTypesError:
        raise
    except Exception as error:  # a file that is damaged fails in many ways, and so does code of somebody's
        raise ModelUnpickleError(str(path), f"{type(error).__name__}: {error!s:.300}") from error


def _strangers(config: Any) -> Iterator[str]:
    """The classes that a configuration names and that are not Keras's own."""
    if isinstance(config, list):
        for part in config:
            yield from _strangers(part)
    elif isinstance(config, dict):
        name = config.get("class_name")
        if isinstance(name, str):
            module = config.get("module")
            top = module.split(".")[0] if isinstance(module, str) else None
            if name in CODE or top not in (*OWN, None) or config.get("registered_name") not in (None, name):
                yield f"{module}.{name}" if module else name
        for part in config.values():
            yield from _strangers(part)
