"""The turn: requests that are read in one turn of the event loop, answered in one run of their model at its end."""

import asyncio
import typing
from collections.abc import Callable

from starlette.types import ASGIApp

from lading.runtime.batching import MOST_ROWS, Form, form_of
from lading.runtime.errors import DeadlineError
from lading.runtime.model import Model
from lading.runtime.protocols.answering import Answering, Together
from lading.runtime.protocols.asking import Question
from lading.runtime.protocols.head import Head
from lading.runtime.protocols.replies import Answer

Asked = typing.TypeVar("Asked", bound=Question)

Said = Answer | ASGIApp
"""An answer, or who is to be called for it."""

Whole = Callable[[Answer | DeadlineError], Answer]


class Coming:
    """What is said at the end of the turn: ``say``, which whoever waits for it sets, is called with it once."""

    __slots__ = ("say",)

    def __init__(self) -> None:
        self.say: Callable[[Said], None]

    def changed(self, change: Callable[[Said], Said]) -> "Coming":
        """The same, with what is said changed."""
        other = Coming()
        self.say = lambda said: other.say(change(said))
        return other


class Turn(typing.Generic[Asked]):
    """Answers what is asked of ``model`` in a turn together; ``whole`` puts the headers to each answer.

    What cannot be answered so is answered by itself, and for what cannot be answered by itself ``called`` is called.
    """

    def __init__(self, model: Model, answering: Answering[Asked, Answer], whole: Whole, called: ASGIApp) -> None:
        self._model, self._answering, self._whole, self._called = model, answering, whole, called
        self._waiting: list[tuple[Together[Asked], Coming]] = []
        self._rows, self._form = 0, Form()

    def take(self, question: Asked, head: Head, started: int, ready: int) -> Coming:
        """Have a ``question`` without a deadline of its own answered, which was read from ``started`` to ``ready``."""
        form = form_of(question.feeds)
        if self._waiting and (self._rows + question.rows > MOST_ROWS or form != self._form):
            self._end()
        if not self._waiting:
            self._rows, self._form = 0, form
            asyncio.get_running_loop().call_soon(self._end)
        self._rows += question.rows
        coming = Coming()
        self._waiting.append((Together(question, head, started, ready), coming))
        return coming

    def _end(self) -> None:
        waiting, self._waiting = self._waiting, []
        asked = [one for one, _ in waiting]
        answers = self._answering.together(asked) if len(asked) > 1 else [None] * len(asked)
        for (one, coming), answer in zip(waiting, answers, strict=True):
            coming.say(self._alone(one) if answer is None else self._whole(answer))

    def _alone(self, one: Together[Asked]) -> Said:
        if not self._model.quick(one.question.rows):  # any more: the run had to be stopped
            return self._called
        try:
            return self._whole(self._answering.at_once(one.question, None, one.head, one.started))
        except Exception:  # whatever it is, it is met again, and told, where it is called
            return self._called
