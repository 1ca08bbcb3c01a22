"""The loop of a fork server: frames in, forks, ends out.

The platform speaks length-prefixed JSON frames over the socket:

    -> load   entry point and modules to import; answered by `ready` (with what makes a fork unsafe, if anything)
    -> run    one attempt: call the entry point in a fork, or (`exec`) execute a program in one
    -> kill   end an attempt: SIGTERM, after `grace_s` SIGKILL
    <- started, ended

Once an attempt has come, the next forks are made beforehand and stand by: an attempt still has a process of its own,
but does not wait for it.

Whatever an attempt starts stays below it: the attempt is the subreaper of its descendants, and the fork server
that of its attempts, so processes which an attempt leaves behind (however they detached themselves) become
children of the fork server at the moment when the attempt ends. An end is reported when nothing of the attempt is
left, after it was recorded in a file. When the socket closes, everything is killed.

Decides nothing: limits, retries and the meaning of an exit are the platform's.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import signal
import time
from typing import NoReturn

from .child import PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, Setting, Start, best_fork, prctl
from .forks import Forks
from .frames import Frame, Platform
from .loading import OWN_SIGNALS, Loaded, load
from .procfs import children, describe_process, open_children, open_files, read_text, stat_field
from .signals import SignalFile
from .used import Used

ANNOUNCE_S = 0.02
"""The age of an attempt at which its start is reported by itself: that of a shorter one goes with its end."""
STAND_BY_ONE, STAND_BY_MANY = 4, 8
"""The number of forks that stand by while one attempt runs at a time, and while several do."""
STAND_BY_LEAST = 4
"""More forks are made if fewer stand by than attempts run, and fewer than this."""
IDLE_S = 1.0
"""The time that more than one fork stands by while no attempt runs."""
LOG_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""For a log: another attempt may have put a pipe or a link in its place."""
SMALL_LOG_BYTES = 64 * 1024


def serve(file: int) -> NoReturn:
    """Serve on this socket until it closes."""
    parent, own = os.getppid(), os.getpid()
    platform = Platform(file)
    prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)  # until the imports are done nobody reads the socket
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    frames = platform.receive()
    while not frames:
        if frames is None:
            os._exit(0)
        frames = platform.receive()
    first = frames[0]
    loaded = load(first["entry"], first["modules"]) if first["entry"] else Loaded()
    fork, hooks = best_fork()
    signals, listing = SignalFile(OWN_SIGNALS), open_children(own)
    files = [each for each in (file, signals.file, listing) if each >= 0]
    setting = Setting(own, fork, [*hooks, *loaded.hooks], signals.before, loaded.entry, loaded.script)
    forks = Forks(setting, files, loaded.foresee)
    server = Server(platform, forks, first["leftover_grace_s"], loaded.output, signals, listing)
    prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0)  # from here on the closed socket says it, and everything is killed in order
    if os.getppid() != parent:
        os._exit(1)
    answer = {"missing": loaded.missing, "broken": loaded.broken, "hazards": list(loaded.hazards)}
    platform.tell({"event": "ready", **answer, "constants": list(loaded.constants)})
    server.run()


class Attempt:
    """An attempt: its request, its first process, and its end."""

    __slots__ = ("deadline", "grace_s", "group", "is_recorded", "left", "pid", "record", "request", "used")

    def __init__(self, request: Frame, pid: int, started_at: int, inherited_bytes: int) -> None:
        self.request = request
        self.pid = pid
        self.record: Frame = {"started_at": started_at}
        self.used = Used(inherited_bytes)
        self.is_recorded = True
        """True if its end is recorded beside its outputs."""
        self.deadline = math.inf
        """The time at which whatever still runs is killed (monotonic seconds)."""
        self.left: list[str] = []
        """Descriptions of processes that outlived the grace."""
        self.group: set[int] = set()
        """Process ids left behind, children of the fork server now."""


class Server:
    """The loop: frames in, forks, ends out. One thread; it sleeps until the socket or a child has something."""

    def __init__(
        self,
        platform: Platform,
        forks: Forks,
        leftover_grace_s: float,
        preload_output: bytes,
        signals: SignalFile,
        listing: int,
    ) -> None:
        self.platform = platform
        self.forks = forks
        self.leftover_grace_s = leftover_grace_s
        self.preload_output = preload_output
        self.signals = signals
        self.listing = listing
        """The kernel's list of the children."""
        self.attempts: dict[int, Attempt] = {}
        self.by_pid: dict[int, Attempt] = {}
        """First processes that run, and those that were left behind."""
        self.ending: dict[int, Attempt] = {}
        """Attempts with a deadline."""
        self.unannounced: dict[int, float] = {}
        """Attempts whose start was not reported yet, by when that is due (monotonic seconds)."""
        self.expects_more = False
        """True if an attempt has come, so that others are likely."""

    def run(self) -> NoReturn:
        self.send()
        poll = select.poll()
        poll.register(self.platform.file, select.POLLIN)
        poll.register(self.signals.file, select.POLLIN)
        while True:
            ready = {file for file, _ in poll.poll(self.wait_ms())}
            if not ready and not self.attempts:
                self.forks.dismiss(keep=1)
            if self.signals.file in ready and signal.SIGTERM in self.signals.read():
                self.close()
            if self.platform.file in ready:
                frames = self.platform.receive()
                if frames is None:
                    self.close()
                for frame in frames:
                    if frame["op"] == "run":
                        self.on_run(frame)
                    else:
                        self.on_kill(frame)
            self.reap()
            if self.ending:
                self.enforce()
            if self.unannounced:
                self.announce()
            self.send()
            self.stand_by()

    def send(self) -> None:
        try:
            self.platform.send()
        except OSError:
            self.close()

    # Starting

    def on_run(self, frame: Frame) -> None:
        number = frame["id"]
        try:
            log = os.open(frame["log"], LOG_FLAGS, 0o644)
            try:
                if self.preload_output:
                    os.write(log, self.preload_output)
            finally:
                os.close(log)
            started_at = time.time_ns() // 1000
            fork = self.forks.start(start_of(frame))
        except OSError as error:
            self.platform.tell({"event": "ended", "id": number, "cannot_start": str(error)})
            return
        self.expects_more = True
        attempt = Attempt(frame, fork.pid, started_at, fork.resident_bytes)
        self.attempts[number] = attempt
        self.by_pid[fork.pid] = attempt
        self.unannounced[number] = time.monotonic() + ANNOUNCE_S

    def stand_by(self) -> None:
        """Have forks ready for the attempts that are likely to come."""
        running = len(self.attempts)
        if self.expects_more and len(self.forks) < max(1, min(running, STAND_BY_LEAST)):
            with contextlib.suppress(OSError):  # then the next attempt meets it again
                self.forks.fill(STAND_BY_MANY if running > 1 else STAND_BY_ONE)

    def announce(self) -> None:
        """Report the starts that are due."""
        now = time.monotonic()
        for number in [number for number, due in self.unannounced.items() if due <= now]:
            del self.unannounced[number]
            attempt = self.attempts[number]
            at = attempt.record["started_at"]
            self.platform.tell({"event": "started", "id": number, "pid": attempt.pid, "at": at})

    # Ending

    def on_kill(self, frame: Frame) -> None:
        attempt = self.attempts.get(frame["id"])
        if attempt is None:
            return
        attempt.record.setdefault("cause", frame["cause"])
        attempt.used.peak = frame["peak"] or attempt.used.peak
        attempt.is_recorded = frame["is_recorded"]
        if attempt.pid in self.by_pid:
            if frame["grace_s"] > 0:
                signal_group(attempt.pid, signal.SIGTERM)
                self.set_deadline(attempt, frame["grace_s"])
            else:
                self.kill(attempt)
        else:
            self.set_deadline(attempt, 0)

    def set_deadline(self, attempt: Attempt, seconds: float) -> None:
        attempt.deadline = min(attempt.deadline, time.monotonic() + seconds)
        self.ending[attempt.request["id"]] = attempt

    def wait_ms(self) -> int | None:
        if not self.ending and not self.unannounced:
            return None if self.attempts or len(self.forks) <= 1 else int(IDLE_S * 1000)
        deadlines = [each.deadline for each in self.ending.values()]
        first = min([*deadlines, *self.unannounced.values()])
        return max(0, int((first - time.monotonic()) * 1000) + 1)

    def enforce(self) -> None:
        """Kill the processes that have outlived their grace."""
        now = time.monotonic()
        for attempt in [each for each in self.ending.values() if each.deadline <= now]:
            if not attempt.left and "cause" not in attempt.record:
                attempt.left = [describe_process(each) for each in sorted(attempt.group)]
            attempt.deadline = now + 0.05
            self.kill(attempt)
        self.reap()

    def kill(self, attempt: Attempt) -> None:
        if attempt.pid in self.by_pid:
            signal_group(attempt.pid, signal.SIGKILL)
        for pid in attempt.group:
            signal_group(pid, signal.SIGKILL)

    def reap(self) -> None:
        """Take note of every process that ended. Only unreaped children are ever signalled: no id is used twice."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            attempt = self.by_pid.pop(pid, None)
            if attempt is None:
                if self.forks.forget(pid):
                    self.expects_more = False  # what killed it may kill the next: wait until one is needed
                continue
            attempt.used.add(usage, is_first=attempt.pid == pid)
            if attempt.pid == pid:
                self.note_exit(attempt, status)
            attempt.group.discard(pid)
            for left in children(self.listing):
                if left not in self.by_pid and left not in self.forks.pids:
                    self.adopt(left, attempt)
            if not attempt.group:
                self.finish(attempt)
            elif attempt.pid == pid:
                killed = "cause" in attempt.record
                attempt.deadline = math.inf
                self.set_deadline(attempt, 0 if killed else self.leftover_grace_s)

    def note_exit(self, attempt: Attempt, status: int) -> None:
        attempt.record.update(
            code=os.WEXITSTATUS(status) if os.WIFEXITED(status) else -1,
            signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
            ended_at=time.time_ns() // 1000,
        )

    def adopt(self, pid: int, ended: Attempt) -> None:
        """A process became a child of this one: find out whose it is."""
        owner = self.owner_of(pid, ended)
        owner.group.add(pid)
        self.by_pid[pid] = owner

    def owner_of(self, pid: int, ended: Attempt) -> Attempt:
        session, files = stat_field(pid, 3), open_files(pid)
        for each in self.attempts.values():
            if session == each.pid or each.request["log"] in files:
                return each
        return ended

    def finish(self, attempt: Attempt) -> None:
        """Record the end of an attempt beside the outputs, then report it: none of its processes is left."""
        request, record = attempt.request, attempt.record
        record["left_behind"] = attempt.left
        try:
            record["log_bytes"] = os.lstat(request["log"]).st_size
        except OSError:
            record["log_bytes"] = 0
        if request["memory_events"]:
            record["oom_kills"] = oom_kills(request["memory_events"])
            peak = read_text(request["memory_peak"])
            if record["oom_kills"] and peak:  # the kernel has taken back what it could: what is left is no file's
                attempt.used.peak = [int(peak), "cgroup", "exact"]
        record["usage"] = attempt.used.told()
        if attempt.is_recorded and not is_told_by_result(record, request["result"]):
            try:
                write_new(request["record"], json.dumps(record).encode())
            except OSError as error:
                record["not_recorded"] = str(error)
        del self.attempts[request["id"]]
        self.ending.pop(request["id"], None)
        self.unannounced.pop(request["id"], None)
        record.update(event="ended", id=request["id"])
        self.platform.tell(record)

    def close(self) -> NoReturn:
        """The platform is gone (or wants this): record what has ended by itself, kill the rest, exit."""
        self.reap()
        for attempt in self.attempts.values():
            self.kill(attempt)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            left = children(self.listing)
            if not left:
                break
            for pid in left:
                signal_group(pid, signal.SIGKILL)
            try:
                while os.wait4(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                continue
            time.sleep(0.002)
        os._exit(0)


def start_of(frame: Frame) -> Start:
    program = frame["program"] if frame["exec"] else ""
    return Start(frame["log"], frame["cwd"], frame["join"], program, frame["argv"], frame["environment"], ())


def is_told_by_result(record: Frame, result: str) -> bool:
    """True if the result file, which appears whole or not at all, says all that matters of the attempt's end."""
    told = record.get("code") == 0 and not (
        record["left_behind"] or "cause" in record or record.get("oom_kills") or record["log_bytes"] > SMALL_LOG_BYTES
    )
    return told and bool(result) and os.path.isfile(result)


def signal_group(pid: int, number: int) -> None:
    """Signal a child that is not reaped yet, and the group that it leads."""
    for target in (-pid, pid):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(target, number)


def oom_kills(path: str) -> int:
    for line in read_text(path).splitlines():
        if line.startswith("oom_kill "):
            return int(line.split()[1])
    return 0


def write_new(path: str, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        while data:  # a disk that is nearly full takes a part
            data = data[os.write(fd, data) :]
    finally:
        os.close(fd)
