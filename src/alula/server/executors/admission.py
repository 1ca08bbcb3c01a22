"""The choice of the attempts that may run now: the most urgent first, within the machine's CPU and memory.

Pure bookkeeping: no clock, no processes. An attempt that does not fit yet may be overtaken by smaller ones, but only
a limited number of times, so that a large one is never starved.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Hashable, Iterator
from typing import Generic, NamedTuple, TypeVar

from alula.core.errors import InvalidInput
from alula.core.size_text import text_of_bytes

OVERTAKES_MAX = 16
"""The number of later attempts that may start before the one that waits longest."""
LOOK_AHEAD_MAX = 64
"""The depth to which the queue is searched for a request that fits."""

Key = TypeVar("Key", bound=Hashable)


class Capacity(NamedTuple):
    """An amount of CPU and memory, available or asked for."""

    cpu_millicores: int
    memory_bytes: int

    def fits_in(self, other: Capacity) -> bool:
        return self.cpu_millicores <= other.cpu_millicores and self.memory_bytes <= other.memory_bytes

    def __str__(self) -> str:
        return f"{self.cpu_millicores / 1000:g} CPU and {text_of_bytes(self.memory_bytes)} of memory"


NOTHING = Capacity(0, 0)


class _Waiting(NamedTuple):
    request: Capacity
    due: float
    budget: float
    number: int

    @property
    def place(self) -> tuple[float, int]:
        """The order of beginning: the earliest due first, then the first that came."""
        return self.due, self.number


class Admission(Generic[Key]):
    """The queue of an executor and what is taken of its machine."""

    def __init__(self, capacity: Capacity) -> None:
        self.capacity = capacity
        self._used = NOTHING
        self._waiting: dict[Key, _Waiting] = {}
        self._queues: dict[float, dict[Key, _Waiting]] = {}
        """By budget: within each, the first that came has to begin first."""
        self._admitted: dict[Key, Capacity] = {}
        self._overtakes = 0
        self._numbers = itertools.count()

    @property
    def used(self) -> Capacity:
        """The CPU and memory of the attempts that run."""
        return self._used

    @property
    def waiting_count(self) -> int:
        return len(self._waiting)

    def check(self, request: Capacity) -> None:
        """Raises `InvalidInput` for a request that can never be met on this machine."""
        if not NOTHING.fits_in(request):
            raise InvalidInput("InvalidResources", f"the task asks for less than nothing: {request}")
        if not request.fits_in(self.capacity):
            raise InvalidInput(
                "InsufficientResources",
                f"the task asks for {request}, and this machine gives tasks {self.capacity} in all",
                fix="ask for less, or run it on a larger machine",
            )

    def add(self, key: Key, request: Capacity, *, at: float = 0.0, budget: float = 0.0) -> None:
        """Queue a request that `check` accepts, and that should begin at `at + budget`. `at` never falls."""
        assert request.fits_in(self.capacity)
        waiting = self._waiting[key] = _Waiting(request, at + budget, budget, next(self._numbers))
        self._queues.setdefault(budget, {})[key] = waiting

    def take(self, key: Key, request: Capacity) -> None:
        """Count what runs already, whether it fits or not."""
        self._admitted[key] = request
        self._used = Capacity(
            self._used.cpu_millicores + request.cpu_millicores, self._used.memory_bytes + request.memory_bytes
        )

    def discard(self, key: Key) -> None:
        """Drop a key that waits or runs no more; an unknown key is fine."""
        self._leave(key)
        taken = self._admitted.pop(key, None)
        if taken is not None:
            self._used = Capacity(
                self._used.cpu_millicores - taken.cpu_millicores, self._used.memory_bytes - taken.memory_bytes
            )

    def admit(self) -> Key | None:
        """The next that may run, marked as running; None if none may. Call until None."""
        for position, (key, waiting) in enumerate(self._in_order()):
            request = waiting.request
            if (position > 0 and self._overtakes >= OVERTAKES_MAX) or position >= LOOK_AHEAD_MAX:
                return None
            cpu = self._used.cpu_millicores + request.cpu_millicores
            memory = self._used.memory_bytes + request.memory_bytes
            if cpu <= self.capacity.cpu_millicores and memory <= self.capacity.memory_bytes:
                self._overtakes = 0 if position == 0 else self._overtakes + 1
                self._used = Capacity(cpu, memory)
                self._admitted[key] = request
                self._leave(key)
                return key
        return None

    def waiting(self, *, limit: int = 1) -> list[Key]:
        """The first waiting keys, in the order in which they have to begin."""
        return [key for key, _ in itertools.islice(self._in_order(), limit)]

    def _in_order(self) -> Iterator[tuple[Key, _Waiting]]:
        queues = self._queues.values()
        if len(queues) == 1:
            return iter(next(iter(queues)).items())
        return heapq.merge(*(queue.items() for queue in queues), key=lambda entry: entry[1].place)

    def _leave(self, key: Key) -> None:
        waiting = self._waiting.pop(key, None)
        if waiting is not None:
            queue = self._queues[waiting.budget]
            del queue[key]
            if not queue:
                del self._queues[waiting.budget]

    def reason(self, key: Key, *, before: int = 0) -> str:
        """The reason why a request waits, in one line; `before` requests have to begin before it."""
        request = self._waiting[key].request
        lacking: list[str] = []
        free = Capacity(
            self.capacity.cpu_millicores - self._used.cpu_millicores,
            self.capacity.memory_bytes - self._used.memory_bytes,
        )
        if request.cpu_millicores > free.cpu_millicores:
            lacking.append(
                f"{request.cpu_millicores / 1000:g} CPU ({free.cpu_millicores / 1000:g} of "
                f"{self.capacity.cpu_millicores / 1000:g} are free)"
            )
        if request.memory_bytes > free.memory_bytes:
            lacking.append(
                f"{text_of_bytes(request.memory_bytes)} of memory ({text_of_bytes(free.memory_bytes)} of "
                f"{text_of_bytes(self.capacity.memory_bytes)} are free)"
            )
        runs = f"{len(self._admitted)} {'attempt runs' if len(self._admitted) == 1 else 'attempts run'}"
        first = f", {before} to begin first" if before else ""
        return f"waits for {' and '.join(lacking) or 'its turn'}; {runs}{first}"
