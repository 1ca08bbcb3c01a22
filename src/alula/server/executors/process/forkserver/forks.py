"""The forks that stand by: made beforehand, several in a row, each waiting on a pipe for its attempt.

A page that the fork server touches after a fork is copied, so that work between two forks is expensive, and forks in a
row are cheap. Reaps nothing.
"""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .child import Setting, Start, child, write_once
from .loading import Foresee
from .procfs import read_text, resident_bytes

OOM_SCORE_FILE = "/proc/self/oom_score_adj"
ATTEMPT_OOM_SCORE = 500


class StandBy(NamedTuple):
    """A fork that is ready for an attempt."""

    pid: int
    pipe: int
    own: Mapping[str, str]
    """The variables of an earlier attempt that it was forked with."""
    resident_bytes: int
    """The resident memory of this process at that time."""


class Forks:
    """Makes forks and gives them their attempts."""

    def __init__(self, setting: Setting, files: Sequence[int], foresee: Foresee) -> None:
        """`files` are those of this process that a fork closes."""
        self.pids: set[int] = set()
        """Process ids of forks that stand by, and of dismissed ones that are not reaped yet."""
        self._setting = setting
        self._files = files
        own = read_text(OOM_SCORE_FILE) or "0"
        self._oom_scores = own, str(max(int(own), ATTEMPT_OOM_SCORE))
        """The scores of this process, and of a fork, which has its own from the start."""
        self._foresee = foresee
        self._ready: list[StandBy] = []
        self._base = dict(os.environ)
        self._own: Mapping[str, str] = {}
        """The variables of the attempt that came last: most of those of the next are the same."""
        self._argv: Sequence[str] = ()
        """Its arguments."""
        self._applied = self._own
        """The variables that this process has now."""

    def __len__(self) -> int:
        """The number of forks that stand by."""
        return len(self._ready)

    def start(self, start: Start) -> StandBy:
        """Hand an attempt to a fork. Raises OSError."""
        own = start.environment
        while True:
            is_new = not self._ready
            if is_new:
                self.fill(1)
            fork = self._ready.pop(0)
            if not start.program:
                self._own, self._argv = own, start.argv[1:]
                environment, dropped = changes(fork.own, own, self._base)
                start = start._replace(environment=environment, dropped=dropped)
            try:
                give(fork, start)
            except BrokenPipeError:  # somebody killed it
                if is_new:
                    raise
            else:
                self.pids.discard(fork.pid)
                return fork

    def fill(self, count: int) -> None:
        """Have that many stand by. Raises OSError."""
        if self._applied is not self._own:
            environment, dropped = changes(self._applied, self._own, self._base)
            for name in dropped:
                del os.environ[name]
            os.environ.update(environment)
            self._applied = self._own
            self._foresee(self._argv)
        # So that a collection in a child does not look at, and thereby copy, what was made here.
        gc.freeze()
        set_oom_score(self._oom_scores[1])
        try:
            self._make(count - len(self._ready))
        finally:
            set_oom_score(self._oom_scores[0])

    def dismiss(self, *, keep: int) -> None:
        """Dismiss all but `keep` of those that stand by."""
        while len(self._ready) > keep:
            os.close(self._ready.pop().pipe)

    def forget(self, pid: int) -> bool:
        """Forget a reaped process that was no attempt. True if it stood by, so that somebody has killed it."""
        self.pids.discard(pid)
        for each in self._ready:
            if each.pid == pid:
                os.close(each.pipe)
                self._ready.remove(each)
                return True
        return False

    def _make(self, count: int) -> None:
        """Raises OSError. Next to nothing is done between two forks."""
        pipes = [os.pipe2(os.O_CLOEXEC) for _ in range(count)]
        files = [*self._files, *[each.pipe for each in self._ready], *[each for pipe in pipes for each in pipe]]
        setting, fork = self._setting, self._setting.fork
        pids: list[int] = []
        resident = resident_bytes()
        try:
            for theirs, _ours in pipes:
                pid = fork()
                if pid < 0:
                    pid = os.fork()  # raises what the C library keeps to itself
                if pid == 0:
                    child(theirs, files, setting)
                pids.append(pid)
        finally:
            self.pids.update(pids)
            for i, (theirs, ours) in enumerate(pipes):
                os.close(theirs)
                if i < len(pids):
                    self._ready.append(StandBy(pids[i], ours, self._applied, resident))
                else:
                    os.close(ours)


def set_oom_score(score: str) -> None:
    """Give the kernel a hint which process to kill first."""
    with contextlib.suppress(OSError):
        write_once(OOM_SCORE_FILE, score.encode())


def give(fork: StandBy, start: Start) -> None:
    """Raises BrokenPipeError when it is gone."""
    try:
        data = start.packed()
        while data:
            data = data[os.write(fork.pipe, data) :]
    finally:
        os.close(fork.pipe)


def changes(
    before: Mapping[str, str], after: Mapping[str, str], base: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """The variables to set and those to drop in an environment of `base` and `before`, to make it one of `base` and
    `after`."""
    wanted = {name: value for name, value in after.items() if before.get(name) != value}
    gone = [name for name in before if name not in after]
    wanted.update((name, base[name]) for name in gone if name in base)
    return wanted, [name for name in gone if name not in base]
