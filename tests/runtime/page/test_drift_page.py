"""The page of a model's drift: what it says, what it draws, and that no text becomes markup."""

import asyncio
import re
from html.parser import HTMLParser
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest

from lading.bundles.draft import Draft, write_bundle
from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.protocols.page import Page
from tests.runtime.visits import columns_of, frame, readings, visits

HOSTILE = "\"'><script>alert(1)</script>&lt;"


class Document(HTMLParser):
    """The tags and the text of a page, and its paragraphs."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)
        self.said = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def page(app: Application, path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
            return await client.get(path)

    return asyncio.run(ask())


@pytest.fixture
def app(trained: Deployments) -> Application:
    """The application with the page alone."""
    return Application(trained, Settings(), [Page(Settings())])


def ask(app: Application, name: str, given: pd.DataFrame) -> None:
    model = app.deployments.get(name)
    for start in range(0, len(given), 200):
        part = given.iloc[start : start + 200]
        model.observed.offer(model.encoder.encode(columns_of(part)), len(part))
        app.observations.total(model)


def test_it_says_what_has_shifted_and_draws_every_field(app: Application) -> None:
    given = frame(400, seed=2, shift=1)
    given["city"] = given["city"].astype(str)
    given.loc[:99, "city"] = "Paris"
    ask(app, "visits", given)
    answer = page(app, "/page/visits/drift")
    assert answer.headers["cache-control"] == "no-cache"
    found = Document(answer.text)
    assert "Shifted after 400 rows since 2" in found.said
    assert "25.0 % not in training" in found.said
    assert re.search(r"age Shifted PSI \d\.\d{3}, by chance 0\.\d{3} distance \d\.\d{3} \d+\.\d % outside", found.said)
    assert re.search(r"score Shifted .*missing in training \d+\.\d %, now \d+\.\d %", found.said)
    assert "Oslo" in found.text
    assert found.text.count("Stable") == 2
    # A shape and a line for each of five numbers; two bars for each of two truths, two cities and what was new.
    assert (found.tags.count("path"), found.tags.count("rect")) == (10, 10)


def test_it_says_that_nothing_was_asked(app: Application) -> None:
    assert "Nothing was asked yet." in page(app, "/page/visits/drift").text


def test_it_says_that_nothing_can_be_compared(deployments: Deployments) -> None:
    app = Application(deployments, Settings(), [Page(Settings())])
    assert "tells nothing of the fields" in page(app, "/page/cells/drift").text
    assert page(app, "/page/nobody/drift").status_code == 404


def test_the_page_of_the_model_leads_there(app: Application) -> None:
    text = page(app, "/page/visits").text
    assert 'data-source="/page/visits/drift"' in text
    assert 'href="/page/visits/drift"' in text


def hostile_field() -> Draft:
    return readings(np.random.default_rng(1).normal(size=(500, 1)), [HOSTILE])


def hostile_category() -> Draft:
    training = frame(500)
    training["city"] = training["city"].cat.rename_categories({"Oslo": HOSTILE})
    return visits(training)


@pytest.mark.parametrize("made", [hostile_field, hostile_category])
def test_no_text_becomes_markup(made: object, tmp_path: Path) -> None:
    assert callable(made)
    write_bundle(made(), tmp_path / "hostile.lading")
    app = Application(Deployments.load([tmp_path / "hostile.lading"]), Settings(), [Page(Settings())])
    (model,) = app.deployments
    feeds = model.encoder.encode(model.golden.columns(model.signature))
    model.observed.offer(feeds, len(next(iter(feeds.values()))))
    found = Document(page(app, f"/page/{model.name}/drift").text)
    assert HOSTILE in found.text
    assert found.tags.count("script") == 1
