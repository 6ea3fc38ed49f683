"""A server elsewhere has ended when it answers nobody any more, and not when one answer is lost."""

from pathlib import Path

import pytest

from lading.bundles.bundle import Bundle
from lading.loadtests.conducting import elsewhere
from lading.loadtests.conducting.elsewhere import ServerElsewhere
from lading.loadtests.conducting.server import subject_of
from lading.loadtests.endpoint import Endpoint


def test_one_question_without_an_answer_is_no_end(opened: dict[str, Bundle], monkeypatch: pytest.MonkeyPatch) -> None:
    answered = iter([True, False, False, True, False, False, False])
    monkeypatch.setattr(elsewhere, "answers", lambda *_: next(answered))
    url = "http://127.0.0.1:1"
    server = ServerElsewhere(Endpoint(url=url, deployment="visits"), subject_of(opened["visits"], url, None), None)
    found = [server.ended() for _ in range(7)]
    assert found == [None] * 6 + [f"nobody answers at {url} any more"]


def test_a_key_that_is_taken_away_is_no_end(opened: dict[str, Bundle], tmp_path: Path) -> None:
    endpoint = Endpoint(url="http://127.0.0.1:1", deployment="visits", key_file=tmp_path / "gone")
    server = ServerElsewhere(endpoint, subject_of(opened["visits"], endpoint.url, None), None)
    assert [server.ended() for _ in range(4)] == [None] * 4
