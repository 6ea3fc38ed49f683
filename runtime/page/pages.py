"""Pages: the HTML that people see, made on the server from what the deployed bundles state."""

import hashlib
import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound

from lading.bundles import outline
from lading.runtime.page import words
from lading.runtime.page.controls import PLOTTED, controls, texts
from lading.runtime.page.drift_tiles import tiles
from lading.runtime.page.plots import bars, histogram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from lading.runtime.drift.counts import Counts
    from lading.runtime.drift.drift import Drift
    from lading.runtime.model import Model
    from lading.runtime.page.live import Live

ASSETS = {"page.css": "text/css", "page.js": "text/javascript", "mark.svg": "image/svg+xml"}
"""Every file that the page loads, and its media type."""

LIVE = "<!-- what is live -->"
"""Where it goes in a model's page; what a bundle says is escaped, so that none has it."""

EXAMPLES = 20
"""Golden rows that the form offers."""

UNKNOWN_ORIGIN = "http://localhost:8080"
"""What the command line shows where a request does not say which address it was sent to."""


@cache
def asset(name: str) -> bytes:
    """The bytes of one of ``ASSETS``."""
    return files("lading.runtime.page").joinpath(name).read_bytes()


@cache
def asset_version(name: str) -> str:
    """A short name for the asset's bytes, so that a browser fetches a new one when they change."""
    return hashlib.sha256(asset(name)).hexdigest()[:12]


def index_page(models: "Iterable[tuple[Model, Live]]") -> str:
    """All that is deployed, each with what is live of it."""
    return _environment().get_template("index.html").render(models=list(models))


def model_page(model: "Model", host: str | None) -> str:
    """Everything about one model but what is live of it, with the form that tries it.

    ``host`` is what the request was sent to; ``with_live`` adds the rest.
    """
    signature = model.manifest.signature
    rows = model.golden.records(signature)[:EXAMPLES]
    shown = controls(signature, model.profile)
    columns = model.profile.columns
    return (
        _environment()
        .get_template("model.html")
        .render(
            model=model,
            controls=shown,
            examples=texts(shown, rows),
            curl=curl(model.name, rows[0] if rows else {}, host),
            columns=[(column, histogram(column), bars(column)) for column in columns[:PLOTTED]],
            more_columns=len(columns[PLOTTED:]),
        )
    )


def with_live(page: str, found: "Live") -> str:
    """A model's page with what is live of it, which changes while the rest stays."""
    return page.replace(LIVE, _environment().get_template("live.html").render(live=found))


def drift_page(model: "Model", drift: "Drift", counts: "Counts") -> str:
    """How far what the model is asked lies from what it was trained on, as ``counts`` show."""
    shown = tiles(model.observed.columns[:PLOTTED], drift, counts)
    more = len(model.observed.columns[PLOTTED:])
    return _environment().get_template("drift.html").render(model=model, drift=drift, tiles=shown, more_columns=more)


def missing_page(name: str) -> str:
    """Said where no model has that name."""
    return _environment().get_template("missing.html").render(name=name)


def curl(name: str, row: "Mapping[str, object]", host: str | None) -> str:
    """The shell command that asks model ``name`` about ``row``; quoted so that no value is anything but data."""
    address = f"http://{host}" if host is not None and _is_address(host) else UNKNOWN_ORIGIN
    body = words.visible(json.dumps(row, ensure_ascii=False)).replace("'", "'\\''")
    return f"curl {address}/models/{name}/predict -H 'content-type: application/json' -d '{body}'"


def _is_address(host: str) -> bool:
    return re.fullmatch(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?", host) is not None


class _Templates(BaseLoader):
    """The templates that lie beside this module, wherever it is installed."""

    def get_source(self, environment: Environment, template: str) -> "tuple[str, str | None, Callable[[], bool]]":
        try:
            return files("lading.runtime.page").joinpath(template).read_text("utf-8"), None, lambda: True
        except FileNotFoundError:
            raise TemplateNotFound(template) from None


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=_Templates(), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["words"] = words
    environment.globals["outline"] = outline
    environment.globals["asset"] = lambda name: f"/assets/{name}?v={asset_version(name)}"
    return environment
