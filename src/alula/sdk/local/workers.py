"""The workers of a local run: processes that are started when there is work, and what becomes of their orders.

A worker that ends in the middle of an attempt is an outcome of that attempt, read as of any executor's process. A
worker whose attempt nobody wants any more is interrupted as by Ctrl-C, and killed when it does not end.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import wait
from types import TracebackType
from typing import IO, Self, TypeAlias, cast

import msgspec
from flyteidl.core.interface_pb2 import Variable

from alula.core.errors import FailedPrecondition
from alula.core.policy.outcome import Succeeded, interpret
from alula.sdk.local.orders import Absent, Answer, Began, Done, Failed, Order, Setup
from alula.sdk.local.relay import Relay

GRACE_S = 5.0
"""The time that an attempt has to end when it is interrupted."""
_LOOK_S = 1.0
"""A process that a task has left may hold the connection of a worker that has died: so workers are looked at, too."""
_LEFT_S = 1.0
"""The time for the output of a worker that has died, which such a process may hold as well."""
Ended: TypeAlias = Absent | Done | Failed


@dataclass(eq=False, slots=True)
class Ticket:
    """An attempt that was given to the workers."""

    order: Order
    declared: Mapping[str, Variable]
    """The outputs of its task."""
    began: Callable[[], object]
    ended: Callable[[Ended], object]
    is_wanted: bool = True


class Workers:
    """At most `count` workers. Not for several threads."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._work = tempfile.mkdtemp(prefix="alula-workers-")
        self._environment = dict(os.environ)
        self._started = 0
        self._queue: deque[Ticket] = deque()
        self._idle: list[_Worker] = []
        self._busy: dict[_Worker, Ticket] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        _stop(self._busy)
        for worker in self._idle:
            worker.kill()
        shutil.rmtree(self._work, ignore_errors=True)

    @property
    def is_busy(self) -> bool:
        """True if attempts run or wait that somebody wants."""
        return any(ticket.is_wanted for ticket in (*self._queue, *self._busy.values()))

    def submit(self, ticket: Ticket) -> None:
        """Have an attempt run when there is a place; first come, first served."""
        self._queue.append(ticket)

    def hand_out(self) -> None:
        """Stop what nobody wants, and give out what waits. Raises `FailedPrecondition` if no worker can be started."""
        unwanted = [worker for worker, ticket in self._busy.items() if not ticket.is_wanted]
        for worker in unwanted:
            del self._busy[worker]
        _stop(unwanted)
        while self._queue and len(self._busy) < self._count:
            ticket = self._queue.popleft()
            if ticket.is_wanted:
                worker = self._free()
                self._busy[worker] = ticket
                worker.give(ticket.order)

    def wait(self, timeout_s: float | None) -> None:
        """Hand out, wait until workers tell something, or a little, and tell it to those whose attempts they run."""
        self.hand_out()
        timeout_s = _LOOK_S if timeout_s is None else min(timeout_s, _LOOK_S)
        told = wait([worker.connection for worker in self._busy], timeout_s)
        for worker in list(self._busy):
            if worker.connection in told or worker.has_ended:
                self._hear(worker)

    def _hear(self, worker: _Worker) -> None:
        ticket = self._busy[worker]
        answer = worker.answer() or worker.failure(ticket)
        if isinstance(answer, Began):
            if ticket.is_wanted:
                ticket.began()
            return
        del self._busy[worker]
        if not worker.has_ended:
            self._idle.append(worker)
        if ticket.is_wanted:
            ticket.ended(answer)

    def _free(self) -> _Worker:
        while self._idle:
            worker = self._idle.pop()
            if not worker.has_ended:
                return worker
            worker.kill()
        self._started += 1
        return _Worker(os.path.join(self._work, f"worker-{self._started}"), self._environment)


class _Worker:
    def __init__(self, work: str, environment: Mapping[str, str]) -> None:
        self.connection, there = Pipe()
        self.is_in_attempt = False
        self._attempts = 0
        mark = b"\x1e" + secrets.token_hex(8).encode() + b" "
        command = [sys.executable, "-P", "-m", "alula.sdk.local.worker", str(there.fileno())]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(there.fileno(),),
                env=environment,
                process_group=0,  # Ctrl-C is for the run alone, which stops its workers
            )
        except OSError as error:
            raise FailedPrecondition(
                "WorkerNotStarted", f"no worker can be started: {error.strerror}", fix="give a lower number to `--jobs`"
            ) from error
        finally:
            there.close()
        outputs = cast("tuple[IO[bytes], IO[bytes]]", (self._process.stdout, self._process.stderr))
        self._outputs = [Relay(pipe, mark, is_error=pipe is outputs[1]) for pipe in outputs]
        self._send(Setup(os.getpid(), sys.path, work, mark))

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def give(self, order: Order) -> None:
        self._attempts += 1
        self._send(order)

    def answer(self) -> Answer | None:
        """The next thing that it tells, after all output of the attempt if that has ended; None if it tells no more."""
        try:
            if not self.connection.poll():
                return None
            self.is_in_attempt = True  # Ctrl-C may come before it is known what it tells
            answer = msgspec.msgpack.decode(self.connection.recv_bytes(), type=Answer)
        except (EOFError, ConnectionError):
            return None
        self.is_in_attempt = isinstance(answer, Began)
        if not self.is_in_attempt:
            for output in self._outputs:
                output.wait_for(self._attempts)
        return answer

    def failure(self, ticket: Ticket) -> Ended:
        """The outcome of the attempt in which it died."""
        status = self._process.wait()
        self.kill()
        outcome = interpret(
            exit_code=status if status >= 0 else None,
            signal=-status if status < 0 else None,
            declared=ticket.declared,
            of_item=ticket.order.attempt.index >= 0,
        )
        return Done(outcome.outputs, "") if isinstance(outcome, Succeeded) else Failed(outcome, None)

    def interrupt(self) -> None:
        """Have its attempt end as by Ctrl-C; before one has begun, there is nothing to be cleared up."""
        if not self.is_in_attempt:
            self.answer()  # that it has begun may not have been heard yet
        self._signal(signal.SIGINT if self.is_in_attempt else signal.SIGKILL)

    def ended_by(self, at: float) -> None:
        """Wait for its end until that time of the monotonic clock."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, at - time.monotonic()))

    def kill(self) -> None:
        """End it with all that its attempts have left."""
        self._signal(signal.SIGKILL)
        self._process.wait()
        for output in self._outputs:
            output.wait_for(self._attempts + 1, _LEFT_S)
        self.connection.close()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _send(self, message: Setup | Order) -> None:
        with contextlib.suppress(ConnectionError):  # it has died, which is found when its answer is waited for
            self.connection.send_bytes(msgspec.msgpack.encode(message))


def _stop(workers: Iterable[_Worker]) -> None:
    workers = list(workers)
    for worker in workers:
        worker.interrupt()
    at = time.monotonic() + GRACE_S
    for worker in workers:
        worker.ended_by(at)
        worker.kill()
