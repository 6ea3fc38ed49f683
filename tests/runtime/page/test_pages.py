"""The pages: facts, safety, and what a browser may load."""

import asyncio
import json
import shlex
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from lading.bundles.bundle import open_bundle
from lading.bundles.draft import Draft, write_bundle
from lading.bundles.profile import CategoryCount, ColumnProfile, Profile
from lading.bundles.sensitive import marked, withheld
from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.page.pages import ASSETS, curl
from lading.runtime.protocols.page import Page
from tests.runtime.strangers import FURTHER, saying

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7*7 }} {% raw %} </textarea>&lt;"


class Document(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value if value is not None else "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def get(app: Application, path: str, **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading:8080") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


@pytest.fixture
def app(deployments: Deployments) -> Application:
    """The application with the page alone."""
    return Application(deployments, Settings(), [Page(Settings())])


@pytest.fixture
def hostile(bundles: dict[str, Path], tmp_path: Path) -> Application:
    """One deployed model in which every text that somebody can choose tries to break out."""
    with open_bundle(bundles["coins"]) as opened:
        manifest, golden = opened.manifest, opened.golden()
        model = opened.read(manifest.graph.path)
    fields = tuple(field.model_copy(update={"name": f"{field.name} {HOSTILE}"}) for field in manifest.signature.fields)
    write_bundle(
        Draft(
            name="hostile",
            version="1.0.0",
            description=HOSTILE,
            graph=manifest.graph,
            signature=manifest.signature.model_copy(update={"fields": fields}),
            provenance=saying(HOSTILE, manifest.provenance),
            parity=manifest.parity.model_copy(update={"waiver": HOSTILE, "reference": HOSTILE}),
            golden=golden.model_copy(
                update={"fields": {f"{name} {HOSTILE}": values for name, values in golden.fields.items()}}
            ),
            profile=Profile(
                rows=3,
                columns=(
                    ColumnProfile(
                        name=HOSTILE,
                        type="category",
                        dtype=HOSTILE,
                        count=3,
                        missing=1,
                        infinite=1,
                        categories=(CategoryCount(value=HOSTILE, count=2),),
                    ),
                ),
            ),
            model=model,
        ),
        tmp_path / "hostile.lading",
    )
    return Application(Deployments.load([tmp_path / "hostile.lading"]), Settings(), [Page(Settings())])


@pytest.mark.parametrize("path", ["/", "/page/hostile"])
def test_no_text_becomes_markup(hostile: Application, path: str) -> None:
    page = Document(get(hostile, path).text)
    assert HOSTILE in page.text
    assert [list(attributes) for attributes in page.all("script")] == [["src", "defer"]]
    assert {attributes["src"].partition("?")[0] for attributes in page.all("img")} == {"/assets/mark.svg"}
    named = {name for _, attributes in page.tags for name in attributes}
    assert not {name for name in named if name.startswith("on") or name == "style"}
    for attributes in page.all("a"):
        assert attributes["href"].startswith(("/", "#"))


def test_a_field_that_is_hostile_is_still_that_field(hostile: Application) -> None:
    page = Document(get(hostile, "/page/hostile").text)
    names = [attributes["data-field"] for attributes in page.all("div") if "data-field" in attributes]
    assert names == [f"weight {HOSTILE}", f"width {HOSTILE}"]


@pytest.mark.parametrize("path", ["/", "/page/penguins", "/page/nobody", "/assets/page.js"])
def test_nothing_inline_runs_and_nothing_comes_from_elsewhere(app: Application, path: str) -> None:
    policy = get(app, path).headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in policy
    assert {rules[name] for name in ("script-src", "style-src", "img-src", "connect-src")} == {"'self'"}
    assert rules["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("path", ["/", "/page/penguins"])
def test_all_that_is_loaded_is_there(app: Application, path: str) -> None:
    page = Document(get(app, path).text)
    links = [tag["href"] for tag in page.all("link")] + [tag["src"] for tag in (*page.all("script"), *page.all("img"))]
    assert {link.partition("?")[0] for link in links} == {f"/assets/{name}" for name in ASSETS}
    for link in links:
        answer = get(app, link)
        assert answer.status_code == 200
        assert (
            answer.headers["content-type"].partition(";")[0] == ASSETS[link.partition("?")[0].removeprefix("/assets/")]
        )
        assert "immutable" in answer.headers["cache-control"]


def test_the_list_has_every_deployed_model(app: Application, deployments: Deployments) -> None:
    answer = get(app, "/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Document(answer.text)
    for model in deployments:
        assert model.digest in page.text
        assert model.manifest.provenance.data.digest in page.text
        assert {"href": f"/page/{model.name}"} in page.all("a")


def test_nothing_deployed_says_how_to() -> None:
    assert "lading serve" in get(Application(Deployments(), Settings(), [Page(Settings())]), "/").text


def test_the_page_of_a_model_has_its_facts(app: Application, deployments: Deployments) -> None:
    page = Document(get(app, "/page/penguins").text)
    manifest = deployments.get("penguins").manifest
    for fact in (
        manifest.version,
        "Which penguin it is.",
        deployments.get("penguins").digest,
        "penguins rows",
        "tests.ByHand",
        "accuracy",
        "0" * 12,
        "the graph itself",
        "The tests",
        *(field.name for field in manifest.signature.fields),
        *(tensor.name for tensor in manifest.signature.inputs),
    ):
        assert fact in page.text, fact


def test_the_page_has_the_run_the_training_and_all_data(hostile: Application, app: Application) -> None:
    page = Document(get(hostile, "/page/hostile").text)
    for part in ("Run as the tracker has it", "Training as it was watched", f"{HOSTILE} data", FURTHER):
        assert part in page.text, part
    # The metric, the parameter, the logged one and the run's tag; its tracker, name, experiment, server and user.
    assert page.text[page.text.index("Experiment that made it") : page.text.index("Training as")].count(HOSTILE) >= 9
    assert "Run as the tracker has it" not in get(app, "/page/penguins").text


@pytest.mark.parametrize("name", ["penguins", "cells", "coins", "forecasts", "images", "mosaics", "roots"])
def test_every_control_has_a_label_and_a_place_for_its_error(app: Application, name: str) -> None:
    page = Document(get(app, f"/page/{name}").text)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    labelled = {attributes["for"] for attributes in page.all("label")}
    found = [*page.all("input"), *page.all("select"), *page.all("textarea")]
    assert {attributes["id"] for attributes in found} == labelled
    for attributes in found:
        assert set(attributes["aria-describedby"].split()) <= set(ids)
        assert f"{attributes['id']}-error" in attributes["aria-describedby"]


def test_the_examples_are_golden_rows(app: Application, deployments: Deployments) -> None:
    page = Document(get(app, "/page/coins").text)
    (form,) = page.all("form")
    assert json.loads(form["data-examples"]) == [["0.25", "1"], ["", "-2"], ["1.5", ""]]
    assert (form["data-model"], form["data-digest"]) == ("coins", deployments.get("coins").digest)


def test_an_unknown_model_is_404_for_people(app: Application) -> None:
    answer = get(app, "/page/%3Cb%3E")
    assert answer.status_code == 404
    assert "&lt;b&gt;" in answer.text
    assert "<b>" not in answer.text


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        pytest.param("models.example.org", "http://models.example.org/", id="a name"),
        pytest.param("127.0.0.1:8080", "http://127.0.0.1:8080/", id="an address and a port"),
        pytest.param("[::1]:8080", "http://[::1]:8080/", id="an address of version 6"),
        pytest.param("evil';rm -rf /;'", "http://localhost:8080/", id="no host at all"),
        pytest.param(None, "http://localhost:8080/", id="unknown"),
    ],
)
def test_the_command_names_the_address_that_was_asked(host: str | None, shown: str) -> None:
    assert curl("m", {}, host).startswith(f"curl {shown}models/m/predict")


def test_the_command_gives_the_shell_nothing_but_data() -> None:
    row = {"it's $(reboot) `x` \\": 'a "b" \u202e\n'}
    parts = shlex.split(curl("m", row, None))
    assert parts[:4] == ["curl", "http://localhost:8080/models/m/predict", "-H", "content-type: application/json"]
    assert json.loads(parts[5]) == row


def test_no_value_of_a_sensitive_field_is_shown(bundles: dict[str, Path], tmp_path: Path) -> None:
    with open_bundle(bundles["penguins"]) as opened:
        manifest, golden, profile = opened.manifest, opened.golden(), opened.profile()
        model = opened.read(manifest.graph.path)
    written = Draft(
        name=manifest.name,
        version=manifest.version,
        graph=manifest.graph,
        signature=marked(manifest.signature, ["note", "mass"]),
        provenance=manifest.provenance,
        parity=manifest.parity,
        golden=golden,
        profile=withheld(profile, ["note", "mass"]),
        model=model,
    )
    write_bundle(written, tmp_path / "private.lading")
    notes = {str(note) for note in golden.fields["note"] if note}
    assert notes
    app = Application(Deployments.load([tmp_path / "private.lading"]), Settings())
    for path in ("/page/penguins", "/openapi.json", "/models/penguins", "/lineage"):
        found = get(app, path)
        assert found.status_code == 200
        assert all(json.dumps(note)[1:-1] not in found.text for note in notes), path
    assert "sensitive" in Document(get(app, "/page/penguins").text).text
