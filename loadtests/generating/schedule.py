"""The schedule: when requests are due; it knows nothing of the server, so that a slow one cannot make it wait."""

from typing import Annotated

from pydantic import Field

from lading.bundles.records import Record


class Stretch(Record):
    """Requests that become due at a rate that changes evenly from ``rate`` to ``rate_after``."""

    seconds: Annotated[float, Field(gt=0)]
    rate: Annotated[float, Field(ge=0)]
    """Requests a second at its begin."""
    rate_after: Annotated[float, Field(ge=0)]
    """The same at its end."""
