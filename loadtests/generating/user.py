"""The user: a user of locust's who asks a bundle's model, at its own pace or when requests are due."""

import logging
import os
import sys
import time
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar

from gevent import get_hub
from locust import User, events, task
from locust.env import Environment
from locust.exception import StopTest

from lading.core.errors import LadingError, UsageError
from lading.loadtests.endpoint import Endpoint
from lading.loadtests.generating.connection import Connection, UnansweredError
from lading.loadtests.generating.dispatcher import Dispatcher
from lading.loadtests.generating.load import Load
from lading.loadtests.generating.recorder import Record, Unrecorded
from lading.loadtests.generating.schedule import Stretch, Timetable
from lading.loadtests.plan import Traffic

LOG = logging.getLogger(__name__)

ENDLESS = 1e9
"""Seconds: thirty years."""

BUNDLE = "LADING_BUNDLE"
"""The variable that names the bundle where a class does not."""


class NoBundleError(UsageError):
    """Nobody has said which bundle's model is asked."""

    def __init__(self, user: str) -> None:
        super().__init__(user)
        self.user = user

    def __str__(self) -> str:
        return f"which bundle? Set {BUNDLE} to its path, or the attribute bundle of the class {self.user}"


class FailedRequestError(Exception):
    """What locust counts a failure as: its kind in words."""


class BundleUser(User):
    """Asks what ``traffic`` says, and checks every answer.

    Users ask as soon as they have waited for ``wait_time``, as all of locust's do: a closed loop, in which a slow
    server is asked less. With ``--rate``, or in a load test of Lading's, requests are due at their own times, whatever
    the server does: an open loop, in which response times count from when a request was due.
    """

    abstract = True

    bundle: ClassVar[Path | str | None] = None
    """The bundle whose model is asked; by default what the environment variable ``LADING_BUNDLE`` names."""
    deployment: ClassVar[str | None] = None
    """The name that the model answers to; by default the bundle's."""
    traffic: ClassVar[Traffic] = Traffic()
    """What is asked; its ``users`` say nothing here, since locust is told how many there are."""
    key_file: ClassVar[Path | None] = None
    """The file that holds the API key, where the server asks for one."""
    authorities: ClassVar[Path | None] = None
    """Certificates in PEM of those who vouch for the server; the system's own when None."""

    load: ClassVar[Load]
    """What all users of the class share, once it is there."""

    @classmethod
    def prepare(cls) -> Load:
        """Open the bundle and draw the requests, once for the class."""
        if "load" not in cls.__dict__:
            bundle = cls.bundle if cls.bundle is not None else os.environ.get(BUNDLE)
            if not bundle:
                raise NoBundleError(cls.__name__)
            cls.load = Load(Path(bundle), cls.deployment, cls.traffic)
        return cls.load

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        load, url = self.prepare(), self.host if self.host is not None else environment.host
        endpoint = Endpoint(
            url="" if url is None else url,
            deployment=load.deployment,
            key_file=self.key_file,
            authorities=self.authorities,
        )
        try:
            self._connection = Connection(load.go_to(endpoint), load.timeout)
        except LadingError as error:
            raise StopTest(str(error)) from None

    def on_start(self) -> None:
        """Connect; a server that cannot be reached yet shows when it is asked."""
        self._connection.try_to_connect()

    def on_stop(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    @task
    def ask(self) -> None:
        """Ask once; with a dispatcher, whenever it says so, until it has nothing more to say."""
        if self.load.dispatcher is None:
            self._ask(self.load.next(), monotonic(), UNRECORDED)
            return
        while (arrival := self.load.take()) is not None:
            self._ask(*arrival)

    def _ask(self, number: int, due: float, record: Record) -> None:
        request, head = self.load.request(number)
        sent, size = monotonic(), 0
        try:
            answer = self._connection.ask(head, request.body)
            ended = monotonic()
            problem, size = self.load.check(request, answer), len(answer.body)
        except UnansweredError as error:
            ended, problem = monotonic(), error.kind
        if problem is None:
            record.answered(number, due, sent, ended)
        else:
            record.failed(number, problem, ended)
        self.environment.events.request.fire(
            request_type=request.method,
            name=request.form,
            response_time=(ended - due) * 1000,
            response_length=size,
            exception=None if problem is None else FailedRequestError(problem),
            context={},
            url=request.path,
            response=None,
            start_time=time.time() - (ended - due),
        )


UNRECORDED = Unrecorded()


def _users(environment: Any) -> list[type[BundleUser]]:
    return [one for one in environment.user_classes if issubclass(one, BundleUser)]


def _add_option(parser: Any) -> None:
    parser.add_argument(
        "--rate",
        type=float,
        default=0.0,
        help="Requests a second that are due in each process, whatever the server does (open loop); "
        "0 has users ask as soon as they have waited. With --rate, --users is how many may be under way at a time.",
    )


def _prepare(environment: Any, runner: Any, **_: object) -> None:
    """Open the bundles before there is a user; the process that only coordinates others needs none."""
    if runner is not None and type(runner).__name__ == "MasterRunner":
        return
    try:
        for user in _users(environment):
            user.prepare()
    except LadingError as error:
        LOG.error("%s", error)  # the words say it all
        sys.exit(error.exit_code)
    environment.events.spawning_complete.add_listener(partial(_go_on, environment))
    get_hub().loop.update_now()  # timers that start before the hub runs again count from its time


def _begin(environment: Any, **_: object) -> None:
    """Have users wait for a dispatcher, which hands out nothing before all of them are there."""
    rate = _rate(environment)
    for user in _users(environment):
        if "load" in user.__dict__:
            user.load.dispatcher = Dispatcher() if rate else None


def _go_on(environment: Any, **_: object) -> None:
    """All users are there: from now on requests are due; what is due before would only wait for who is not there yet."""
    stretch = Stretch(seconds=ENDLESS, rate=_rate(environment), rate_after=_rate(environment))
    for user in _users(environment):
        if "load" in user.__dict__ and user.load.dispatcher is not None:
            user.load.dispatcher.begin(Timetable([stretch]), monotonic(), UNRECORDED)


def _end(environment: Any, **_: object) -> None:
    for user in _users(environment):
        if "load" in user.__dict__ and user.load.dispatcher is not None:
            user.load.dispatcher.close()


def _rate(environment: Any) -> float:
    return float(getattr(environment.parsed_options, "rate", 0.0))


_EVENTS: Any = events  # which has no types
_EVENTS.init_command_line_parser.add_listener(_add_option)
_EVENTS.init.add_listener(_prepare)
_EVENTS.test_start.add_listener(_begin)
_EVENTS.test_stopping.add_listener(_end)
