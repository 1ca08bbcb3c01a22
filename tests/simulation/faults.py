"""Which faults a seed brings, how often, and until when. All chances are for one opportunity, from 0 to 1."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from random import Random

SHARED = 0.4
"""In how many worlds the hosts share an executor."""
HANDLES = 0.5
"""In how many of those worlds where that can be executors need their handles back."""


@dataclass(frozen=True)
class Faults:
    """The default is a world without any."""

    until_s: float = 0.0
    """Virtual time after which none comes any more: from then on everything must come to its end."""
    hosts: int = 1
    """Runners on the one store."""
    shared: bool = False
    """Whether they share an executor, whose attempts live in a cluster; else each has one of its own."""
    crash: float = 0.0
    """At an effect of the runner: it dies with all memory before or after it (F1, F2, F5, F6, F7)."""
    down_s: float = 5.0
    pause: float = 0.0
    """At an effect of the runner: it stands still for longer than its lease (F17)."""
    store_refuses: float = 0.0
    """A call of the store fails and nothing was done (F9, F10)."""
    store_unknown: float = 0.0
    """A call of the store fails although it was done (F7, F9)."""
    store_away: float = 0.0
    """At a call of the store: nobody reaches it for some time, which may be longer than a lease (F9)."""
    blob_fails: float = 0.0
    """A call of the object store fails (F10, F11)."""
    object_fails: float = 0.0
    """An object can't be read or written from its first use on, for some minutes, while others can (F10, F11)."""
    object_stalls: float = 0.0
    """A call of the object store takes up to a minute."""
    clock_jump_s: float = 0.0
    """How far a host's clock jumps, either way, while a runner lives there (F12)."""
    update_late: float = 0.0
    """An update comes late, and so after those that follow it (F13)."""
    update_twice: float = 0.0
    """F13"""
    lost: float = 0.0
    """An attempt disappears, once for a node at most, and is reported as interrupted (F16)."""
    executors_die: bool = True
    """Attempts die with the runner of their host, as processes do; otherwise they run on and leave a record. Those of a
    shared executor always run on."""
    answer_lost: float = 0.0
    """A request to the shared executor was done, and is made again because no answer came."""
    request_late: float = 0.0
    """A request to the shared executor is under way for longer than a lease, while its runner stands still."""
    handles: bool = False
    """Executors find an attempt again by the handle only that they have reported."""
    cluster_away: float = 0.0
    """At a request to the shared executor: it can't be reached for some time, and no news comes from there."""
    abort: float = 0.0
    """An execution is aborted at some time (F20)."""
    call_twice: float = 0.0
    """A client sends a call again (F24)."""
    latency_s: float = 0.002
    """Of a call of store or blobs, at most."""
    breaks: float = 0.0
    """On the way of an execution through the platform: an error comes up that belongs to it alone."""


def draw(random: Random) -> Faults:
    """The faults of one seed: some kinds, each at a strength of its own."""

    def perhaps(most: float, *, share: float = 0.5) -> float:
        return random.choice((most, most / 5, most / 25)) if random.random() < share else 0.0

    until_s = random.choice((60.0, 600.0, 3600.0))
    hosts = 2 if random.random() < 0.3 else 1
    faults = Faults(
        until_s=until_s,
        hosts=hosts,
        crash=perhaps(0.03, share=0.7),
        down_s=max(random.choice((1.0, 5.0, 60.0)), until_s / 720),  # thousands of crashes tell no more
        pause=perhaps(0.01, share=0.4),
        store_refuses=perhaps(0.1),
        store_unknown=perhaps(0.2),
        blob_fails=perhaps(0.2),
        # Of two hosts one goes by what the other's clock said: what both can be off by is what deadlines may be off by.
        clock_jump_s=random.choice((1800.0, 86_400.0, 30 * 86_400.0) if hosts == 1 else (1800.0,))
        if random.random() < 0.3
        else 0.0,
        update_late=perhaps(0.3),
        update_twice=perhaps(0.3),
        lost=perhaps(0.3),
        executors_die=random.random() < 0.5,
        abort=perhaps(0.6, share=0.4),
        call_twice=perhaps(0.5),
        latency_s=random.choice((0.0005, 0.02, 0.5)),
        breaks=perhaps(0.03, share=0.2),
    )
    if random.random() <= SHARED:
        if random.random() < 0.5:
            faults = replace(faults, hosts=2, clock_jump_s=min(faults.clock_jump_s, 1800.0))
        faults = replace(faults, shared=True, answer_lost=perhaps(0.3), cluster_away=perhaps(0.01))
    # What another host submits late, by what it knew before, would be a second job, as a system that knows a job by its
    # handle has no place for a claim; and a job that dies with its host costs an attempt each time.
    may_name = faults.hosts == 1 and (faults.shared or not faults.executors_die)
    faults = replace(faults, handles=may_name and random.random() < HANDLES)
    faults = replace(faults, object_fails=perhaps(0.3, share=0.2), object_stalls=perhaps(0.3, share=0.2))
    if faults.shared and faults.hosts == 2:
        faults = replace(faults, request_late=perhaps(0.05))
    return replace(faults, store_away=_store_away(copy(random)))


def _store_away(random: Random) -> float:
    """A draw that takes none of another's, so that seeds are the worlds that they were, but for this fault."""
    return random.choice((0.002, 0.0004, 0.00008)) if random.random() < 0.3 else 0.0
