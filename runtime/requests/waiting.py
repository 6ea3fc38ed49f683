"""What waits: a queue to a thread that writes, bounded by number and by bytes, which nobody who fills it waits for."""

from collections import deque
from threading import Condition
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Waiting(Generic[Thing]):
    """At most ``most`` things that take ``most_bytes`` together."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._things = deque[tuple[Thing, int]]()
        self._bytes = 0
        self._closed = False
        self._changed = Condition()

    def has_room(self, size: int) -> bool:
        """Whether something that takes ``size`` bytes would be taken now."""
        return not self._closed and len(self._things) < self._most and self._bytes + size <= self._most_bytes

    def put(self, thing: Thing, size: int) -> bool:
        """Whether it was taken."""
        with self._changed:
            if not self.has_room(size):
                return False
            self._things.append((thing, size))
            self._bytes += size
            self._changed.notify()
            return True

    def take(self) -> Thing | None:
        """The one that waits the longest, once there is one; None when there will be none any more."""
        with self._changed:
            while not self._things and not self._closed:
                self._changed.wait()
            if not self._things:
                return None
            thing, size = self._things.popleft()
            self._bytes -= size
            return thing

    def close(self) -> None:
        """Take nothing more; what waits can still be taken out."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
