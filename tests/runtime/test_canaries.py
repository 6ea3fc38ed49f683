"""Canaries and shadows in a process: who answers, by which share, and what a shadow is seen to differ by."""

import asyncio
import html
import re
import shlex
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Match, Route

from lading.bundles.bundle import open_bundle
from lading.core.settings import Settings
from lading.runtime.administration.api import administration
from lading.runtime.app import Application
from lading.runtime.canary import Canary
from lading.runtime.deployments import Deployments
from lading.runtime.drift.drift import drift_of
from lading.runtime.errors import UnknownModelError
from lading.runtime.happening import Happening
from lading.runtime.mirror import SHARE, Mirror, UnlikeShadowError, shadowed
from lading.runtime.mirrored import Mirrored
from lading.runtime.model import Model
from lading.runtime.tallies import key_of
from lading.runtime.tally import POWERS
from tests.runtime.administration.times import PATH, REQUEST, answer, failing, times
from tests.runtime.visits import columns_of, frame


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


def told(app: Application, path: str, **headers: str) -> httpx.Response:
    async def get() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            if path == "/v2/repository/index":
                return await client.post(path)
            return await client.get(path, headers=headers)

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


PATIENCE_SECONDS = 120
"""A turn of a shadow's thread that others keep waiting is followed by a pause of a hundred times as long."""


def until_told(mirror: Mirror, requests: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
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


def test_what_a_shadow_takes_and_is_asked_is_counted_by_itself(models: Mapping[int, Model]) -> None:
    app = Application(Deployments([models[1]], shadows=[models[2]]), Settings())
    mirror = models[1].mirror
    assert mirror is not None
    before = models[2].tally.document()
    asyncio.run(asked(app, 1))
    until_told(mirror, 1)
    (told,) = shadowed(app.deployments)
    assert (told.name, told.version, told.digest) == ("times", "2.0.0", models[2].digest)
    assert sum(told.seen.compute_histogram) == told.seen.answered == 1
    assert told.seen.compute_ns > 0
    assert models[2].tally.document() == before, "it answered nobody"
    assert app.shadows() == {key_of(models[2]): told.seen}
    app.deployments = Deployments([models[1]])
    assert app.shadows() == {}


def test_what_is_asked_of_a_shadow_is_compared_with_its_own_training_data(trained: Deployments) -> None:
    visits = trained.get("visits")
    with_shadow = Deployments([visits], shadows=[visits])
    app, rows = Application(with_shadow, Settings()), visits.encoder.encode(columns_of(frame(150, seed=2, shift=1)))
    mirror = visits.mirror
    assert mirror is not None
    mirror.offer(rows, visits.run(rows))
    until_told(mirror, 1)
    assert drift_of(visits.observed, app.observations.total(visits)).verdict == "shifted"
    app.deployments = Deployments()


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0, 1), st.integers(0, 40)), max_size=6))
def test_what_came_of_several_replicas_is_one(found: list[tuple[int, float, int]]) -> None:
    parts = [
        Mirrored(
            requests=requests,
            largest=largest,
            compute_histogram=tuple(int(place == one) for one in range(POWERS)),
        )
        for requests, largest, place in found
    ]
    total = sum(parts, Mirrored())
    assert total.requests == sum(requests for requests, _, _ in found)
    assert total.largest == max((largest for _, largest, _ in found), default=0.0)
    assert sum(total.compute_histogram) == len(found)


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


def test_requests_that_are_compared_together_are_told_as_if_each_were_by_itself(models: Mapping[int, Model]) -> None:
    mirror, rng = Mirror(models[1], models[4]), np.random.default_rng(3)
    asked = [rng.integers(0, 5, size=(rows, 1)).astype(float) for rows in (1, 3, 1, 0, 2, 7, 1, 4)]
    given = [rows + (np.arange(len(rows)) % 3 == 1)[:, None] for rows in asked]  # as if the model had answered this
    given[0] = given[0][:0]  # and a row less
    for rows, answers in zip(asked, given, strict=True):
        mirror.offer({"X": rows}, {"y": answers})
    until_told(mirror, len(asked))
    mirror.close()
    good = [one for one, rows in enumerate(asked) if one > 0 and (rows < 4).all()]
    assert 1 < len(good) < len(asked) - 1
    told = mirror.told()
    assert (told.requests, told.failed, told.skipped) == (len(asked), len(asked) - len(good), 0)
    assert told.rows == sum(len(asked[one]) for one in good)
    assert told.differing == sum(int((asked[one] != given[one]).sum()) for one in good)
    assert told.largest == 1.0
    assert sum(told.compute_histogram) == told.answered


def test_every_request_is_either_asked_of_the_shadow_or_counted_as_skipped(models: Mapping[int, Model]) -> None:
    mirror, offered = Mirror(models[1], models[2]), 0
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        mirror.offer({"X": np.ones((1, 1))}, {"y": np.ones((1, 1))})
        offered += 1
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (told := mirror.told()).requests + told.skipped < offered:
        assert time.monotonic() < deadline, told
        time.sleep(0.01)
    mirror.close()
    assert told.requests + told.skipped == offered
    assert min(told.requests, told.skipped) > 0


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


def test_the_page_shows_every_version_and_each_call_that_changes_it(models: Mapping[int, Model]) -> None:
    happened = Happening(
        number=7, time="2026-01-01T10:00:00.000", action="serve", name="times", before=None, after="1.0.0"
    )
    app = Application(Deployments([models[1]], [Canary(models[2], 0.25)], [models[4]], [happened]), Settings())
    mirror = models[1].mirror
    assert mirror is not None
    asyncio.run(asked(app, 40))
    until_told(mirror, 1)
    for path in ("/", "/page/times"):
        shown = told(app, path, accept="text/html").text
        for role, version in (("Stable", "1.0.0"), ("Canary", "2.0.0"), ("Shadow", "4.0.0")):
            assert f'aria-label="{role} {version} of times"' in shown
        for words in ("75 % of requests", "25 % of requests", "answers nobody", "Answer, p50", "In the model, p99"):
            assert words in shown
    assert all(word not in shown for word in (">By<", ">Why<")), "nobody is told who did it"
    calls = [shlex.split(html.unescape(one)) for one in re.findall(r"<code>(curl --unix.*?)</code>", shown)]
    asked_for = {
        (_after(one, "-X"), one[-1 if "-d" not in one else -3].rpartition("/deployments/")[2]) for one in calls
    }
    api = administration(None, None, str)  # type: ignore[arg-type]  # its routes are all that is looked at
    routes = [route for route in api.routes if isinstance(route, Route)]
    for method, path in asked_for:
        scope = {"type": "http", "method": method, "path": f"/deployments/{path}"}
        assert any(route.matches(scope)[0] is Match.FULL for route in routes), (method, path)
    offered = {("GET", "times"), ("PUT", "times"), ("DELETE", "times"), ("POST", "times/rollback")}
    trials = {(method, f"times/{one}") for method in ("PUT", "DELETE") for one in ("canary", "shadow")}
    assert asked_for == offered | trials | {("POST", "times/promote")}
    app.deployments = Deployments([models[1]])


def _after(words: list[str], option: str) -> str:
    return words[words.index(option) + 1] if option in words else "GET"


def test_the_page_shows_what_is_live_and_how_that_came_to_be(models: Mapping[int, Model]) -> None:
    history = [
        Happening(
            number=1,
            time="2026-01-01T10:00:00.000",
            who="ada <b>",
            action="serve",
            name="times",
            before=None,
            after="1.0.0",
        ),
        Happening(
            number=2,
            time="2026-01-02T10:00:00.000",
            who="ada",
            action="canary",
            name="times",
            before="1.0.0",
            after="1.0.0",
            tried="2.0.0",
            why="a tenth first",
        ),
        Happening(
            number=3,
            time="2026-01-03T10:00:00.000",
            who="ada",
            action="serve",
            name="others",
            before=None,
            after="7.0.0",
        ),
    ]
    canary = Canary(models[2], 0.1)
    app = Application(Deployments([models[1]], [canary], history=history), Settings())

    async def page() -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            await client.post(PATH, content=b"{}")
            return (await client.get("/page/times")).text

    shown = asyncio.run(page())
    for words in ("90 % of requests", "10 % of requests", "a tenth first", "nothing → 1.0.0", "ada &lt;b&gt;"):
        assert words in shown
    assert "/deployments/times/promote" in shown
    assert "-X DELETE http://localhost/deployments/times/shadow" not in shown
    assert "7.0.0" not in shown
    app.deployments = Deployments([models[1]])
    assert "/deployments/times" not in asyncio.run(page()), "nobody administers this server"
