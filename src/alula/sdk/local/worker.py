"""A worker of a local run: a process that runs one attempt after the other, until the run closes its connection.

    python -P -m alula.sdk.local.worker FD

Each attempt finds environment, working directory and output as they were at the start.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from io import TextIOWrapper
from multiprocessing.connection import Connection
from typing import TextIO

import msgspec
from flyteidl.core.literals_pb2 import LiteralMap

from alula.sdk.local.attempt import perform, shown
from alula.sdk.local.orders import Absent, Answer, Began, Done, Failed, Order, Setup
from alula.sdk.runtime.failure import TaskFailed
from alula.sdk.runtime.loading import load_task
from alula.sdk.runtime.running import AnyTask
from alula.sdk.standard_modules import load_standard

_PR_SET_PDEATHSIG = 1
_STANDARD = (1, 2)
_INTERRUPTED = 128 + int(signal.SIGINT)


def main() -> None:
    """Serve the run at the other end of the connection that the command line names."""
    connection = Connection(int(sys.argv[1]))
    os.set_inheritable(connection.fileno(), False)
    setup = msgspec.msgpack.decode(connection.recv_bytes(), type=Setup)
    _end_with(setup.run)
    sys.argv[:] = [""]
    sys.path[:] = setup.path
    load_standard(setup.path[0] if setup.path else "")
    os.makedirs(setup.work)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    try:
        serve(connection, setup)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def serve(connection: Connection, setup: Setup) -> None:
    """Answer orders until there is nobody to give them."""
    surroundings = _Surroundings(setup.mark)
    try:
        while True:
            order = msgspec.msgpack.decode(connection.recv_bytes(), type=Order)
            surroundings.enter(order.attempt.label)
            answer = _answer(connection, order, setup.work)
            surroundings.leave()
            _send(connection, answer)
    except (EOFError, ConnectionError):
        return


def _answer(connection: Connection, order: Order, work: str) -> Answer:
    try:
        task: AnyTask = load_task(order.module, order.name)
    except TaskFailed:
        return Absent()
    _send(connection, Began())
    try:
        outputs, deck = perform(order.attempt, task, work=work, calls_run_by=None)
    except TaskFailed as failed:
        return Failed(failed.error, shown(failed.__cause__))
    assert isinstance(outputs, LiteralMap), "dynamic tasks run in the process of the run"
    return Done(outputs.SerializeToString(deterministic=True), deck)


def _send(connection: Connection, answer: Answer) -> None:
    connection.send_bytes(msgspec.msgpack.encode(answer))


class _Surroundings:
    """The environment, the working directory and the outputs of the process, which each attempt finds anew."""

    def __init__(self, mark: bytes) -> None:
        self._mark = mark
        self._environment = dict(os.environ)
        self._folder = os.getcwd()
        self._outputs = [os.dup(standard) for standard in _STANDARD]

    def enter(self, label: str) -> None:
        """Let all output from here on be that of `label`."""
        self._say(label.encode())

    def leave(self) -> None:
        """Undo what the attempt has changed, and end its output."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or taken away
                stream.flush()
        for standard, output in zip(_STANDARD, self._outputs, strict=True):
            os.dup2(output, standard)
        sys.stdout, sys.stderr = self._stream(sys.stdout, 1), self._stream(sys.stderr, 2)
        self._say(b"")
        os.environ.clear()
        os.environ.update(self._environment)
        os.chdir(self._folder)

    def _stream(self, stream: TextIO | None, descriptor: int) -> TextIO:
        if stream is None or stream.closed:
            return os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
        return stream

    def _say(self, label: bytes) -> None:
        for output in self._outputs:
            os.write(output, self._mark + label + b"\n")


def _end_with(run: int) -> None:
    """Let the process end when the run is killed, where the system has a way; else it ends with its attempt."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != run:
        sys.exit()


if __name__ == "__main__":
    main()
