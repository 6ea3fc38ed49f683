"""Testing: what Lading expects of a converter, as checks that its author runs.

With pytest, or whatever else calls functions:

    @pytest.mark.parametrize("check", checks(MyConverter, CASES), ids=str)
    def test_conforms(check: Check) -> None:
        check()
"""

from lading.converters.testing.case import Case, NonconformingError
from lading.converters.testing.checks import Check, checks

__all__ = ["Case", "Check", "NonconformingError", "checks"]
