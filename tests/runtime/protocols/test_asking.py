"""What becomes of a question while its model is busy, overdue, or no longer asked."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import orjson
import pytest
from starlette.types import Message

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deadlines import Deadlines
from lading.runtime.deployments import Deployments
from lading.runtime.model import Model
from lading.runtime.pool import THREADS

PATH = "/models/loops/predict"
ENDLESS, QUICK = {"rounds": 1e15}, {"rounds": 3}


@pytest.fixture
def app(loops_bundle: Path) -> Application:
    """The application over a model that takes as long as it is told, at most a second."""
    return Application(Deployments.load([loops_bundle], deadlines=Deadlines(seconds=1)), Settings())


@pytest.fixture
def model(app: Application) -> Model:
    return app.deployments.get("loops")


def ask(app: Application, body: object, path: str = PATH, **headers: str) -> httpx.Response:
    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.post(path, json=body, headers=named)

    return asyncio.run(asked())


async def asking(app: Application, body: object, until: Callable[[], Awaitable[None]]) -> list[Message]:
    """What the application sends to a client that goes away once ``until`` is over."""
    sent: list[Message] = []
    given = [{"type": "http.request", "body": orjson.dumps(body), "more_body": False}]

    async def receive() -> Message:
        if given:
            return given.pop()
        await until()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "http", "method": "POST", "path": PATH, "headers": []}, receive, send)
    return sent


def test_an_answer_that_is_not_there_in_time_is_504_in_json_and_the_next_one_is_answered(app: Application) -> None:
    late = ask(app, ENDLESS)
    assert late.status_code == 504
    assert late.json() == {
        "error": "the model did not answer within 1 s; send fewer rows in one request, or allow more time"
    }
    assert late.headers["lading-bundle-digest"] == app.deployments.get("loops").digest
    assert ask(app, QUICK).json() == {"value": 3.0}


@pytest.mark.parametrize(
    ("body", "path", "headers", "said"),
    [
        (ENDLESS, PATH, {"lading_timeout_ms": "100"}, "within 0.1 s"),
        (ENDLESS, PATH, {"lading_timeout_ms": "99999"}, "within 1 s"),
        (
            {
                "parameters": {"timeout": 200_000},
                "inputs": [{"name": "X", "shape": [1, 1], "datatype": "FP64", "data": [1e15]}],
            },
            "/v2/models/loops/infer",
            {},
            "within 0.2 s",
        ),
    ],
)
def test_a_client_lowers_its_deadline(
    app: Application, body: object, path: str, headers: dict[str, str], said: str
) -> None:
    late = ask(app, body, path, **headers)
    assert late.status_code == 504
    assert said in late.json()["error"]


@pytest.mark.parametrize("given", ["", "0", "-1", "1.5", "1e3", "soon", "9999999999"])
def test_a_deadline_that_is_none_is_refused(app: Application, given: str) -> None:
    refused = ask(app, QUICK, lading_timeout_ms=given)
    assert refused.status_code == 400
    assert "expected milliseconds as an integer" in refused.json()["error"]


@pytest.mark.parametrize("given", [-1, 1.5, "1000", True, []])
def test_a_parameter_that_is_no_timeout_is_refused(app: Application, given: object) -> None:
    tensor = {"name": "X", "shape": [1, 1], "datatype": "FP64", "data": [1]}
    refused = ask(app, {"parameters": {"timeout": given}, "inputs": [tensor]}, "/v2/models/loops/infer")
    assert refused.status_code == 400
    assert "expected microseconds as an integer" in refused.json()["error"]


def test_what_waits_longer_than_its_deadline_is_answered_504_and_never_run(app: Application, model: Model) -> None:
    async def all_at_once() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
            return await asyncio.gather(*(client.post(PATH, json=ENDLESS) for _ in range(3 * THREADS)))

    assert {answer.status_code for answer in asyncio.run(all_at_once())} == {504}
    assert model.tally.failed == 3 * THREADS
    assert model.tally.succeeded == 0


def test_nothing_is_computed_for_clients_that_hang_up_while_they_wait(loops_bundle: Path) -> None:
    app = Application(Deployments.load([loops_bundle]), Settings())  # with 30 s for a request
    model = app.deployments.get("loops")

    async def scene() -> list[list[Message]]:
        enough, leaving = asyncio.Event(), asyncio.Event()

        async def begin(count: int, body: object, leave: asyncio.Event) -> list[asyncio.Task[list[Message]]]:
            async def until() -> None:
                await leave.wait()

            before = model.tally.in_flight
            tasks = [asyncio.create_task(asking(app, body, until)) for _ in range(count)]
            while model.tally.in_flight < before + count:
                await asyncio.sleep(0.001)
            return tasks

        busy = await begin(THREADS, ENDLESS, enough)
        waiting = await begin(50, QUICK, leaving)
        leaving.set()
        sent = await asyncio.gather(*waiting)
        enough.set()
        await asyncio.gather(*busy)
        return list(sent)

    assert asyncio.run(asyncio.wait_for(scene(), 20)) == [[]] * 50
    assert model.tally.succeeded == 0


def test_an_inference_that_nobody_waits_for_any_more_is_stopped(loops_bundle: Path) -> None:
    app = Application(Deployments.load([loops_bundle]), Settings())  # with 30 s for a request

    async def scene() -> bool:
        async def soon() -> None:
            await asyncio.sleep(0.1)

        for _ in range(THREADS):
            assert await asking(app, ENDLESS, soon) == []
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
            return (await client.post(PATH, json=QUICK)).status_code == 200

    assert asyncio.run(asyncio.wait_for(scene(), 20))


def test_what_was_asked_is_counted(app: Application, model: Model) -> None:
    ask(app, [QUICK, QUICK])
    ask(app, QUICK)
    ask(app, {"rounds": "three"})
    tally = model.tally
    assert (tally.succeeded, tally.failed, tally.rows) == (2, 1, 3)
    assert {rows: batch.count for rows, batch in tally.batches.items()} == {1: 1, 2: 1}
    assert tally.succeeded_ns == tally.queue_ns + tally.input_ns + tally.infer_ns + tally.output_ns
    assert min(tally.queue_ns, tally.input_ns, tally.infer_ns, tally.output_ns) > 0


def test_what_failed_is_counted_by_the_reason_and_what_is_under_way_until_it_is_over(loops_bundle: Path) -> None:
    deadlines = Deadlines(seconds=30, queue_seconds=0.5)
    app = Application(Deployments.load([loops_bundle], deadlines=deadlines), Settings())
    model = app.deployments.get("loops")

    async def scene() -> int:
        leaving = asyncio.Event()

        async def soon() -> None:
            await leaving.wait()

        busy = [asyncio.create_task(asking(app, ENDLESS, soon)) for _ in range(THREADS)]
        await asyncio.sleep(0.1)
        model._pool.pace = 1.0
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
            assert (await client.post(PATH, json=QUICK)).status_code == 503
        under_way = model.tally.in_flight
        leaving.set()
        await asyncio.gather(*busy)
        return under_way

    assert asyncio.run(scene()) == THREADS
    assert model.tally.in_flight == 0
    ask(app, {"rounds": "three"})
    ask(app, ENDLESS, lading_timeout_ms="100")
    ask(app, QUICK, content_length=str(1 << 40))
    reasons = {"client gone": THREADS, "overloaded": 1, "bad request": 1, "deadline": 1, "too large": 1}
    assert model.tally.reasons == reasons
    assert model.tally.failed == sum(reasons.values())


def test_a_failure_of_the_server_is_counted_as_one(
    app: Application, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Model, "run", fail)
    assert ask(app, QUICK).status_code == 500
    assert model.tally.reasons == {"failed": 1}


def test_what_would_wait_too_long_is_answered_503_at_once_and_says_when_to_come_again(loops_bundle: Path) -> None:
    deadlines = Deadlines(seconds=1, queue_seconds=0.5)
    app = Application(Deployments.load([loops_bundle], deadlines=deadlines), Settings())

    async def all_at_once() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
            return await asyncio.gather(*(client.post(PATH, json=ENDLESS) for _ in range(20)))

    app.deployments.get("loops")._pool.pace = 0.25
    answers = asyncio.run(all_at_once())
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(refused) > 10
    for answer in refused:
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json() == {"error": "the model has more to do than 0.5 s of work; send the request again later"}
    assert {answer.status_code for answer in answers} == {503, 504}
