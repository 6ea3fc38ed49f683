"""A board for load tests that nobody watches."""

from collections.abc import Sequence

from lading.loadtests.generating.schedule import Stretch
from lading.loadtests.measuring.step import Purpose, Role, Window


class Silent:
    """Shows nothing."""

    def begin(self, role: Role, purpose: Purpose, schedule: Sequence[Stretch]) -> None:
        """Nothing."""

    def show(self, windows: Sequence[Window]) -> None:
        """Nothing."""
