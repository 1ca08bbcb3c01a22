"""A platform that is asked to stop ends, whatever its threads do."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading

import pytest

from alula.cli import platform

PROGRAM = """
import asyncio, sys, time
from alula.cli import platform

platform.STOP_GRACE_S = float(sys.argv[2])

def burn():
    while True:
        time.sleep(0.01)

async def main():
    stop = asyncio.Event()
    platform._stop_by_signals(stop)
    if sys.argv[1] == "thread":
        asyncio.get_running_loop().run_in_executor(None, burn)
    print("ready", flush=True)
    if sys.argv[1] == "loop":
        burn()
    await stop.wait()

asyncio.run(main())
"""


@pytest.mark.parametrize(("what", "grace_s", "signals"), [("thread", 0.1, 1), ("loop", 0.1, 1), ("loop", 600, 2)])
def test_a_process_ends_although_something_does_not(what: str, grace_s: float, signals: int) -> None:
    command = [sys.executable, "-c", PROGRAM, what, str(grace_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        for number in (signal.SIGTERM, signal.SIGINT)[:signals]:
            process.send_signal(number)
        assert process.wait(timeout=20) == 130
        assert "ends now" in process.stderr.read()


def test_the_second_signal_counts_while_the_first_is_handled(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    class Leaving(threading.Timer):
        def start(self) -> None:
            if not told:
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(platform, "_leave", told.append)
    monkeypatch.setattr(platform.threading, "Timer", Leaving)
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]

    async def stop_by_both() -> None:
        platform._stop_by_signals(asyncio.Event())
        signal.raise_signal(signal.SIGTERM)

    try:
        asyncio.run(stop_by_both())
    finally:
        for number, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
            signal.signal(number, handler)
    assert told == ["asked twice, it ends now"]


def test_a_process_that_can_stop_stops() -> None:
    command = [sys.executable, "-c", PROGRAM, "nothing", "600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.wait(timeout=20) == 0
