"""Every contender that is named can be made, and says whose release it is."""

import re

from benchmarks.contenders import contenders
from benchmarks.environments import PEERS, requirements


def test_every_peer_is_pinned_and_measured() -> None:
    peers = {path.name for path in PEERS.iterdir() if path.is_dir()}
    assert peers == {one.peer for one in contenders().values() if one.peer is not None}
    for peer in peers:
        assert all(re.fullmatch(r"[\w.\-]+==[\d.]+", line) for line in requirements(peer))


def test_titles_are_not_said_twice() -> None:
    titles = [question.title for one in contenders().values() for question in one.questions]
    assert len(titles) == len(set(titles))
