"""The page: a result as one HTML file that needs nothing else, for people."""

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from importlib.resources import files

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound
from markupsafe import Markup

from lading.core.console import printable
from lading.loadtests.judging.phrases import rate, seconds, share, what_was_above, what_was_found
from lading.loadtests.judging.sample import counted, sample, under_load
from lading.loadtests.reporting import figures, tables, timelines
from lading.loadtests.reporting.charts import Chart
from lading.loadtests.result import LoadTest

STAMPS = {"passed": "Passed", "failed": "Failed", "undecided": "Undecided", "none": "No verdict"}
"""What each verdict is called."""

FOLDER = "lading.loadtests.reporting"


def html(result: LoadTest) -> bytes:
    """The page: charts, tables and the verdict; it loads nothing, and works without its script."""
    sides = timelines.over_time(result)
    page = (
        _environment()
        .get_template("report.html")
        .render(
            result=result,
            tables=tables,
            stamp=STAMPS[result.verdict],
            summary=_summary(result),
            tiles=_tiles(result),
            sides=[(tables.named(result, role), charts) for role, charts in sides],
            percentiles=figures.percentiles(result),
            ratios=_ratios(result),
            search=figures.search(result),
            found="" if result.capacity is None else what_was_found(result.capacity),
            above="" if result.capacity is None else what_was_above(result.capacity),
            policy=_policy(),
            style=_asset("report.css"),
            script=_asset("report.js"),
        )
    )
    return page.lstrip().encode()


def _summary(result: LoadTest) -> str:
    found = sample(counted(result.steps, "candidate", result.capacity))
    asked = f"{found.ended:,} requests in {seconds(result.seconds)}" if found.ended else "No request ended"
    return f"{asked}, begun {result.started.replace('T', ' ').removesuffix('Z')} UTC"


def _tiles(result: LoadTest) -> list[tuple[str, str]]:
    """The few numbers that a reader looks for first."""
    steps = under_load(result.steps, "candidate", result.capacity)
    found = sample(steps)
    lasted = sum(step.seconds for step in steps)
    tiles = [] if result.capacity is None else [("Capacity", rate(result.capacity.rate))]
    for name, place in (("p50", 0.5), ("p99", 0.99)):
        value = found.latencies.quantile(place)
        tiles.append((name, "—" if value is None else seconds(value)))
    tiles.append(("Right answers", rate(found.latencies.count / lasted) if lasted else "—"))
    ended = sample(counted(result.steps, "candidate", result.capacity))
    tiles.append(("Failed", share(ended.failed / ended.ended) if ended.ended else "—"))
    return tiles


def _ratios(result: LoadTest) -> list[Chart]:
    made = [figures.ratios(result, one.objective, one.interval) for one in result.judged if one.objective.relative]
    return [chart for chart in made if chart is not None]


def _policy() -> str:
    """The page's own style and script by their digests, and nothing else from anywhere."""
    return (
        f"default-src 'none'; style-src '{_digest(_asset('report.css'))}'; script-src '{_digest(_asset('report.js'))}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _asset(name: str) -> Markup:
    return Markup(files(FOLDER).joinpath(name).read_text("utf-8"))  # noqa: S704 files of this package


class _Templates(BaseLoader):
    """The templates that lie beside this module, wherever it is installed."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool]]:
        try:
            return files(FOLDER).joinpath(template).read_text("utf-8"), None, lambda: True
        except FileNotFoundError:
            raise TemplateNotFound(template) from None


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=_Templates(), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["shown"] = printable
    return environment
