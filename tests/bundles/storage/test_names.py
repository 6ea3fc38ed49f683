"""File names: which ones a bundle may hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.bundles.storage.integrity import FileNameError
from lading.bundles.storage.names import check_names


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["model/model.onnx", "model/weights.bin", "MODEL_CARD.md"], id="usual"),
        pytest.param(["a/b/c/d/e/f/g/h"], id="eight levels"),
        pytest.param(["a" * 200], id="200 characters"),
        pytest.param(["_a", "-b", "0.1"], id="beginnings"),
        pytest.param(["a/x", "b/x"], id="one name in two folders"),
    ],
)
def test_names_that_may_be(names: list[str]) -> None:
    check_names("bundle", names)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        pytest.param(["../a"], "may hold", id="dot dot"),
        pytest.param(["a/../b"], "may hold", id="dot dot within"),
        pytest.param(["/a"], "may hold", id="absolute"),
        pytest.param(["a\\b"], "may hold", id="backslash"),
        pytest.param(["C:a"], "may hold", id="drive"),
        pytest.param(["a\0b"], "may hold", id="NUL"),
        pytest.param(["a\n"], "may hold", id="line end"),
        pytest.param(["é"], "may hold", id="not ASCII"),
        pytest.param([""], "may hold", id="empty"),
        pytest.param(["a//b"], "may hold", id="empty level"),
        pytest.param(["a/"], "may hold", id="a folder"),
        pytest.param([".hidden"], "may hold", id="hidden"),
        pytest.param(["a/b/c/d/e/f/g/h/i"], "may hold", id="nine levels"),
        pytest.param(["a" * 201], "may hold", id="201 characters"),
        pytest.param(["a", "a"], "is there twice", id="twice"),
        pytest.param(["a", "A"], "in case only", id="case twins"),
        pytest.param(["Model/a", "model/b"], "in case only", id="case twins of folders"),
        pytest.param(["a/b", "a"], "a file and a folder", id="a file that is a folder"),
        pytest.param(["A", "a/b"], "a file and a folder", id="a file that is a folder on some systems"),
    ],
)
def test_names_that_may_not_be(names: list[str], words: str) -> None:
    with pytest.raises(FileNameError) as caught:
        check_names("x.lading", names)
    assert words in str(caught.value)
    assert "x.lading" in str(caught.value)


@given(st.text())
def test_a_name_that_may_be_stays_inside_its_folder(name: str) -> None:
    try:
        check_names("bundle", [name])
    except FileNameError:
        return
    levels = name.split("/")
    assert name.isascii()
    assert all(level and not level.startswith(".") for level in levels)
