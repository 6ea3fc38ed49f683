"""Followed files: what the edge has is the last good state of the operator's files, whatever happens between."""

import asyncio
from pathlib import Path

import pytest

from lading.core.errors import UsageError
from lading.runtime.serving.edge_control import EdgeChangeError
from lading.runtime.serving.followed import Followed


class Held:
    """A file of the operator, and an edge that takes what it is given, unless it is ``broken``, ``away`` or ``stubborn``."""

    def __init__(self, folder: Path) -> None:
        self.source, self.file = folder / "source", folder / "file"
        self.broken = self.away = self.stubborn = False
        self.edge, self.said = "one", list[str]()
        self.source.write_text("one")
        self.meanwhile: str | None = None
        self.followed = Followed("words", [self.source], self.file, self._read, self._change)

    def look(self, *, now: bool = False) -> None:
        """Have the file looked at."""
        asyncio.run(self.followed.look(self.said.append, now=now))

    def _read(self) -> str:
        if not self.source.exists():
            raise UsageError("it is gone")
        text = self.source.read_text()
        if self.meanwhile is not None:
            self.source.write_text(self.meanwhile)
        if self.broken or text == "broken":
            raise UsageError(f"{text} is broken")
        return text

    async def _change(self, file: Path, text: str) -> None:
        if self.away:
            raise ConnectionRefusedError
        if self.stubborn:
            raise EdgeChangeError("words", "no")
        assert (file, file.read_text()) == (self.file, text)
        self.edge = text


@pytest.fixture
def held(tmp_path: Path) -> Held:
    return Held(tmp_path)


def test_a_change_is_taken_when_two_looks_found_it_the_same(held: Held) -> None:
    held.source.write_text("two")
    held.look()
    assert held.edge == "one"
    held.source.write_text("three")
    held.look()
    assert held.edge == "one"
    held.look()
    assert held.edge == held.file.read_text() == "three"
    assert held.said == ["the words changed and were read again"]
    held.look()
    assert len(held.said) == 1


def test_a_look_that_is_hurried_takes_it_at_once(held: Held) -> None:
    held.source.write_text("two")
    held.look(now=True)
    assert held.edge == "two"


def test_a_file_that_says_the_same_as_before_is_no_change(held: Held) -> None:
    held.source.write_text("one")
    held.look(now=True)
    assert held.said == []


def test_what_is_broken_changes_nothing_and_is_told_once_for_each_reason(held: Held) -> None:
    for text in ("broken", "broken", "other"):
        held.source.write_text(text)
        held.broken = True
        for _ in range(3):
            held.look(now=True)
    assert (held.edge, held.file.read_text()) == ("one", "one")
    assert held.said == [f"the words stay as they were: {text} is broken" for text in ("broken", "other")]


def test_what_becomes_right_without_being_touched_is_taken(held: Held) -> None:
    held.source.write_text("two")
    held.broken = True
    held.look(now=True)
    held.broken = False
    held.look()
    assert held.edge == "two"


def test_a_fault_that_comes_back_is_told_again(held: Held) -> None:
    for text in ("broken", "two", "broken"):
        held.source.write_text(text)
        held.look(now=True)
    assert [line.split(":")[0] for line in held.said] == [
        "the words stay as they were",
        "the words changed and were read again",
        "the words stay as they were",
    ]


def test_what_changes_while_it_is_read_is_not_taken(held: Held) -> None:
    held.source.write_text("two")
    held.meanwhile = "three!"
    held.look(now=True)
    assert held.edge == "one"
    held.meanwhile = None
    held.look(now=True)
    assert held.edge == "three!"


def test_an_edge_that_is_away_begins_with_the_new_state_and_is_told_of_it(held: Held) -> None:
    held.source.write_text("two")
    held.away = True
    held.look(now=True)
    assert held.file.read_text() == "two"
    held.away = False
    held.look()
    assert held.edge == "two"
    assert held.said == ["the words changed and were read again"]


def test_an_edge_that_does_not_take_a_change_begins_with_the_old_state(held: Held) -> None:
    held.source.write_text("two")
    held.stubborn = True
    held.look(now=True)
    assert (held.edge, held.file.read_text()) == ("one", "one")
    assert "does not take the new words: no" in held.said[0]


def test_a_file_that_goes_and_comes_back_is_followed_on(held: Held) -> None:
    held.source.unlink()
    held.look(now=True)
    assert (held.edge, held.said) == ("one", ["the words stay as they were: it is gone"])
    held.source.write_text("two")
    held.look(now=True)
    assert held.edge == "two"


def test_the_edge_has_its_file_before_it_starts_and_only_the_owner_reads_it(held: Held) -> None:
    assert held.file.read_text() == "one"
    assert held.file.stat().st_mode & 0o777 == 0o600
