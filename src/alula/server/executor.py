"""The contract for running attempts. Adapters: `executors/`.

Level-triggered and idempotent: submitting an attempt that is known changes nothing, cancelling one that is gone changes
nothing, an update may come twice. An executor keeps no record of its own that the platform needs: after a crash
`reconcile` is told which attempts should be running and makes that true; those that ended meanwhile are reported.

Several platforms may use one cluster, and a runner may lose an execution to another that goes on with the same
attempts. So there are two ways to let go of an attempt: `cancel` makes it not run, whoever follows it, and is for
attempts that must not run according to the log of their execution; `release` only stops following it.

A request may be on its way for longer than a lease, or be made again, and arrive when another runner has the execution.
So what changes an attempt bears the *claim* of its execution: a number that is greater with each owner. An executor
that platforms share notes the greatest one with each attempt, and what comes under a smaller one changes nothing. It is
noted with the attempt, as one number for all of an execution would refuse what an earlier owner has yet to cancel, and
that must not run for any owner. An end that is durable is so for every owner, too: it is acknowledged without a claim.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal, Protocol

import msgspec
from flyteidl.core import tasks_pb2

from alula.core.engine.attempt_info import AttemptInfo, LogLink
from alula.core.engine.usage import Usage
from alula.core.errors import TaskError
from alula.core.ids import AttemptId
from alula.core.literals.offloading import Aside, OffloadRule
from alula.core.policy.resources import Resources
from alula.core.policy.routing import NO_WISH, Wanted
from alula.core.policy.security import NOBODY, RunAs, SecretReference


class AttemptSpec(msgspec.Struct, frozen=True):
    """All that is needed to run one attempt."""

    id: AttemptId
    task: tasks_pb2.TaskTemplate
    """Node overrides are applied already."""
    inputs: bytes
    """Serialized `core.LiteralMap`; of an array item, of the whole array."""
    input_uri: str
    """The place of `inputs.pb` for the task."""
    output_prefix: str
    """Fresh for each attempt: outputs.pb, error.pb, futures.pb, deck.html, and the logs."""
    raw_prefix: str
    """The prefix for the task's files and data frames."""
    checkpoint_prefix: str
    previous_checkpoint_prefix: str
    """Empty for the first attempt."""
    environment: dict[str, str]
    """Variables of engine, execution and task, merged."""
    resources: Resources
    queueing_budget_s: float = 0.0
    """The time that it may wait: of several that wait, the one that has to begin first goes first."""
    interpreter: str = ""
    """Python of the client that registered the task, if known."""
    interpreter_host: str = ""
    """The machine (its machine id) on which `interpreter` is."""
    incarnation: str = ""
    """Of the execution."""
    claim: int = 0
    """The claim of the owner that asks for it."""
    executor: str = ""
    """The one of several executors that has reported the attempt before; empty for none."""
    handle: bytes = b""
    """The handle that this executor has given the attempt: the job that exists already."""
    interruptible: bool = False
    """True if it may run on a machine that can go away."""
    labels: dict[str, str] = {}
    """Of the run, as are `annotations`: for what an executor makes elsewhere."""
    annotations: dict[str, str] = {}
    run_as: RunAs = NOBODY
    secrets: tuple[SecretReference, ...] = ()
    wish: Wanted = NO_WISH
    """The one of several executors that its project wants, if none has it yet."""
    offload: OffloadRule | None = None
    """The rule by which its outputs are put aside before they are reported."""


class AttemptUpdate(msgspec.Struct, frozen=True):
    """The current state of one attempt: all that is known of it. Nothing comes after its end, `cancel` or `release`.

    A field that is left empty is as before. The same may be told again at any time; it is no news then.
    """

    id: AttemptId
    at: int
    """The time at which `phase` began, in microseconds since the epoch. RUNNING of another time is another start of the
    attempt, unless the handle says that it is the same job."""
    phase: Literal["", "QUEUED", "WAITING_FOR_RESOURCES", "INITIALIZING", "RUNNING", "SUCCEEDED", "FAILED", "TAKEN"]
    """Empty for as before: nothing new is known of it, and there is a reason. TAKEN if a greater claim has it: nothing
    was done, and it is not followed any more."""
    where: str = ""
    """With RUNNING: what runs it and why there, in one line."""
    reason: str = ""
    """The reason why it waits, or its present work, in one line."""
    outputs: bytes | None = None
    """With SUCCEEDED: `outputs.pb` without the values that are put aside, empty for a task that gives nothing."""
    asides: Sequence[Aside] = ()
    """The objects that the outputs refer to, to be written by the receiver of the update."""
    futures: bytes | None = None
    """With SUCCEEDED, instead of outputs: `futures.pb` of a dynamic task."""
    error: TaskError | None = None
    deck_uri: str = ""
    executor: str = ""
    """The one of several executors that has the attempt. Filled in where the executor is chosen."""
    handle: bytes = b""
    """The handle by which the executor finds the attempt again, if its id is not enough: the name that another system
    gave a job.

    From the first update on that has one, it is kept in the log and comes back with the attempt's specification. A
    crash before that leaves a job that nobody knows, so it is reported as soon as the job exists."""
    logs: tuple[LogLink, ...] | None = None
    """Other places of its logs, all of them; None for as before."""
    info: AttemptInfo | None = None
    """Facts that only this executor understands, to be shown; None for as before. A few kilobytes at most."""
    usage: Usage | None = None
    """With an end: the resources that the attempt has used, as far as known."""
    claim: int = 0
    """With TAKEN: the greatest claim that the attempt has."""


Sink = Callable[[AttemptUpdate], None]


class Executor(Protocol):
    """`submit`, `cancel` and `release` return at once and never raise for what an attempt is or does: that is an
    update."""

    @property
    def names_jobs(self) -> bool:
        """True if it gives attempts a handle, and can't list what runs. Then `reconcile` stops nothing, and jobs that
        a crash has left are ended by `end_job`."""
        ...

    async def start(self, sink: Sink) -> None:
        """Begin; every update goes to `sink`, on the event loop's thread."""
        ...

    async def stop(self) -> None:
        """Stop following all attempts, without waiting for them. `reconcile` in the next life goes on with them."""
        ...

    def submit(self, spec: AttemptSpec) -> None:
        """Run an attempt. One that has a handle runs already, or has ended: it is followed, and not begun anew.

        A request whose answer was lost may be made again, but not after an end of the attempt was reported: the attempt
        would run once more, and nobody would hear of it.

        One that is there already is another owner's until it is adopted: nothing is told of it before. One that a
        greater claim has is TAKEN.
        """
        ...

    def cancel(
        self, attempt: AttemptId, *, incarnation: str = "", claim: int = 0, executor: str = "", handle: bytes = b""
    ) -> None:
        """Make it not run, also if another executor has submitted it, unless a greater claim has it.

        `incarnation` is that of its execution. `executor` and `handle` are what the log has of it. All are as in
        `AttemptSpec`, and empty where only the attempt is known. Without a `claim`, it is meant whoever has it.
        """
        ...

    async def end_job(self, attempt: AttemptId, *, incarnation: str, executor: str, handle: bytes) -> None:
        """Do what `cancel` does, and return once the job is over. Only asked if it `names_jobs`.

        It may have been ended before, or by itself. Raises `Unavailable` if it can't be reached: then it is asked
        again.
        """
        ...

    def release(self, attempts: Collection[AttemptId]) -> None:
        """Stop following these: another runner may go on with them.

        Anything that a new owner may have stays as it is: the attempt if owners share it, its files, and its results.
        An attempt that is not known changes nothing. One that is submitted again is followed again.
        """
        ...

    def acknowledge(self, attempts: Collection[AttemptId]) -> None:
        """Forget the ends of these, as they were reported: they are durable, and need not be reported again.

        Never raises; an attempt that is not known, or was acknowledged before, changes nothing.
        """
        ...

    def usage(self, attempt: AttemptId) -> Usage | None:
        """The resources that a running attempt has used so far, as far as known at once; None if nothing is known.

        Asked before the `cancel` of an attempt that ends by a clock, as it tells of no end itself.
        """
        ...

    async def reconcile(
        self, expected: Collection[AttemptSpec], *, owner: str, spared: Collection[AttemptId] = ()
    ) -> None:
        """Adopt, report or start again each expected attempt, and stop all other attempts of `owner`, and only those.
        The `spared` are left as they are.

        `owner` names the platform that the runner belongs to, and is the same in each of its lives. It owns the
        attempts that are expected here, and those submitted from now on. Called before the first `submit`.
        """
        ...
