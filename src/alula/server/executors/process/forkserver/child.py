"""A fork, and what happens in it until the task's code runs.

One straight line, as each call and each object that is looked at costs copied pages. So numbers are not made into
enumerations as the module `signal` does, and no function of the operating system is looked up in `os`.
"""

from __future__ import annotations

import ctypes
import marshal
import os
import signal
import sys
from collections.abc import Callable, Sequence
from marshal import loads
from os import O_APPEND, O_CLOEXEC, O_WRONLY, chdir, close, dup2, environ, getppid, read, setsid, write
from os import open as open_file
from typing import Any, NamedTuple, NoReturn

from .entry import Entry, call, leave
from .hazards import hooks_to_call
from .randomness import Hook

PR_SET_PDEATHSIG, PR_SET_NAME, PR_SET_CHILD_SUBREAPER = 1, 15, 36
STAND_BY_NAME, ATTEMPT_NAME = b"alula-standby", b"alula-attempt"
"""The names of a fork in `ps` and `top`, before and after it has got an attempt."""
SIGKILL = int(signal.SIGKILL)
SIG_SETMASK = int(signal.SIG_SETMASK)
EXEC_FAILED = 126
START_BYTES = 4096
"""Most starts are shorter. For a larger buffer every child would take fresh memory."""
VERIFIED_VERSIONS = ((3, 9), (3, 13))
"""The first and the last CPython that was read, to know what `os.fork` does beside forking and what is in a loop."""

libc: Any = ctypes.PyDLL(None)
"""Calls keep the interpreter's lock, as nobody else wants it."""
prctl: Any = libc.prctl
sigprocmask: Any = libc.sigprocmask


class Start(NamedTuple):
    """The message that turns a fork into an attempt."""

    log: str
    folder: str
    join: Sequence[str]
    """`cgroup.procs` files."""
    program: str
    """Empty to call the entry point."""
    argv: Sequence[str]
    environment: dict[str, str]
    """All of it for a program, else what differs from the fork's."""
    dropped: Sequence[str]
    """Variables of the fork that the attempt must not see."""

    def packed(self) -> bytes:
        return marshal.dumps((*self,))  # pyright: ignore[reportArgumentType] - texts, lists and dicts of texts


class Setting(NamedTuple):
    """The part that is common to all forks of a fork server."""

    server: int
    """Its process id."""
    fork: Callable[[], int]
    """-1 for none."""
    hooks: Sequence[Hook]
    """To be called in each child."""
    signals: Any
    """The `sigset_t` of a child."""
    entry: Entry
    script: str
    """Of the entry point."""


def best_fork() -> tuple[Callable[[], int], Sequence[Hook]]:
    """The way to fork this process, which has one thread, and the hooks to call in each child.

    `os.fork` makes the child renew what other threads of its parent may have held: locks, thread states, keys. That
    touches 180 pages, four times as many as the fork itself, and in a process of one thread renews what is as good as
    new. If that is known to be all, the C library's `fork` is enough. It returns -1 if there is no process to be had.
    """
    first, last = VERIFIED_VERSIONS
    is_known = sys.implementation.name == "cpython" and first <= sys.version_info[:2] <= last
    has_lock = getattr(sys, "_is_gil_enabled", lambda: True)()
    hooks = hooks_to_call()
    if is_known and has_lock and hooks is not None:
        return libc.fork, hooks
    return os.fork, ()


def child(pipe: int, files: Sequence[int], setting: Setting) -> NoReturn:
    """Be all that is the same for every attempt, wait for one, and become it. Runs in the child.

    Closes all of `files` but the pipe.
    """
    server, _fork, hooks, signals, entry, script = setting
    status, name = EXEC_FAILED, ""
    try:
        sigprocmask(SIG_SETMASK, signals, None)
        setsid()
        prctl(PR_SET_NAME, STAND_BY_NAME, 0, 0, 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        if getppid() != server:
            os._exit(1)
        for file in files:
            if file != pipe:
                close(file)
        for hook in hooks:
            hook()
        log, folder, join, program, argv, environment, dropped = wait_for_start(pipe)
        name = argv[0]
        prctl(PR_SET_NAME, ATTEMPT_NAME, 0, 0, 0)
        output = open_file(log, O_WRONLY | O_APPEND | O_CLOEXEC)
        dup2(output, 1)
        dup2(output, 2)
        close(output)
        for path in join:
            write_once(path, b"0")
        chdir(folder)
        if program:
            for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these; programs expect them
                signal.signal(number, signal.SIG_DFL)
            os.execve(program, argv, environment)
        for variable in dropped:
            del environ[variable]
        for variable, value in environment.items():
            environ[variable] = value
        argv[0] = script
        status = call(entry, argv)
    except BaseException as error:  # noqa: BLE001 - nothing may get back into the loop of the fork server
        print(f"cannot start {name}: {error}", file=sys.stderr)
    leave(status)


def wait_for_start(pipe: int) -> Any:
    """The start that is written to the pipe, once all of it is there; ends the process if none will come."""
    data = b""
    while True:
        piece = read(pipe, START_BYTES)
        if not piece:
            os._exit(0)
        data += piece
        try:
            start = loads(data)
        except EOFError:
            continue
        close(pipe)
        return start


def write_once(path: str, data: bytes) -> None:
    """Write to a file that is there. Raises OSError."""
    file = open_file(path, O_WRONLY)
    try:
        write(file, data)
    finally:
        close(file)
