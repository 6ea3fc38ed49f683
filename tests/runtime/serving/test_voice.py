"""What is said is text for people, or one object of JSON in one line for programs, whatever it holds."""

import json

from hypothesis import given
from hypothesis import strategies as st

from lading.runtime.serving.voice import Line, Voice, as_json

TEXT = st.text(st.characters(codec=None))


@given(TEXT, TEXT)
def test_a_line_of_json_holds_what_was_said(message: str, request: str) -> None:
    said: list[str] = []
    Voice(said.append, structured=True).say(Line(message, "error", "slot1", 0.5, {"request": request}))
    (line,) = said
    assert "\n" not in line
    expected = {"level": "error", "source": "slot1", "message": message, "request": request}
    writable = {name: text.encode(errors="replace").decode() for name, text in expected.items()}
    assert json.loads(line) == {"time": "1970-01-01T00:00:00.500Z", **writable}


def test_the_servers_own_words_are_said_as_they_are_and_a_replicas_with_their_level() -> None:
    said: list[str] = []
    voice = Voice(said.append)
    voice("how it goes")
    voice.warn("what somebody should look at")
    voice.say(Line("failed\x1b[2J", "error", "slot0", context={"request": "r", "traceback": "Traceback: \x07"}), lost=3)
    assert said == ["how it goes", "what somebody should look at", "ERROR failed\\x1b[2J\n  Traceback: \\x07"]
    assert voice.lost == 3


def test_of_the_edges_lines_those_that_are_no_json_become_it() -> None:
    assert as_json(b'{"id": 1}\n') == b'{"id": 1}\n'
    assert as_json(b"\n") == b""
    line = json.loads(as_json(b"Proxy published stopped.\n"))
    assert (line["source"], line["message"]) == ("edge", "Proxy published stopped.")
