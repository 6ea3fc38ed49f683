"""The task: which bundle is tested where, beside which other one, by which plan."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from lading.bundles.records import Record
from lading.loadtests.plan import Plan
from lading.loadtests.result import LoadTest


class Task(Record):
    """What a load test is asked to do."""

    bundle: Path
    """What is tested; its rows are what is asked."""
    url: str | None = None
    """The server that serves it already; one is started where there is neither a URL nor an image."""
    image: str | None = None
    """The container image to serve it in."""
    name: str | None = None
    """What the bundle is deployed as at ``url``; its own name when None."""
    key_file: Path | None = None
    """The file with the API key that ``url`` asks for."""
    authorities: Path | None = None
    """Certificates of those who vouch for ``url``."""
    metrics: str | None = None
    """The address of the metrics of ``url``."""
    baseline: Path | None = None
    """The bundle of the release before, served in turns with the other."""
    baseline_url: str | None = None
    """The server that serves that one, where ``url`` serves the other."""
    earlier: LoadTest | None = None
    """The result of another load test, whose candidate is the baseline of this one."""
    replicas: Annotated[int | None, Field(ge=1)] = None
    """Of servers that are started; their own choice when None."""
    processes: Annotated[int | None, Field(ge=1)] = None
    """That generate load; as many as the rate needs when None."""
    plan: Plan
