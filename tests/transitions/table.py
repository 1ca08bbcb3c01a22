"""Every transition that the engine can make, by machine: where it stands, what comes, where it may go from there.

A node of each kind is a machine; so are the scopes in which nodes run, and the execution as a whole. `-` is one that
has not begun. What is not here can't happen: a recorder looks on while tests and simulations run, and both a transition
that is missing here and one that nobody has seen fail `make transitions`.
"""

from __future__ import annotations

from typing import TypeAlias

Standing: TypeAlias = str
Input: TypeAlias = str
Table: TypeAlias = dict[tuple[Standing, Input], tuple[Standing, ...]]

RETRY, TIMEOUT, QUEUE_TIMEOUT = "TimerFired retry", "TimerFired timeout", "TimerFired queue_timeout"

TASK: Table = {
    ("-", "begin"): ("LOOKING_UP", "BLOCKED", "SUBMITTED", "SUCCEEDED", "graph"),
    ("LOOKING_UP", "CacheHit"): ("SUCCEEDED",),
    ("LOOKING_UP", "CacheMissed"): ("BLOCKED", "RESERVING", "SUBMITTED", "SUCCEEDED"),
    ("LOOKING_UP", QUEUE_TIMEOUT): ("TIMED_OUT",),
    ("LOOKING_UP", "abort"): ("ABORTED",),
    ("RESERVING", "CacheHit"): ("SUCCEEDED",),
    ("RESERVING", "CacheMissed"): ("SUBMITTED", "SUCCEEDED"),
    ("RESERVING", "CacheAwaited"): ("AWAITING",),
    ("RESERVING", QUEUE_TIMEOUT): ("TIMED_OUT",),
    ("RESERVING", "abort"): ("ABORTED",),
    ("AWAITING", "CacheHit"): ("SUCCEEDED",),
    ("AWAITING", "CacheMissed"): ("BLOCKED", "RESERVING"),
    ("AWAITING", QUEUE_TIMEOUT): ("TIMED_OUT",),
    ("AWAITING", "abort"): ("ABORTED",),
    ("BLOCKED", "place"): ("RESERVING", "SUBMITTED", "SUCCEEDED"),
    ("BLOCKED", QUEUE_TIMEOUT): ("TIMED_OUT",),
    ("BLOCKED", "abort"): ("ABORTED",),
    ("SUBMITTED", "AttemptWaits"): ("SUBMITTED",),
    ("SUBMITTED", "AttemptStarted"): ("RUNNING",),
    ("SUBMITTED", "AttemptProgressed"): ("SUBMITTED",),
    ("SUBMITTED", "AttemptProgressed QUEUED"): ("SUBMITTED",),
    ("SUBMITTED", "AttemptProgressed WAITING_FOR_RESOURCES"): ("SUBMITTED",),
    ("SUBMITTED", "AttemptProgressed INITIALIZING"): ("SUBMITTED",),
    ("SUBMITTED", "AttemptProgressed RUNNING"): ("RUNNING",),
    ("SUBMITTED", "AttemptSucceeded"): ("SUCCEEDED",),
    ("SUBMITTED", "GraphReturned"): ("graph",),
    ("SUBMITTED", "AttemptFailed"): ("RESERVING", "SUBMITTED", "BACKING_OFF", "FAILED"),
    ("SUBMITTED", QUEUE_TIMEOUT): ("TIMED_OUT",),
    ("SUBMITTED", "abort"): ("ABORTED",),
    ("RUNNING", "AttemptStarted"): ("RUNNING",),
    ("RUNNING", "AttemptProgressed"): ("RUNNING",),
    ("RUNNING", "AttemptProgressed RUNNING"): ("RUNNING",),
    ("RUNNING", "AttemptSucceeded"): ("SUCCEEDED",),
    ("RUNNING", "GraphReturned"): ("graph",),
    ("RUNNING", "AttemptFailed"): ("RESERVING", "SUBMITTED", "BACKING_OFF", "FAILED"),
    ("RUNNING", TIMEOUT): ("RESERVING", "SUBMITTED", "FAILED"),
    ("RUNNING", QUEUE_TIMEOUT): ("TIMED_OUT",),
    ("RUNNING", "abort"): ("ABORTED",),
    ("BACKING_OFF", RETRY): ("BLOCKED", "RESERVING", "SUBMITTED"),
    ("BACKING_OFF", QUEUE_TIMEOUT): ("TIMED_OUT",),
    ("BACKING_OFF", "abort"): ("ABORTED",),
    ("graph", "scope succeeded"): ("SUCCEEDED",),
    ("graph", "scope failed"): ("FAILED",),
    ("graph", QUEUE_TIMEOUT): ("TIMED_OUT",),
    ("graph", "abort"): ("ABORTED",),
}
GATE: Table = {
    ("-", "begin"): ("approve", "signal", "sleep"),
    ("approve", "SignalSet"): ("SUCCEEDED", "FAILED"),
    ("approve", "answered before"): ("SUCCEEDED", "FAILED"),
    ("approve", TIMEOUT): ("TIMED_OUT",),
    ("approve", "abort"): ("ABORTED",),
    ("signal", "SignalSet"): ("SUCCEEDED",),
    ("signal", "answered before"): ("SUCCEEDED",),
    ("signal", TIMEOUT): ("TIMED_OUT",),
    ("signal", "abort"): ("ABORTED",),
    ("sleep", "TimerFired sleep"): ("SUCCEEDED",),
    ("sleep", "abort"): ("ABORTED",),
}
LAUNCH_PLAN: Table = {
    ("-", "begin"): ("waits", "launched"),
    ("waits", "place"): ("launched",),
    ("waits", TIMEOUT): ("TIMED_OUT",),
    ("waits", "abort"): ("ABORTED",),
    ("launched", "ChildEnded"): ("SUCCEEDED", "FAILED"),
    ("launched", TIMEOUT): ("TIMED_OUT",),
    ("launched", "abort"): ("ABORTED",),
}
OPENED: Table = {
    ("open", "scope succeeded"): ("SUCCEEDED",),
    ("open", "scope failed"): ("FAILED",),
    ("open", "abort"): ("ABORTED",),
}
"""A node that waits for the end of a scope of its own."""

GRAPH_SCOPE: Table = {
    ("-", "start"): ("runs",),
    ("runs", "node succeeded"): ("runs", "succeeded", "handles", "failed"),
    ("runs", "node failed"): ("runs on", "handles", "failed"),
    ("runs", "abort"): ("aborted",),
    ("runs on", "node succeeded"): ("runs on", "handles", "failed"),
    ("runs on", "node failed"): ("runs on", "handles", "failed"),
    ("runs on", "abort"): ("aborted",),
    ("handles", "node succeeded"): ("failed",),
    ("handles", "node failed"): ("failed",),
    ("handles", "abort"): ("aborted",),
}
"""A compiled graph has a node, so that none ends as it starts. `runs on`: a node has failed, and what does not depend
on it goes on. `handles`: the failure node runs."""

ARRAY_SCOPE: Table = {
    ("-", "start"): ("runs", "succeeded"),
    ("runs", "node succeeded"): ("runs", "succeeded", "failed"),
    ("runs", "node failed"): ("runs", "succeeded", "failed"),
    ("runs", "abort"): ("aborted",),
}
BRANCH_SCOPE: Table = {
    ("runs", "node succeeded"): ("succeeded",),
    ("runs", "node failed"): ("failed",),
    ("runs", "abort"): ("aborted",),
}

EXECUTION: Table = {
    ("-", "Created"): ("RUNNING", "FAILING", "SUCCEEDED", "FAILED"),
    ("RUNNING", "news of a node"): ("RUNNING", "FAILING", "SUCCEEDED", "FAILED"),
    ("RUNNING", "Claimed"): ("RUNNING",),
    ("RUNNING", "AbortRequested"): ("ABORTED",),
    ("RUNNING", "PlatformFailed"): ("FAILED",),
    ("FAILING", "news of a node"): ("FAILING", "FAILED"),
    ("FAILING", "Claimed"): ("FAILING",),
    ("FAILING", "AbortRequested"): ("ABORTED",),
    ("FAILING", "PlatformFailed"): ("FAILED",),
    ("SUCCEEDED", "Claimed"): ("SUCCEEDED",),
    ("FAILED", "Claimed"): ("FAILED",),
}
"""An execution may be claimed although it ended as it began, before anybody owned it."""

TABLES: dict[str, Table] = {
    "task": TASK,
    "gate": GATE,
    "launch_plan": LAUNCH_PLAN,
    "subworkflow": {("-", "begin"): ("open",), ("open", TIMEOUT): ("TIMED_OUT",), **OPENED},
    "array": {("-", "begin"): ("open", "FAILED"), **OPENED},
    "branch": {("-", "begin"): ("open", "FAILED"), **OPENED},
    "graph scope": GRAPH_SCOPE,
    "array scope": ARRAY_SCOPE,
    "branch scope": BRANCH_SCOPE,
    "execution": EXECUTION,
}


def all_transitions() -> set[tuple[str, Standing, Input, Standing]]:
    return {
        (machine, before, comes, after)
        for machine, table in TABLES.items()
        for (before, comes), ends in table.items()
        for after in ends
    }


def inputs_of(machine: str, standing: Standing) -> set[Input]:
    """What a machine takes where it stands."""
    return {comes for before, comes in TABLES[machine] if before == standing}
