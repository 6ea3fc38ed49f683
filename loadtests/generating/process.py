"""The process: one of a crew, a locust runner whose users take what its dispatcher hands out; run by the crew alone."""

import gc
import logging
import os
import signal
import sys
import traceback
from typing import Any, BinaryIO

import gevent
from gevent.fileobject import FileObject
from locust.env import Environment

from lading.bundles.records import Record
from lading.core.errors import LadingError, UsageError
from lading.loadtests.generating.dispatcher import Dispatcher
from lading.loadtests.generating.drive import LOOK, Drive
from lading.loadtests.generating.load import Load
from lading.loadtests.generating.messages import ORDER, Begin, Failed, Part, Ready, Stop, line
from lading.loadtests.generating.user import BundleUser


class Process:
    """One process of a crew, with its users."""

    def __init__(self, part: Part, answers: BinaryIO) -> None:
        self._part, self._answers = part, answers
        self._load = Load(part.bundle, part.endpoint.deployment, part.traffic)
        self._dispatcher = self._load.dispatcher = Dispatcher()
        self._drive: Drive | None = None
        self._driving: Any = None
        self._start_users()
        gc.collect()
        gc.freeze()  # nothing of all this is looked at again while time counts
        self.tell(Ready())

    def obey(self, order: Begin | Stop) -> None:
        """Do what the crew says; one drive at a time."""
        if self._drive is not None:
            self._drive.stop()
        if isinstance(order, Begin):
            if self._driving is not None:
                self._driving.join()
            self._drive = Drive(self._part, self._load, self._dispatcher, order, self.tell)
            self._driving = gevent.spawn(self._driven, self._drive)

    def tell(self, message: Record) -> None:
        """Tell the crew."""
        self._answers.write(line(message))
        self._answers.flush()

    def _driven(self, drive: Drive) -> None:
        try:
            self.tell(drive.run())
        except Exception as error:  # the rim of the process
            traceback.print_exc()
            self.tell(Failed(problem=f"{type(error).__name__}: {error}"))

    def _start_users(self) -> None:
        """Start them all; each connects, and then comes to the dispatcher."""
        part = self._part
        self._load.go_to(part.endpoint)

        class Asking(BundleUser):
            host = part.endpoint.url
            key_file, authorities = part.endpoint.key_file, part.endpoint.authorities

        Asking.load = self._load
        runner = Environment(user_classes=[Asking]).create_local_runner()
        runner.start(part.users, spawn_rate=part.users)
        while self._dispatcher.idle_users < part.users:
            for failed in runner.exceptions.values():
                raise RuntimeError(failed["msg"])
            gevent.sleep(LOOK)


def main() -> None:
    """Take part in a crew: its orders come on the standard input, its reports go to the standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    orders, answers = FileObject(0, "rb"), FileObject(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything prints is no report
    try:
        process = Process(Part.model_validate_json(orders.readline()), answers)
        for order in orders:
            process.obey(ORDER.validate_json(order))
    except Exception as error:  # the rim of the process
        understood = isinstance(error, LadingError)
        if not understood:
            traceback.print_exc()
        problem = str(error) if understood else f"{type(error).__name__}: {error}"
        answers.write(line(Failed(problem=problem, usage=isinstance(error, UsageError))))
        answers.flush()
    os._exit(0)  # the crew has gone: nobody waits for what is under way


if __name__ == "__main__":
    main()
