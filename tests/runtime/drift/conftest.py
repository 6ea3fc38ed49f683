"""A model that has the profile of its training data."""

import pytest

from lading.runtime.deployments import Deployments
from lading.runtime.model import Model


@pytest.fixture
def model(trained: Deployments) -> Model:
    """That of a data frame."""
    return trained.get("visits")
