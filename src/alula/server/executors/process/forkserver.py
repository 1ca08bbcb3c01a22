"""The fork server: imports a task's code once, then forks one process per attempt and reaps it.

It runs under the interpreter of the task's environment (any Python from 3.9 on, where Alula need not be installed),
so it is one file and uses the standard library only. The platform starts it as `PYTHON forkserver.py FD` and speaks
length-prefixed JSON frames over that socket:

    -> load   entry point and modules to import; answered by `ready` (with what makes a fork unsafe, if anything)
    -> run    one attempt: call the entry point in a fork, or (`exec`) execute a program in one
    -> kill   end an attempt: SIGTERM, after `grace_s` SIGKILL
    <- started, ended

Once an attempt has come, the next fork is made beforehand and stands by for its frame: an attempt still has a process
of its own, but does not wait for it.

Whatever an attempt starts stays below it: the attempt is the subreaper of its descendants, and the fork server
that of its attempts, so processes which an attempt leaves behind (however they detached themselves) become
children of the fork server at the moment when the attempt ends. An end is reported when nothing of the attempt is
left, after it was recorded in a file. When the socket closes, everything is killed.

`forkserver.py --once ENTRY ARGUMENTS` runs one entry point in a fresh process. This file decides nothing: limits,
retries and the meaning of an exit are the platform's.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import gc
import importlib
import io
import json
import math
import os
import random
import resource
import select
import signal
import socket
import struct
import sys
import threading
import time
import types
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

PR_SET_PDEATHSIG, PR_SET_NAME, PR_SET_CHILD_SUBREAPER = 1, 15, 36
STAND_BY_NAME, ATTEMPT_NAME = b"alula-standby", b"alula-attempt"
"""What `ps` and `top` show of a fork, before and after it has got an attempt."""
ATTEMPT_OOM_SCORE = b"500"
PRELOAD_OUTPUT_MAX_BYTES = 64 * 1024
EXEC_FAILED = 126
RECEIVE_BYTES = 64 * 1024
"""Small enough to come from the heap: a larger buffer would be mapped and unmapped for each frame."""
ANNOUNCE_S = 0.02
"""How long an attempt runs before its start is reported by itself: that of a shorter one goes with its end."""
SMALL_LOG_BYTES = 64 * 1024
OWN_SIGNALS = (signal.SIGCHLD, signal.SIGTERM)

Frame = dict[str, Any]
"""One JSON object; its shape is that of the messages in `wire.py`, which can't be imported here."""


def main(arguments: Sequence[str]) -> None:
    """Serve on the socket whose number is given, or run one entry point and exit."""
    if sys.path and sys.path[0] == os.path.dirname(os.path.abspath(__file__)):
        del sys.path[0]
    if arguments[0] == "--once":
        load = entry_point(arguments[1])
        make_streams_prompt()
        leave(call(load, [become_main(arguments[1]), *arguments[2:]]))
    Server(socket.socket(fileno=int(arguments[0]))).serve()


# Entry points


def entry_point(name: str) -> Callable[[], Any]:
    """What loads the console script `name` of this environment. Raises LookupError.

    Reads the metadata of what is installed itself: `importlib.metadata` would add a fifth to the memory of a bare
    interpreter, and each fork pays for memory.
    """
    for folder in sys.path:
        try:
            installed = [each for each in os.listdir(folder or ".") if each.endswith((".dist-info", ".egg-info"))]
        except OSError:
            continue
        for each in installed:
            target = console_script(read_text(os.path.join(folder, each, "entry_points.txt")), name)
            if target:
                module, _, attribute = target.partition("[")[0].strip().partition(":")
                return lambda: functools.reduce(getattr, attribute.split("."), importlib.import_module(module))
    raise LookupError(name)


def console_script(text: str, name: str) -> str:
    """The target of a console script in the text of an `entry_points.txt`, empty when it has none."""
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip(" []")
        elif section == "console_scripts":
            key, _, target = line.partition("=")
            if key.strip() == name:
                return target.strip()
    return ""


def become_main(name: str) -> str:
    """Make `__main__` what it is when the console script itself runs; returns that script's path."""
    script = os.path.join(os.path.dirname(sys.executable), name)
    main_module = types.ModuleType("__main__")
    if os.path.exists(script):
        main_module.__file__ = script
    sys.modules["__main__"] = main_module
    return script


def make_streams_prompt() -> None:
    """Write whole lines at once, so that a log can be followed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)


def call(load: Callable[[], Any], argv: Sequence[str]) -> int:
    """Call an entry point as its console script does; returns the exit status."""
    sys.argv = list(argv)
    try:
        result = load()()
    except SystemExit as exit:
        result = exit.code
    except KeyboardInterrupt:
        return 130
    except BaseException as error:  # noqa: BLE001 - whatever a task raises is printed and becomes its status
        import traceback  # lazy: a fork pays for what is loaded

        own_frame = error.__traceback__
        traceback.print_exception(type(error), error, own_frame.tb_next if own_frame else None)
        return 1
    if result is None or isinstance(result, int):
        return (result or 0) & 0xFF
    print(result, file=sys.stderr)
    return 1


def leave(status: int) -> NoReturn:
    """End this process as the interpreter does: threads joined, exit handlers run, streams flushed."""
    try:
        threading._shutdown()  # type: ignore[attr-defined] - what the interpreter itself calls, in this order
        atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not getattr(
                stream, "closed", False
            ):  # the task may have closed it, which is no failure
                stream.flush()
    except BaseException as error:  # noqa: BLE001 - an exit handler of the task failed
        sys.excepthook(type(error), error, error.__traceback__)
        status = status or 1
    os._exit(status)


def import_all(modules: Sequence[str]) -> None:
    """What is done before a fork, unless the module of the entry point has a `preload` that knows better."""
    for module in modules:
        importlib.import_module(module)


# What a fork would break or copy


def fork_hazards() -> list[str]:
    """What makes it unsafe to fork this process now: one sentence each.

    Libraries that mind forks (OpenBLAS) stop their threads before one, so what counts is what is there after a fork.
    """
    probe = os.fork()
    if probe == 0:
        os._exit(0)
    os.waitpid(probe, 0)
    python_names = {each.native_id: each.name for each in threading.enumerate()}
    threads = [int(each) for each in os.listdir("/proc/self/task") if int(each) != os.getpid()]
    hazards: list[str] = []
    if threads:
        names = sorted({python_names.get(each) or read_text(f"/proc/self/task/{each}/comm") for each in threads})
        hazards.append(f"the imports leave {len(threads)} threads running ({', '.join(names)})")
    devices = {link for link in open_files("self") if link.startswith(("/dev/nvidia", "/dev/kfd", "/dev/dri/render"))}
    if devices:
        hazards.append(f"the imports initialise a GPU ({', '.join(sorted(devices))})")
    return hazards


class Randomness:
    """Gives each attempt its own random numbers, unless the imported code seeded the generators itself."""

    def __init__(self) -> None:
        self._seed = random.seed
        self._seeded = False
        self._state: Any = None
        self._numpy: Any = None

    def watch(self) -> None:
        """Before the imports."""

        def seed(*args: Any, **kwargs: Any) -> None:
            self._seeded = True
            self._seed(*args, **kwargs)

        random.seed = seed

    def settle(self) -> None:
        """After the imports."""
        random.seed = self._seed
        self._state = random.getstate() if self._seeded else None
        numpy_random: Any = sys.modules.get("numpy.random")
        generator = getattr(getattr(numpy_random, "mtrand", None), "_rand", None)
        source = getattr(getattr(generator, "_bit_generator", None), "_seed_seq", None)
        # numpy drops the seed sequence of its global generator when somebody seeds that.
        self._numpy = numpy_random if source is not None else None

    def renew(self) -> None:
        """In the child; Python itself seeds `random` anew after a fork."""
        if self._state is not None:
            random.setstate(self._state)
        if self._numpy is not None:
            self._numpy.seed(struct.unpack("8I", os.urandom(32)))


# Reading /proc


def read_text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().decode(errors="replace").strip()
    except OSError:
        return ""


def open_children(pid: int) -> int:
    """The kernel's list of a process's children, to be read again and again; -1 where it keeps none."""
    try:
        return os.open(f"/proc/{pid}/task/{pid}/children", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1


def children(listing: int) -> list[int]:
    """Process ids of this process's children, zombies included; `listing` is what `open_children` gave."""
    if listing < 0:
        pid = os.getpid()
        return [int(each) for each in os.listdir("/proc") if each.isdigit() and stat_field(each, 1) == pid]
    found = b""
    while piece := os.pread(listing, 4096, len(found)):
        found += piece
    return [int(each) for each in found.split()]


def stat_field(pid: int | str, index: int) -> int:
    """A number of /proc/PID/stat: 1 parent, 3 session; -1 when the process is gone."""
    text = read_text(f"/proc/{pid}/stat")
    fields = text[text.rfind(")") + 2 :].split()
    return int(fields[index]) if fields else -1


def open_files(pid: int | str) -> list[str]:
    folder = f"/proc/{pid}/fd"
    links: list[str] = []
    try:
        for each in os.listdir(folder):
            try:
                links.append(os.readlink(folder + "/" + each))
            except OSError:
                continue
    except OSError:
        pass
    return links


def describe_process(pid: int) -> str:
    command = read_text(f"/proc/{pid}/cmdline").replace("\0", " ").strip()
    return f"{pid} {(command or read_text(f'/proc/{pid}/comm'))[:120]}"


class StandBy(NamedTuple):
    """A fork that is ready for an attempt, and the pipe on which it waits for its frame."""

    pid: int
    pipe: int


class Attempt:
    """One attempt: its request, its first process, and how it ended."""

    __slots__ = ("deadline", "grace_s", "group", "left", "pid", "record", "request", "resident_bytes")

    def __init__(self, request: Frame, pid: int, started_at: int) -> None:
        self.request = request
        self.pid = pid
        self.record: Frame = {"started_at": started_at}
        self.resident_bytes = 0
        self.deadline = math.inf
        """When whatever still runs is killed (monotonic seconds)."""
        self.left: list[str] = []
        """Descriptions of processes that outlived the grace."""
        self.group: set[int] = set()
        """Process ids left behind, children of the fork server now."""


class Server:
    """The loop: frames in, forks, ends out. One thread; it sleeps until the socket or a child has something."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = bytearray()
        self.outbox: list[bytes] = []
        self.attempts: dict[int, Attempt] = {}
        self.by_pid: dict[int, Attempt] = {}
        """First processes that run, and those that were left behind."""
        self.ending: dict[int, Attempt] = {}
        """Attempts with a deadline."""
        self.load_entry: Callable[[], Any] = lambda: None
        self.script = ""
        self.unannounced: dict[int, float] = {}
        """Attempts whose start was not reported yet, by when that is due (monotonic seconds)."""
        self.stand_by: StandBy | None = None
        self.is_used = False
        """Whether an attempt has come, so that more are likely."""
        self.collecting = True
        self.leftover_grace_s = 1.0
        self.preload_output = b""
        self.randomness = Randomness()
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.pid = os.getpid()
        self.parent = os.getppid()

    def serve(self) -> NoReturn:
        self.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # until the imports are done nobody reads the socket
        self.prctl(PR_SET_CHILD_SUBREAPER, 1)
        if os.getppid() != self.parent:
            os._exit(1)
        self.wake_up, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.wake = wake
        self.children = open_children(self.pid)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for each in OWN_SIGNALS:
            signal.signal(each, only_wake_up)
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        poll.register(self.wake_up, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll(self.wait_ms())}
            if self.wake_up in ready and signal.SIGTERM in os.read(self.wake_up, 4096):
                self.close()
            if self.sock.fileno() in ready and not self.receive():
                self.close()
            self.reap()
            if self.ending:
                self.enforce()
            if self.unannounced:
                self.announce()
            self.send()
            if self.is_used and self.stand_by is None:
                with contextlib.suppress(OSError):  # then the next attempt meets it again
                    self.stand_by = self.fork()

    def prctl(self, option: int, value: int | bytes) -> None:
        self.libc.prctl(option, value if isinstance(value, bytes) else int(value), 0, 0, 0)

    # Frames

    def receive(self) -> bool:
        """Handle every whole frame that has come; False at the end of the stream."""
        try:
            data = self.sock.recv(RECEIVE_BYTES)
        except ConnectionError:
            return False
        if not data:
            return False
        self.buffer += data
        start = 0
        while len(self.buffer) - start >= 4:
            (size,) = struct.unpack_from(">I", self.buffer, start)
            if len(self.buffer) - start < 4 + size:
                break
            body = bytes(self.buffer[start + 4 : start + 4 + size])
            frame = json.loads(body)
            start += 4 + size
            if frame["op"] == "run":
                self.on_run(frame, body)
            elif frame["op"] == "kill":
                self.on_kill(frame)
            else:
                self.on_load(frame)
        del self.buffer[:start]
        return True

    def tell(self, event: Frame) -> None:
        body = json.dumps(event).encode()
        self.outbox.append(struct.pack(">I", len(body)) + body)

    def send(self) -> None:
        if self.outbox:
            data, self.outbox = b"".join(self.outbox), []
            try:
                self.sock.sendall(data)
            except OSError:
                self.close()

    # Loading

    def on_load(self, frame: Frame) -> None:
        self.leftover_grace_s = frame["leftover_grace_s"]
        answer: Frame = {"event": "ready", "missing": "", "broken": "", "hazards": []}
        if frame["entry"]:
            self.load(frame, answer)
        self.prctl(PR_SET_PDEATHSIG, 0)  # from here on the closed socket says it, and everything is killed in order
        if os.getppid() != self.parent:
            os._exit(1)
        self.tell(answer)

    def load(self, frame: Frame, answer: Frame) -> None:
        output = os.memfd_create("preload")
        os.dup2(output, 1)
        os.dup2(output, 2)
        self.randomness.watch()
        try:
            self.load_entry = entry_point(frame["entry"])
        except LookupError:
            answer["missing"] = frame["entry"]
            return
        self.script = become_main(frame["entry"])
        try:
            prepare = getattr(sys.modules[self.load_entry().__module__], "preload", import_all)
            prepare(frame["modules"])
        except BaseException as error:  # noqa: BLE001 - the attempt meets it again and reports it
            answer["broken"] = f"{type(error).__name__}: {error}"
            return
        finally:
            self.randomness.settle()
            sys.stdout.flush()
            sys.stderr.flush()
        self.preload_output = os.pread(output, PRELOAD_OUTPUT_MAX_BYTES, 0)
        os.close(output)
        make_streams_prompt()
        answer["hazards"] = fork_hazards()
        gc.collect()
        gc.freeze()
        self.collecting = gc.isenabled()
        gc.disable()

    # Starting

    def on_run(self, frame: Frame, body: bytes) -> None:
        number = frame["id"]
        self.is_used = True
        try:
            prepare_folder(frame["cwd"], frame["links"])
            log = os.open(frame["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            try:
                if self.preload_output:
                    os.write(log, self.preload_output)
            finally:
                os.close(log)
            started_at = time.time_ns() // 1000
            pid = self.hand_over(body)
        except OSError as error:
            clean_folder(frame["cwd"], frame["links"])
            self.tell({"event": "ended", "id": number, "cannot_start": str(error)})
            return
        attempt = Attempt(frame, pid, started_at)
        self.attempts[number] = attempt
        self.by_pid[pid] = attempt
        self.unannounced[number] = time.monotonic() + ANNOUNCE_S

    def hand_over(self, body: bytes) -> int:
        """Give a frame to the fork that stands by, or to a new one; the id of its process. Raises OSError."""
        ready, self.stand_by = self.stand_by, None
        try:
            return give(ready or self.fork(), body)
        except BrokenPipeError:  # somebody killed it
            return give(self.fork(), body)

    def fork(self) -> StandBy:
        """A child that has done all that is the same for every attempt. Raises OSError."""
        theirs, ours = os.pipe2(os.O_CLOEXEC)
        # So that a collection in the child does not look at, and thereby copy, what was made here.
        gc.freeze()
        # A signal for the child must not meet the handlers of the fork server, which wake that up.
        signal.pthread_sigmask(signal.SIG_BLOCK, OWN_SIGNALS)
        try:
            pid = os.fork()
            if pid == 0:
                os.close(ours)
                self.child(theirs)
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, OWN_SIGNALS)
        return StandBy(pid, ours)

    def announce(self) -> None:
        """Report the starts that are due."""
        now = time.monotonic()
        for number in [number for number, due in self.unannounced.items() if due <= now]:
            del self.unannounced[number]
            attempt = self.attempts[number]
            self.tell({"event": "started", "id": number, "pid": attempt.pid, "at": attempt.record["started_at"]})

    def child(self, pipe: int) -> NoReturn:
        status = EXEC_FAILED
        frame: Frame = {"argv": [""]}
        try:
            self.set_up_child()
            frame = wait_for_frame(pipe)
            self.prctl(PR_SET_NAME, ATTEMPT_NAME)
            enter(frame)
            if frame["exec"]:
                for each in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these; programs expect them
                    signal.signal(each, signal.SIG_DFL)
                os.execve(frame["program"], frame["argv"], frame["environment"])
            for name, value in frame["environment"].items():
                os.environ[name] = value
            if self.collecting:
                gc.enable()
            status = call(self.load_entry, [self.script, *frame["argv"][1:]])
        except OSError as error:
            print(f"cannot start {frame['argv'][0]}: {error}", file=sys.stderr)
        leave(status)

    def set_up_child(self) -> None:
        """What is the same for every attempt."""
        signal.set_wakeup_fd(-1)
        for each in OWN_SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, OWN_SIGNALS)
        os.setsid()
        self.prctl(PR_SET_NAME, STAND_BY_NAME)
        self.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        self.prctl(PR_SET_CHILD_SUBREAPER, 1)
        if os.getppid() != self.pid:
            os._exit(1)
        with contextlib.suppress(OSError):  # only a hint to the kernel: whom to kill first
            write_once("/proc/self/oom_score_adj", ATTEMPT_OOM_SCORE)
        self.sock.close()
        os.close(self.wake)
        os.close(self.wake_up)
        if self.children >= 0:
            os.close(self.children)
        self.randomness.renew()

    # Ending

    def on_kill(self, frame: Frame) -> None:
        attempt = self.attempts.get(frame["id"])
        if attempt is None:
            return
        attempt.record.setdefault("cause", frame["cause"])
        attempt.resident_bytes = frame["resident_bytes"]
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
            return None
        deadlines = [each.deadline for each in self.ending.values()]
        first = min([*deadlines, *self.unannounced.values()])
        return max(0, int((first - time.monotonic()) * 1000) + 1)

    def enforce(self) -> None:
        """Kill what has outlived its grace."""
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
                self.forget_stand_by(pid)
                continue
            if attempt.pid == pid:
                self.note_exit(attempt, status, usage)
            attempt.group.discard(pid)
            for left in children(self.children):
                if left not in self.by_pid and (self.stand_by is None or left != self.stand_by.pid):
                    self.adopt(left, attempt)
            if not attempt.group:
                self.finish(attempt)
            elif attempt.pid == pid:
                killed = "cause" in attempt.record
                attempt.deadline = math.inf
                self.set_deadline(attempt, 0 if killed else self.leftover_grace_s)

    def forget_stand_by(self, pid: int) -> None:
        if self.stand_by is not None and self.stand_by.pid == pid:
            os.close(self.stand_by.pipe)
            self.stand_by = None
            self.is_used = False  # what killed it may kill the next: wait until one is needed

    def note_exit(self, attempt: Attempt, status: int, usage: resource.struct_rusage) -> None:
        attempt.record.update(
            code=os.WEXITSTATUS(status) if os.WIFEXITED(status) else -1,
            signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
            ended_at=time.time_ns() // 1000,
            peak_bytes=max(usage.ru_maxrss * 1024, attempt.resident_bytes),
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
        """Nothing of it is left: record the end beside the outputs, then report it."""
        request, record = attempt.request, attempt.record
        record["left_behind"] = attempt.left
        try:
            record["log_bytes"] = os.stat(request["log"]).st_size
        except OSError:
            record["log_bytes"] = 0
        if request["memory_events"]:
            record["oom_kills"] = oom_kills(request["memory_events"])
            peak = read_text(request["memory_peak"])
            record["peak_bytes"] = max(record["peak_bytes"], int(peak)) if peak else record["peak_bytes"]
        if not is_told_by_result(record, request["result"]):
            try:
                write_new(request["record"], json.dumps(record).encode())
            except OSError as error:
                record["not_recorded"] = str(error)
        clean_folder(request["cwd"], request["links"])
        del self.attempts[request["id"]]
        self.ending.pop(request["id"], None)
        self.unannounced.pop(request["id"], None)
        record.update(event="ended", id=request["id"])
        self.tell(record)

    def close(self) -> NoReturn:
        """The platform is gone (or wants this): record what has ended by itself, kill the rest, exit."""
        self.reap()
        for attempt in self.attempts.values():
            self.kill(attempt)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            left = children(self.children)
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


def give(ready: StandBy, body: bytes) -> int:
    """Hand a frame to a fork. Raises BrokenPipeError when it is gone."""
    try:
        data = struct.pack(">I", len(body)) + body
        while data:
            data = data[os.write(ready.pipe, data) :]
    finally:
        os.close(ready.pipe)
    return ready.pid


def wait_for_frame(pipe: int) -> Frame:
    """In the child: the frame, once it is there; ends the process when none will come."""
    data = b""
    while len(data) < 4 or len(data) < 4 + struct.unpack_from(">I", data)[0]:
        piece = os.read(pipe, RECEIVE_BYTES)
        if not piece:
            os._exit(0)
        data += piece
    os.close(pipe)
    return json.loads(data[4:])


def enter(frame: Frame) -> None:
    """In the child: be where the attempt is to run, with its log as output. Raises OSError."""
    log = os.open(frame["log"], os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    for path in frame["join"]:
        write_once(path, b"0")
    os.chdir(frame["cwd"])


def prepare_folder(path: str, links: Sequence[tuple[str, str]]) -> None:
    """A working folder with these links in it and nothing else."""
    try:
        os.mkdir(path)
    except FileExistsError:  # left clean by the attempt before: making folders is dear, so they are used again
        return
    for link, target in links:
        os.symlink(target, f"{path}/{link}")


def clean_folder(path: str, links: Sequence[tuple[str, str]]) -> None:
    """Leave a working folder as `prepare_folder` made it, or remove it."""
    try:
        names = os.listdir(path)
        is_clean = len(names) == len(links) and all(os.readlink(f"{path}/{name}") == to for name, to in links)
    except OSError:
        is_clean = False
    if not is_clean:
        import shutil  # lazy: a fork pays for what is loaded

        shutil.rmtree(path, ignore_errors=True)


def is_told_by_result(record: Frame, result: str) -> bool:
    """Whether the result file, which appears whole or not at all, says all that matters of how the attempt ended."""
    told = record.get("code") == 0 and not (
        record["left_behind"] or "cause" in record or record.get("oom_kills") or record["log_bytes"] > SMALL_LOG_BYTES
    )
    return told and bool(result) and os.path.exists(result)


def only_wake_up(_number: int, _frame: types.FrameType | None) -> None:
    """Python writes the signal's number to the wake-up pipe only where there is a handler."""


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


def write_once(path: str, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)


def write_new(path: str, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        while data:  # a disk that is nearly full takes a part
            data = data[os.write(fd, data) :]
    finally:
        os.close(fd)


if __name__ == "__main__":
    main(sys.argv[1:])
