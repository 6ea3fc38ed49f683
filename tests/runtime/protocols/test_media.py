"""What a body is sent as, and what the answer is wanted as."""

import pytest

from lading.runtime.protocols.media import CSV, JSON, STREAM, NotAcceptableError, sent_as, wanted_as

OFFERED = (JSON, STREAM, CSV)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        pytest.param("", JSON, id="nothing said"),
        pytest.param("*/*", JSON, id="anything"),
        pytest.param("application/json", JSON, id="JSON"),
        pytest.param("text/csv", CSV, id="CSV"),
        pytest.param("TEXT/CSV; header=present", CSV, id="in capitals, with a parameter"),
        pytest.param("text/*", CSV, id="any text"),
        pytest.param("application/*", JSON, id="any application: the first that is offered"),
        pytest.param("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON, id="a browser"),
        pytest.param("text/csv;q=0.5, application/vnd.apache.arrow.stream", STREAM, id="the best liked"),
        pytest.param("text/csv, application/json", JSON, id="the first offered of equals"),
        pytest.param("application/json;q=0, */*", STREAM, id="anything but JSON"),
        pytest.param("*/*;q=0.1, text/csv;q=0.2", CSV, id="the closer range counts"),
        pytest.param("nonsense, ;;, text/csv;q=1", CSV, id="what is no range is passed over"),
    ],
)
def test_the_answer_is_what_is_liked_best(accept: str, chosen: str) -> None:
    assert wanted_as({b"accept": accept.encode()}, OFFERED) == chosen
    assert wanted_as({}, OFFERED) == JSON


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "image/*",
        "application/json;q=0",
        "text/csv;q=nan",
        "text/csv;q=-1",
        "text/csv;q=2",
        "nonsense",
        "é",
    ],
)
def test_what_cannot_be_met_is_refused_with_what_is_offered(accept: str) -> None:
    with pytest.raises(NotAcceptableError) as caught:
        wanted_as({b"accept": accept.encode("latin-1")}, OFFERED)
    assert caught.value.status == 406
    assert all(media in str(caught.value) for media in OFFERED)


@pytest.mark.parametrize(
    ("given", "media", "parameters"),
    [
        pytest.param(b"", "", {}, id="none"),
        pytest.param(b"Application/JSON", "application/json", {}, id="in capitals"),
        pytest.param(b'text/csv; charset="UTF-8";header=present;', CSV, {"charset": "utf-8", "header": "present"}, id="all"),
    ],
)  # fmt: skip
def test_the_type_of_a_body_is_told_from_its_parameters(given: bytes, media: str, parameters: dict[str, str]) -> None:
    assert sent_as({b"content-type": given}) == (media, parameters)
