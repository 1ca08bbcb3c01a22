"""Reading results in a process of its own (`reading.py`), which is started when it is needed and stays for a while."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys

import msgspec

from alula.core.errors import TaskError
from alula.core.policy.outcome import OutcomeCode
from alula.server.executor import AttemptSpec, AttemptUpdate
from alula.server.executors.process.ending import Rules, failure
from alula.server.executors.process.reading import REQUEST_ENCODER, Request, receive_answer, send
from alula.server.executors.process.wire import End

COMMAND = (sys.executable, "-P", "-m", "alula.server.executors.process.reading")
IDLE_S = 5.0
"""The time that the process stays without anything to read, as it holds on to memory."""
READ_MAX_S = 600.0
"""The time that it may take for one attempt."""

Process = subprocess.Popen[bytes]


class Reader:
    """Reads for one attempt at a time. Lives on one event loop."""

    def __init__(self, rules: Rules, root: str) -> None:
        self._rules = rules
        self._root = root
        self._process: Process | None = None
        self._idle: asyncio.TimerHandle | None = None

    async def read(self, spec: AttemptSpec, end: End) -> AttemptUpdate:
        """The update that the attempt's results make. Raises OSError if the machine can't start a process."""
        if self._idle is not None:
            self._idle.cancel()
        if self._process is None or self._process.poll() is not None:
            self._process = await asyncio.to_thread(_start)
        process = self._process
        loop = asyncio.get_running_loop()
        too_long = loop.call_later(READ_MAX_S, process.kill)
        lean = msgspec.structs.replace(spec, inputs=b"", environment={})
        request = REQUEST_ENCODER.encode(Request(lean, end, self._rules, self._root))
        try:
            return await asyncio.to_thread(_ask, process, request)
        except (EOFError, BrokenPipeError):
            return failure(spec, _gone(await asyncio.to_thread(process.wait)))
        finally:
            too_long.cancel()
            self._idle = loop.call_later(IDLE_S, self.close)

    def close(self) -> None:
        """End the process, whatever it does."""
        if self._idle is not None:
            self._idle.cancel()
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                assert stream is not None
                with contextlib.suppress(OSError):
                    stream.close()


def _start() -> Process:
    return subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)


def _ask(process: Process, request: bytes) -> AttemptUpdate:
    assert process.stdin is not None and process.stdout is not None
    send(process.stdin, request)
    return receive_answer(process.stdout)


def _gone(status: int) -> TaskError:
    how = f"signal {-status}" if status < 0 else f"status {status}"
    return TaskError(
        OutcomeCode.OUTPUTS_NOT_READABLE,
        f"the task's results can't be read: that took too much memory or time, and was ended by {how}; "
        "write large data to a file, and give the file as output",
        recoverable=True,
    )
