"""Canaries and shadows in a process: who answers, by which share, and what a shadow is seen to differ by."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.bundles.bundle import open_bundle
from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.canary import Canary
from lading.runtime.deployments import Deployments
from lading.runtime.errors import UnknownModelError
from lading.runtime.happening import Happening
from lading.runtime.mirror import SHARE, Mirror, UnlikeShadowError
from lading.runtime.model import Model
from tests.runtime.administration.times import PATH, REQUEST, answer, failing, times


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Mapping[int, Model]:
    """Versions 1 and 2, and version 4, which fails."""
    folder = tmp_path_factory.mktemp("times")
    paths = {1: times(1, folder), 2: times(2, folder), 4: failing(folder)}
    found = {}
    for number, path in paths.items():
        with open_bundle(path) as bundle:
            found[number] = Model.load(bundle)
    return found


async def asked(app: Application, count: int, path: str = PATH, key: str | None = None) -> list[httpx.Response]:
    headers = {} if key is None else {"lading-sticky-key": key}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        return [await client.post(path, content=REQUEST, headers=headers) for _ in range(count)]


def application(models: Mapping[int, Model], share: float) -> Application:
    return Application(Deployments([models[1]], [Canary(models[2], share)]), Settings())


def test_a_canary_answers_its_share_and_every_answer_names_its_version(models: Mapping[int, Model]) -> None:
    answers = asyncio.run(asked(application(models, 0.3), 1000))
    counted = Counter(one.content for one in answers)
    assert set(counted) == {answer(1), answer(2)}
    assert 200 < counted[answer(2)] < 400, "five standard deviations are 72"
    for one in answers:
        model = models[1] if one.content == answer(1) else models[2]
        assert one.headers["lading-bundle-digest"] == model.digest


def test_a_key_is_always_answered_by_the_same_version(models: Mapping[int, Model]) -> None:
    app = application(models, 0.5)
    found = [{one.content for one in asyncio.run(asked(app, 5, key=f"client {number}"))} for number in range(40)]
    assert all(len(contents) == 1 for contents in found)
    assert {content for contents in found for content in contents} == {answer(1), answer(2)}


@given(st.binary(), st.floats(0, 1), st.floats(0, 1))
def test_whoever_a_canary_answers_it_answers_at_a_larger_share_too(
    models: Mapping[int, Model], key: bytes, one: float, other: float
) -> None:
    small, large = sorted((one, other))
    assert not Canary(models[2], small).takes(key) or Canary(models[2], large).takes(key)


def test_a_version_that_is_named_answers_by_itself(models: Mapping[int, Model]) -> None:
    app = application(models, 0.5)
    for version in (1, 2):
        found = asyncio.run(asked(app, 20, PATH.replace("/infer", f"/versions/{version}.0.0/infer")))
        assert {one.content for one in found} == {answer(version)}
    deployments = app.deployments
    assert deployments.get("times", "2.0.0") is models[2]
    with pytest.raises(UnknownModelError, match=r"2\.0\.0"):
        deployments.get("times", "3.0.0")


def told(app: Application, path: str) -> httpx.Response:
    async def get() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            if path == "/v2/repository/index":
                return await client.post(path)
            return await client.get(path)

    return asyncio.run(get())


def test_metadata_list_the_canary_and_its_own_path_tells_of_it(models: Mapping[int, Model]) -> None:
    app = application(models, 0.5)
    for path, number in (("", 1), ("/versions/1.0.0", 1), ("/versions/2.0.0", 2)):
        found = told(app, f"/v2/models/times{path}")
        assert found.json()["versions"] == ["1.0.0", "2.0.0"]
        assert found.json()["properties"]["digest"] == models[number].digest
        assert found.headers["lading-bundle-digest"] == models[number].digest
        assert told(app, f"/v2/models/times{path}/ready").json() == {"name": "times", "ready": True}
        parameters = told(app, f"/v2/models/times{path}/config").json()["parameters"]
        assert parameters["lading-bundle-digest"]["string_value"] == models[number].digest
    assert told(app, "/v2/models/times/versions/3.0.0").status_code == 404
    app.deployments = Deployments([models[1]])
    assert told(app, "/v2/models/times").json()["versions"] == ["1.0.0"]
    assert told(app, "/v2/models/times/versions/2.0.0").status_code == 404


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/v2/models/stats", "model_stats"),
        ("/v1/models/times", "model_version_status"),
        ("/lineage", "models"),
        ("/v2/repository/index", None),
    ],
)
def test_whatever_lists_versions_lists_the_canary(models: Mapping[int, Model], path: str, part: str | None) -> None:
    found = told(application(models, 0.5), path).json()
    assert [one["version"] for one in (found if part is None else found[part])] == ["1.0.0", "2.0.0"]


def test_a_canary_of_the_same_version_is_not_listed_twice(models: Mapping[int, Model]) -> None:
    twin = Deployments([models[1]], [Canary(models[1], 0.5)])
    assert twin.versions("times") == (models[1],)


def test_every_version_counts_its_own_requests(models: Mapping[int, Model]) -> None:
    app = application(models, 0.5)
    before = [models[number].tally.succeeded for number in (1, 2)]
    answers = Counter(one.content for one in asyncio.run(asked(app, 100)))
    now = [models[number].tally.succeeded for number in (1, 2)]
    assert [late - early for late, early in zip(now, before, strict=True)] == [answers[answer(1)], answers[answer(2)]]


def until_told(mirror: Mirror, requests: int) -> None:
    deadline = time.monotonic() + 20
    while mirror.told().requests < requests:
        assert time.monotonic() < deadline, mirror.told()
        time.sleep(0.01)


def test_a_shadow_is_compared_and_never_answers(models: Mapping[int, Model]) -> None:
    app = Application(Deployments([models[1]], shadows=[models[2]]), Settings())
    mirror = models[1].mirror
    assert mirror is not None
    answers = asyncio.run(asked(app, 50))
    assert {one.content for one in answers} == {answer(1)}
    until_told(mirror, 1)
    told = mirror.told()
    assert told.differing == told.rows == told.requests
    assert told.largest == 7.0
    app.deployments = Deployments([models[1]])
    assert models[1].mirror is None


def test_a_shadow_that_agrees_is_said_to(models: Mapping[int, Model]) -> None:
    mirror = Mirror(models[1], models[1])
    mirror.offer({"X": np.array([[1.0], [2.0]])}, {"y": np.array([[1.0], [2.0]])})
    until_told(mirror, 1)
    told = mirror.told()
    assert (told.rows, told.differing, told.failed, told.largest) == (2, 0, 0, 0.0)
    mirror.close()


def test_a_shadow_that_fails_is_counted_and_nobody_hears_of_it(models: Mapping[int, Model]) -> None:
    app = Application(Deployments([models[1]], shadows=[models[4]]), Settings())
    mirror = models[1].mirror
    assert mirror is not None
    assert {one.content for one in asyncio.run(asked(app, 5))} == {answer(1)}
    until_told(mirror, 1)
    assert mirror.told().failed == mirror.told().requests
    app.deployments = Deployments([models[1]])


def test_a_shadow_computes_for_its_share_of_the_time_at_most(models: Mapping[int, Model]) -> None:
    mirror, begun = Mirror(models[1], models[2]), time.monotonic()
    rows = np.ones((200_000, 1))
    while time.monotonic() < begun + 1:
        mirror.offer({"X": rows}, {"y": rows})
    taken = time.monotonic() - begun
    mirror.close()
    told = mirror.told()
    assert told.skipped > told.requests
    # The last one may have begun just now.
    assert told.seconds <= SHARE * taken + told.seconds / max(1, told.requests)


def test_a_model_of_other_tensors_is_no_shadow(models: Mapping[int, Model], bundles: Mapping[str, Path]) -> None:
    with open_bundle(bundles["cells"]) as bundle:
        other = Model.load(bundle, name="times")
    with pytest.raises(UnlikeShadowError, match="canary"):
        Deployments([models[1]], shadows=[other])


def test_the_page_shows_what_is_live_and_how_that_came_to_be(models: Mapping[int, Model]) -> None:
    history = [
        Happening(
            time="2026-01-01T10:00:00.000", who="ada <b>", action="serve", name="times", before=None, after="1.0.0"
        ),
        Happening(
            time="2026-01-02T10:00:00.000",
            who="ada",
            action="canary",
            name="times",
            before="1.0.0",
            after="1.0.0",
            tried="2.0.0",
            why="a tenth first",
        ),
        Happening(time="2026-01-03T10:00:00.000", who="ada", action="serve", name="others", before=None, after="7.0.0"),
    ]
    canary = Canary(models[2], 0.1)
    app = Application(Deployments([models[1]], [canary], history=history), Settings())

    async def page() -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            await client.post(PATH, content=b"{}")
            return (await client.get("/page/times")).text

    shown = asyncio.run(page())
    for words in ("answers 90 %", "canary, answers 10 %", "a tenth first", "nothing → 1.0.0", "ada &lt;b&gt;"):
        assert words in shown
    assert "/deployments/times/promote" in shown
    assert "/deployments/times/shadow" not in shown
    assert "7.0.0" not in shown
    app.deployments = Deployments([models[1]])
    assert "/deployments/times" not in asyncio.run(page()), "nobody administers this server"
