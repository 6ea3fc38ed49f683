"""What the tests of the core share: the command line in this process."""

from collections.abc import Callable

import pytest

from lading.core.main import main

Run = Callable[..., int]


@pytest.fixture
def run() -> Run:
    """Runs the command line and gives its exit code."""

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        code = ended.value.code
        return 0 if code is None else int(code)

    return run
