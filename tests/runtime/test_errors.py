import pickle
from typing import Any

import pytest

from lading.runtime import errors
from lading.runtime.errors import RequestError, listed, shown, suggestion

MADE: list[RequestError] = [
    errors.MalformedRequestError("it is wrong", "mass", 3),
    errors.UnknownModelError("cell", None, ("cells",)),
    errors.UnknownModelError("cells", "2", ("1",)),
    errors.UnknownPathError("/nowhere"),
    errors.MethodNotAllowedError("PUT", "GET"),
    errors.NotOfferedError("/v2/logging", "look elsewhere"),
    errors.BodyTooLargeError(10),
    errors.EncodedBodyError("gzip"),
    errors.NotInJsonError("X", "FP16"),
    errors.InfiniteAnswerError("log", 3),
    errors.InfiniteAnswerError("log", None),
]


@pytest.mark.parametrize("error", MADE, ids=lambda error: type(error).__name__)
def test_errors_survive_pickling_with_their_words(error: RequestError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error) != ""
    assert 400 <= error.status < 500 or isinstance(error, errors.NotOfferedError)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("a\nb\x1b[0m", '"a\\u000ab\\u001b[0m"', id="control characters are written out"),
        pytest.param("x" * 999, '"' + "x" * 98 + "…", id="long text is cut"),
        pytest.param([1, "a", None, True], '[1, "a", null, true]', id="a list"),
        pytest.param(list(range(99)), "[0, 1, 2, 3, 4, 5, 6, 7, …]", id="a long list is cut"),
        pytest.param([[[[1]]]], "[[[[…]]]]", id="a deep list is cut"),
        pytest.param({"a": 1}, "an object", id="an object"),
        pytest.param(1e-7, "1e-07", id="a number"),
    ],
)
def test_what_was_sent_is_shown_in_short(value: Any, text: str) -> None:
    assert shown(value) == text


def test_a_close_name_is_suggested() -> None:
    assert suggestion("mas", ["mass", "year"]) == '; did you mean "mass"?'
    assert suggestion("island", ["mass", "year"]) == suggestion(5, ["mass"]) == ""


def test_many_names_are_listed_in_part() -> None:
    assert listed(map(str, range(12))) == ", ".join(f'"{number}"' for number in range(10)) + ", …"
