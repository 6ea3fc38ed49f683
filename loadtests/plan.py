"""The plan: what a load test does, all of it, before it begins."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from lading.bundles.records import Record
from lading.loadtests.judging.objective import Objective

Protocol = Literal["named", "v2", "v2-binary", "invocations"]
"""Named fields at ``/models/NAME/predict``, the Open Inference Protocol in JSON or binary, MLflow's ``/invocations``."""
Shape = Literal["constant", "ramp", "spike", "soak", "capacity"]


class Share(Record):
    """How many rows a share of the requests has."""

    rows: Annotated[int, Field(ge=1)]
    weight: Annotated[float, Field(gt=0)] = 1.0


class Traffic(Record):
    """What the requests are."""

    model_config = ConfigDict(allow_inf_nan=False)

    protocols: tuple[Protocol, ...] = ("v2",)
    """Each has an equal part."""
    rows: tuple[Share, ...] = (Share(rows=1),)
    """The mix of batch sizes."""
    golden: Annotated[float, Field(ge=0, le=1)] = 0.5
    """The share of requests whose rows are golden rows, so that their answers are known; others are drawn by the profile."""
    invalid: Annotated[float, Field(ge=0, lt=1)] = 0.01
    """The share of requests that a server should refuse with a status from 400 to 499."""
    timeout: Annotated[float, Field(gt=0)] = 30.0
    """Seconds after which a request counts as failed."""
    users: Annotated[int, Field(ge=1)] = 64
    """Requests that may be under way at a time; more wait, and their waiting counts."""
    seed: int = 0


class Plan(Record):
    """What a load test does."""

    model_config = ConfigDict(allow_inf_nan=False)

    shape: Shape = "constant"
    rate: Annotated[float, Field(gt=0)] = 50.0
    """Requests a second: of a ramp and a spike the highest; of a search the first that is tried."""
    seconds: Annotated[float, Field(gt=0)] = 30.0
    """How long it is asked at least, warm-up excluded; of a search, in each step; of a comparison, before it begins."""
    warm_up: Annotated[float, Field(ge=0)] = 5.0
    """Seconds before that of which nothing is judged."""
    round_seconds: Annotated[float, Field(gt=0)] = 2.0
    """Of a comparison: how long each server is asked in each of the rounds that make a pair."""
    traffic: Traffic = Traffic()
    objectives: tuple[Objective, ...] = ()
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.99
    """Of each interval by which a comparison is decided."""
    most_seconds: Annotated[float, Field(gt=0)] = 600.0
    """How long it may go on at one rate, or in rounds, until there are requests enough to decide."""
