"""The follower: what a replica does about its server's plan."""

import asyncio
from pathlib import Path

from lading.runtime.deployments import Deployments
from lading.runtime.serving.desired import Desired
from lading.runtime.serving.follower import Follower
from lading.runtime.serving.plan import Plan, write_plan
from lading.runtime.serving.standing import read_standings

FIRST = Plan(current=Desired(bundles=(), threads=1, number=1))


def test_when_all_is_over_a_replica_stands_nowhere_once_it_has_done_what_it_has_to(tmp_path: Path) -> None:
    seen: list[set[str]] = []

    async def end() -> None:
        seen.append(set(read_standings(tmp_path)))

    async def scene() -> None:
        write_plan(tmp_path, FIRST)
        follower = Follower(tmp_path, tmp_path / "slot0.sock", lambda _desired, _held: Deployments())
        await follower.first()
        following = asyncio.create_task(follower.follow(lambda _: None, end))
        while not read_standings(tmp_path):
            await asyncio.sleep(0.005)
        write_plan(tmp_path, FIRST.model_copy(update={"over": True}))
        while read_standings(tmp_path):
            await asyncio.sleep(0.005)
        assert not following.done(), "else Ray would take it for ill"
        following.cancel()

    asyncio.run(asyncio.wait_for(scene(), 30))
    assert seen == [{"slot0"}]
