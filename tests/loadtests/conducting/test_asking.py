"""What is asked of a server before anything is measured: files that cannot be read are named, and not the server."""

from pathlib import Path

import pytest

from lading.bundles.bundle import Bundle
from lading.loadtests.conducting.asking import check_serves
from lading.loadtests.conducting.errors import NotReachableError
from lading.loadtests.endpoint import Endpoint, UnreadableFileError


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_authorities_that_cannot_be_read_are_named(
    opened: dict[str, Bundle], tmp_path: Path, content: str | None
) -> None:
    authorities = tmp_path / "ours.pem"
    if content is not None:
        authorities.write_text(content)
    with pytest.raises(UnreadableFileError, match=r"ours\.pem cannot be read: "):
        check_serves(Endpoint(url="https://127.0.0.1:1", deployment="m", authorities=authorities), opened["visits"])


def test_who_does_not_answer_is_named(opened: dict[str, Bundle]) -> None:
    with pytest.raises(NotReachableError, match=r"no server answers at http://127\.0\.0\.1:1: .*refused"):
        check_serves(Endpoint(url="http://127.0.0.1:1", deployment="m"), opened["visits"])
