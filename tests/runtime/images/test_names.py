"""The names of images: a shell, a Dockerfile and a manifest may be given them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.runtime.images.errors import ImageNameError
from lading.runtime.images.names import image_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("churn", "churn:latest", id="a name alone"),
        pytest.param("churn:1.4.0", "churn:1.4.0", id="a tag"),
        pytest.param("localhost:5000/churn", "localhost:5000/churn:latest", id="a registry's port is no tag"),
        pytest.param("a.example/team_a/churn-eu:7", "a.example/team_a/churn-eu:7", id="everything"),
    ],
)
def test_a_name_is_given_a_tag(text: str, name: str) -> None:
    assert image_name(text) == name


@pytest.mark.parametrize(
    "text", ["", "Churn", "a b", "a;b", "$(a)", "a:", "a:b:c", "-a", "a\n", "a" * 256, "a@sha256:00"]
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ImageNameError, match="is no name of an image"):
        image_name(text)


@given(st.text(st.sampled_from("aZ0._-/:$;'\" \n`\\"), max_size=12))
def test_no_shell_reads_anything_into_a_name(text: str) -> None:
    try:
        name = image_name(text)
    except ImageNameError:
        return
    assert re.search(r"[^A-Za-z0-9._:/-]", name) is None
