"""What strangers write into manifests and statements is text, wherever it is shown: terminals, pages, metrics, logs."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from lading.bundles.draft import Draft, write_bundle
from lading.bundles.evidence.adding import add_evidence
from tests.runtime.drafts import coins
from tests.runtime.serving.conftest import Serving, free_port
from tests.runtime.strangers import saying
from tests.signatures import People, envelope, everybody, statement

LADING = Path(sys.executable).parent / "lading"
FORGED = "ok  forged.lading  forged 9.9.9"
HOSTILE = (
    f"x\n{FORGED}\r\n\x1b[2J\x1b]0;title\x07\x7f\x9b31m\u202e\u2028"
    "$(touch HERE/ran)`touch HERE/ran`;{{7000*7021}}{% raw %}</td><script>alert(1)</script><img src=x onerror=alert(2)>'\""
    '\nlading_forged_total{a="b"} 1\n'
)
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]")


def hostile_draft(text: str) -> Draft:
    """A sound bundle in which every text that is free says ``text``."""
    draft = coins()
    parity = draft.parity.model_copy(update={"waiver": text, "reference": text})
    return replace(draft, description=text, provenance=saying(text, draft.provenance), parity=parity)


def hostile_evidence(path: Path, people: People, text: str) -> Mapping[str, bytes]:
    """Statements in which every text that is free says ``text``: trusted ones, and others."""
    release, stranger = people.signers["release"], people.signers["stranger"]
    subject = [{"name": text, "digest": {"sha256": text}}]
    named = json.loads(envelope(statement(path), stranger))
    named["signatures"][0]["keyid"] = text[:16]
    made = {
        "type": envelope(statement(path, predicateType=text), release),
        "predicate": envelope(statement(path, "sign-off", {text: text}), release),
        "payload-type": envelope(statement(path), release, payloadType=text),
        "subject": envelope(statement(path, subject=subject), release),
        "statement": envelope(statement(path, _type=text), release),
        "key-id": json.dumps(named).encode(),
        "twice": f"{{{json.dumps(text)}: 1, {json.dumps(text)}: 2}}".encode(),
    }
    return {f"evidence/{name}.json": data for name, data in made.items()}


class Hostile:
    """The bundle, and whom its reader trusts."""

    def __init__(self, folder: Path) -> None:
        people = everybody()
        self.folder, self.path, self.text = folder, folder / "coins.lading", HOSTILE.replace("HERE", str(folder))
        write_bundle(hostile_draft(self.text), self.path)
        add_evidence(self.path, hostile_evidence(self.path, people, self.text))
        self.trust = people.trust_file(folder, "release")

    def shown(self, *arguments: str) -> str:
        """What a command prints, on both streams."""
        command: list[str | Path] = [LADING, *arguments, self.path, "--trust", self.trust]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return ran.stdout + ran.stderr


pytestmark = pytest.mark.restarts


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    return Hostile(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def served(hostile: Hostile) -> Iterator[tuple[Serving, int]]:
    """A server of the bundle that warns of it, and the port of its metrics."""
    port = free_port()
    options = ("--replicas", "1", "--trust", str(hostile.trust), "--policy", "warn")
    serving = Serving([hostile.path], *options, LADING_METRICS_PORT=str(port))
    try:
        serving.ready()
        yield serving, port
    finally:
        serving.close()


def check_lines(text: str) -> None:
    """That nothing in it steers a terminal, and that no line of it was written by the stranger."""
    assert STEERING.search(text) is None
    assert [line for line in text.splitlines() if line.lstrip().startswith((FORGED, "lading_forged"))] == []


@pytest.mark.parametrize(
    "arguments",
    [("inspect",), ("verify",), ("verify", "--policy", "warn"), ("verify", "--policy", "off")],
    ids=lambda arguments: " ".join(arguments),
)
def test_in_a_terminal_it_is_text_on_one_line(arguments: tuple[str, ...], hostile: Hostile) -> None:
    said = hostile.shown(*arguments)
    check_lines(said)
    assert "forged" in said
    assert not (hostile.folder / "ran").exists()


@pytest.mark.parametrize("command", ["inspect", "verify"])
def test_a_program_gets_it_whole_and_a_terminal_is_not_steered(command: str, hostile: Hostile) -> None:
    said = (
        hostile.shown(command, "--policy", "warn", "--json")
        if command == "verify"
        else hostile.shown(command, "--json")
    )
    assert STEERING.search(said) is None
    document = json.loads(said)
    if command == "inspect":
        assert document["manifest"]["description"] == hostile.text
    else:
        assert document["bundles"][0]["waiver"] == hostile.text


class Tags(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("path", ["/", "/page/coins", "/page/coins/drift"])
def test_in_a_page_it_is_text(path: str, served: tuple[Serving, int], hostile: Hostile) -> None:
    response = httpx.get(f"http://127.0.0.1:{served[0].port}{path}", headers={"accept": "text/html"})
    assert response.status_code == 200
    page = Tags(response.text)
    assert all(set(attributes) == {"src", "defer"} for tag, attributes in page.tags if tag == "script")
    assert {str(attributes["src"]).partition("?")[0] for tag, attributes in page.tags if tag == "img"} == {
        "/assets/mark.svg"
    }
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert str(7000 * 7021) not in page.text
    if path != "/page/coins/drift":
        assert "<script>alert(1)</script>" in page.text


def test_in_lineage_it_is_the_value_that_it_is(served: tuple[Serving, int], hostile: Hostile) -> None:
    response = httpx.get(f"http://127.0.0.1:{served[0].port}/lineage")
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"
    found: Any = response.json()["models"][0]
    assert found["provenance"]["author"] == hostile.text
    assert {one["outcome"] for one in found["evidence"]} == {"verified", "broken", "not trusted"}


def test_in_metrics_there_is_none_of_it(served: tuple[Serving, int]) -> None:
    text = httpx.get(f"http://127.0.0.1:{served[1]}/metrics").text
    assert "forged" not in text
    labels = {
        value
        for one in text_string_to_metric_families(text)
        for sample in one.samples
        for value in sample.labels.values()
    }
    assert "coins" in labels
    assert all(STEERING.search(label) is None for label in labels)


def test_in_the_log_it_is_no_line_of_its_own(served: tuple[Serving, int]) -> None:
    served[0].until_said("it has no signature of a trusted key")
    check_lines(served[0].said())
    assert "payload-type.json is broken" in served[0].said()


def test_in_a_structured_log_every_line_is_an_object(hostile: Hostile) -> None:
    options = ("--trust", str(hostile.trust))
    serving = Serving([hostile.path], *options, LADING_LOG_FORMAT="json")
    try:
        assert serving.ends() == 5
        lines = [json.loads(line) for line in serving.said().splitlines()]
    finally:
        serving.close()
    assert any("the policy refuses coins 1.0.0" in line["message"] for line in lines)


def test_no_shell_ran_any_of_it(served: tuple[Serving, int], hostile: Hostile) -> None:
    assert served[0].process.poll() is None
    assert sorted(os.listdir(hostile.folder)) == ["coins.lading", "release.pub", "trust.toml"]
