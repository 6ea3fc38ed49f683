import pickle
import shutil
from pathlib import Path

import pytest

from lading.runtime.deployments import Deployments
from lading.runtime.errors import UnknownModelError
from lading.runtime.names import DuplicateNameError


def test_models_come_in_the_order_of_their_names(deployments: Deployments) -> None:
    names = [model.name for model in deployments]
    assert names == sorted(names)
    assert len(deployments) == len(names)


def test_two_bundles_of_one_name_are_refused_with_both_paths(bundles: dict[str, Path], tmp_path: Path) -> None:
    twin = tmp_path / "twin.lading"
    shutil.copy(bundles["cells"], twin)
    with pytest.raises(DuplicateNameError) as caught:
        Deployments.load([bundles["cells"], twin])
    assert caught.value.exit_code == 3
    assert str(bundles["cells"]) in str(caught.value)
    assert str(twin) in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_two_models_of_one_name_are_refused(bundles: dict[str, Path]) -> None:
    models = [next(iter(Deployments.load([bundles["cells"]]))) for _ in range(2)]
    with pytest.raises(DuplicateNameError, match=r"version 1\.0\.0"):
        Deployments(models)


def test_a_model_is_found_by_its_name_and_by_its_version(deployments: Deployments) -> None:
    assert deployments.get("cells") is deployments.get("cells", "1.0.0")


@pytest.mark.parametrize(
    ("name", "version", "words"),
    [
        pytest.param("celsl", None, 'did you mean "cells"', id="a misspelt name is told the right one"),
        pytest.param("x" * 5000, None, "no model", id="a long name is cut short"),
        pytest.param("cells", "2.0.0", 'no version "2.0.0"', id="another version"),
    ],
)
def test_an_unknown_model_is_said_to_be_unknown(
    deployments: Deployments, name: str, version: str | None, words: str
) -> None:
    with pytest.raises(UnknownModelError) as caught:
        deployments.get(name, version)
    assert caught.value.status == 404
    assert words in str(caught.value)
    assert len(str(caught.value)) < 400


def test_without_deployments_the_error_says_so() -> None:
    with pytest.raises(UnknownModelError, match="none is deployed"):
        Deployments().get("cells")
