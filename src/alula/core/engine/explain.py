"""The explanation of a run, or of a node of it: one answer, and under it the answers to why that is so.

Worked out from rows and reasons, so that it is the same for a run of this process, of another, or of last year: what a
node waits for, which attempts it had, why it was skipped, stopped, taken over or not cached, down to the first cause.
Does not read anything; `server/services/explain.py` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from alula.core.engine.causes import Link, by_reason, facts_of, fix_of, remark, said_of, short, story
from alula.core.engine.plan import Plan, PlanNode
from alula.core.engine.plan_nodes import PlanNodes
from alula.core.engine.records import AttemptPhase, ExecutionPhase, ItemRecord, NodePhase, NodeRecord, Reason
from alula.core.errors import NotFound, TaskError
from alula.core.ids import nested_node_id
from alula.core.policy.retries import last_error

SHOWN_MAX = 5
"""The number of nodes followed further where several are an answer together; the others are counted."""
DEPTH_MAX = 100
_RUNNING = (NodePhase.RUNNING, NodePhase.DYNAMIC_RUNNING)
_ABORTED = (ExecutionPhase.ABORTING, ExecutionPhase.ABORTED)
_WAITS = (
    "MaxParallelism",
    "WaitsForCache",
    "WaitsForExecutor",
    "WaitsForResources",
    "IsPrepared",
    "WaitsForSignal",
    "Sleeping",
    "Retried",
)
_OF_CACHE = ("CacheHit", "CacheMiss", "CacheSkipped")
_ATTEMPTS_MAX = 100
_MAPPED = re.compile(r"map_(.+)_[0-9a-f]{32}-arraynode")
"""The name that a map task gives to the task of its array."""


class RunFacts(msgspec.Struct, frozen=True):
    """The known facts of a run."""

    phase: ExecutionPhase
    error: TaskError | None
    abort_cause: str
    abort_principal: str
    plan: Plan
    graphs: Mapping[str, Plan]
    """The graphs that dynamic tasks made, by URI."""
    nodes: Mapping[str, NodeRecord]
    reasons: Sequence[Reason]
    """In the order in which they came."""
    item: ItemRecord | None = None
    """The item of an array that is asked about, if it has begun."""
    items: int | None = None
    """The number of items of that array, if it is known."""
    trigger_cause: str = ""
    """The cause for which a trigger has started it; empty for a run that was started otherwise."""


def explain(run: RunFacts, node_id: str = "", index: int = -1) -> Link:
    """Explain the state of the run, of one node of it, or of one item of an array of tasks.

    Raises `NotFound` code `NodeNotFound` for a node that the run does not have and can't have by what is known.
    """
    explainer = _Explainer(run)
    if not node_id:
        return _with_cause(explainer.run(), run.trigger_cause)
    return explainer.item(node_id, index) if index >= 0 else explainer.node(node_id)


def _with_cause(link: Link, cause: str) -> Link:
    """The answer about a run, with the cause of its start beside the causes of its state."""
    if not cause:
        return link
    started = Link("", "Triggered", f"The run was started by a trigger: {cause}.", is_remark=True)
    return msgspec.structs.replace(link, because=(*link.because, started))


class _Place(msgspec.Struct, frozen=True):
    """A node in its graph, whether or not it has begun."""

    plan: Plan
    node: PlanNode
    parent: str
    attempt: int


class _Explainer:
    def __init__(self, run: RunFacts) -> None:
        self._run = run
        self._reasons: dict[str, list[Reason]] = {}
        for reason in run.reasons:
            self._reasons.setdefault(reason.node_id, []).append(reason)
        self._inside: dict[str, list[NodeRecord]] = {}
        for row in run.nodes.values():
            self._inside.setdefault(row.parent_id or "", []).append(row)
        self._plan_nodes = PlanNodes(run.plan, run.graphs, run.nodes)
        self._upstream: dict[int, dict[int, list[int]]] = {}
        self._path: list[str] = []

    # The run

    def run(self) -> Link:
        run = self._run
        match run.phase:
            case ExecutionPhase.FAILED | ExecutionPhase.FAILING | ExecutionPhase.TIMED_OUT:
                assert run.error is not None, "what failed has an error"
                because = (self.node(run.error.node_id),) if run.error.node_id in run.nodes else ()
                because += self._each(self._handled(run.error.node_id))
                last, fix = last_error(run.error), "" if because else fix_of(run.error)
                text = f"The run failed with {last.code}: {short(last.message)}"
                return Link("", "RunFailed", text, facts={"error": run.error.code}, because=because, fix=fix)
            case phase if phase in _ABORTED:
                return self._abort()
            case ExecutionPhase.SUCCEEDED:
                return Link("", "RunSucceeded", f"The run succeeded: {_counted(self._inside.get('', ()))}.")
            case ExecutionPhase.QUEUED | ExecutionPhase.UNDEFINED:
                return Link("", "RunQueued", "The run waits for a platform to take it up.")
            case _:
                open_ = [row.node_id for row in self._inside.get("", ()) if not row.phase.is_terminal]
                return Link("", "RunRuns", "The run is under way.", because=self._each(open_))

    def _handled(self, node_id: str) -> list[str]:
        """The nodes whose failure a failure node was to handle, if that has failed itself; else none."""
        failure, row = self._run.plan.failure, self._run.nodes.get(node_id)
        while row is not None and row.parent_id:
            row = self._run.nodes.get(row.parent_id)
        if failure is None or row is None or row.node_id != self._run.plan.nodes[failure].id:
            return []
        return [
            other.node_id
            for other in self._inside.get("", ())
            if other.phase.has_failed and other.node_id != row.node_id
        ]

    def _abort(self) -> Link:
        run = self._run
        by = run.abort_principal or "nobody known"
        text = f"The run was aborted by {by}: {run.abort_cause or 'no cause given'}."
        return Link("", "RunAborted", text, facts={"principal": run.abort_principal, "cause": run.abort_cause})

    # A node

    def node(self, node_id: str) -> Link:
        if node_id in self._path or len(self._path) >= DEPTH_MAX:
            return Link(node_id, "SeeAbove", f"{node_id}: see above.", is_remark=True)
        self._path.append(node_id)
        row = self._run.nodes.get(node_id)
        link = self._not_begun(node_id) if row is None else self._begun(row)
        self._path.pop()
        return link

    def _begun(self, row: NodeRecord) -> Link:
        match row.phase:
            case NodePhase.SKIPPED:
                return self._by_reason(row, "UpstreamFailed", "Skipped")
            case NodePhase.ABORTED:
                return self._by_reason(row, "NodeAborted", "Stopped")
            case NodePhase.RECOVERED:
                return self._by_reason(row, "Recovered", "Taken over from an earlier run")
            case NodePhase.SUCCEEDED:
                return self._succeeded(row)
            case phase if phase.has_failed:
                return self._failed(row)
            case phase if phase in _RUNNING:
                return self._runs(row)
            case _:
                return self._queued(row)

    def _by_reason(self, row: NodeRecord, code: str, otherwise: str) -> Link:
        """The text of one reason, and under it the node that it names."""
        reason = self._last(row.node_id, code)
        if reason is None:
            return Link(row.node_id, code, f"{self._name(row.node_id)}: {otherwise}.", row.ended_at or 0)
        cause = reason.facts.get("node", "")
        if cause and cause != row.node_id:
            because = (self.node(cause),)
        else:
            because = (self._abort(),) if code == "NodeAborted" and self._run.phase in _ABORTED else ()
        return by_reason(reason, f"{self._name(row.node_id)}: {reason.text}", because)

    def _succeeded(self, row: NodeRecord) -> Link:
        tries = self._retries(row.node_id)
        cached = [remark(reason) for reason in self._of(row.node_id, _OF_CACHE)]
        hit = self._last(row.node_id, "CacheHit") is not None
        again = self._last(row.node_id, "RunsAgain")
        told = f" at attempt {len(tries) + 1}" if tries else ""
        if hit:
            told = " without running: its result was in the cache"
        elif self._last(row.node_id, "Echoed") is not None:
            told = " without running: the platform gave its inputs back"
        text = f"{self._name(row.node_id)} succeeded{told}."
        because = (*([remark(again)] if again else []), *cached, *tries)
        return Link(row.node_id, "NodeSucceeded", text, row.ended_at or 0, because=because)

    def _failed(self, row: NodeRecord) -> Link:
        error = row.error
        assert error is not None, "what failed has an error"
        inner = error.node_id if error.node_id != row.node_id and error.node_id in self._run.nodes else ""
        word = "timed out" if row.phase is NodePhase.TIMED_OUT else "failed"
        if inner:
            text = f"{self._name(row.node_id)} {word}, because {inner} inside it did."
            return Link(row.node_id, "NodeFailed", text, row.ended_at or 0, because=(self.node(inner),))
        text = f"{self._name(row.node_id)} {word} with {said_of(error)}"
        told = (remark(reason) for reason in self._of(row.node_id, ("Rejected",)))
        because, fix = (*self._retries(row.node_id), *told), fix_of(error)
        return Link(row.node_id, "NodeFailed", text, row.ended_at or 0, facts_of(error), because, fix)

    def _runs(self, row: NodeRecord) -> Link:
        inside = [inner.node_id for inner in self._inside.get(row.node_id, ()) if not inner.phase.is_terminal]
        at = row.started_at or 0
        if inside:
            text = f"{self._name(row.node_id)} waits for what runs inside it."
            return Link(row.node_id, "WaitsForInner", text, at, because=self._each(inside))
        waiting = self._waiting(row)
        if waiting is not None:
            return waiting
        if row.child is not None:
            text = f"{self._name(row.node_id)} waits for its execution {row.child}."
            return Link(row.node_id, "WaitsForChild", text, at, {"execution": row.child})
        said = self._of(row.node_id, ("RunsIn", "ExecutorSays"))
        tries = self._retries(row.node_id)
        told = f", attempt {len(tries) + 1}" if tries else ""
        text = f"{self._name(row.node_id)} is running{told}{f': {said[-1].text}' if said else ''}."
        return Link(row.node_id, "NodeRuns", text, at, because=tries)

    def _queued(self, row: NodeRecord) -> Link:
        waiting = self._waiting(row)
        if waiting is not None:
            return waiting
        return Link(row.node_id, "NodeQueued", f"{self._name(row.node_id)} is about to begin.", row.created_at or 0)

    def _waiting(self, row: NodeRecord) -> Link | None:
        """The last word on what a node waits for, unless it began after that."""
        told = [reason for reason in self._reasons.get(row.node_id, ()) if reason.index < 0]
        last = next((reason for reason in reversed(told) if reason.code in (*_WAITS, "RunsIn")), None)
        if last is None or last.code == "RunsIn":
            return None
        cached = [remark(reason) for reason in self._of(row.node_id, ("CacheMiss",))]
        tries = self._retries(row.node_id)
        because = (*cached, *(each for each in tries if each.at != last.at))
        return by_reason(last, f"{self._name(row.node_id)}: {last.text}", because)

    def _not_begun(self, node_id: str) -> Link:
        place = self._place(node_id)
        before = [self._id(place, place.plan.nodes[number]) for number in self._before(place)]
        left = [id for id in before if not self._is_done(id)]
        if self._run.phase.is_terminal:
            text = f"{self._name(node_id)} did not begin before the run ended."
            return Link(node_id, "NotBegun", text, because=(self.run(),))
        if not left:
            waits = self._last(node_id, "WaitsForValue")
            if waits is not None:
                return by_reason(waits, f"{self._name(node_id)}: {waits.text}", ())
            return Link(node_id, "NotBegun", f"{self._name(node_id)} has not begun.")
        names = ", ".join(left[:SHOWN_MAX]) + (f" and {len(left) - SHOWN_MAX} more" if len(left) > SHOWN_MAX else "")
        text = f"{self._name(node_id)} waits for {names}."
        return Link(node_id, "WaitsForUpstream", text, facts={"nodes": ",".join(left)}, because=self._each(left))

    # An item of an array of tasks

    def item(self, node_id: str, index: int) -> Link:
        """The error of one item that failed, else its story as it was told."""
        row = self._run.nodes.get(node_id)
        if row is None or not row.is_array:
            raise NotFound("NodeNotFound", f"`{node_id}` is no array of this run, so it has no item {index}")
        if self._run.items is not None and index >= self._run.items:
            last = f"the last is {self._run.items - 1}" if self._run.items else "it has none"
            raise NotFound("NoSuchItem", f"`{node_id}` has no item {index}: {last}")
        told = [reason for reason in self._reasons.get(node_id, ()) if reason.index == index]
        name, item = f"{node_id}[{index}]", self._run.item
        if item is not None and item.error is not None:
            return _failed_item(name, item, item.error, told)
        if item is not None and item.phase is AttemptPhase.SUCCEEDED:
            return Link(name, "ItemSucceeded", f"{name} succeeded.", item.ended_at or 0, because=story(name, told))
        if not told:
            return Link(name, "NothingTold", f"Nothing has been recorded of {name} beyond its phase.")
        last, before = told[-1], told[:-1]
        return Link(name, last.code, f"{name}: {last.text}", last.at, last.facts, story(name, before))

    # What all of them need

    def _name(self, node_id: str) -> str:
        """A node's id with what it runs, as people know it."""
        row = self._run.nodes.get(node_id)
        node = self._plan_nodes.of(row) if row is not None else self._place(node_id).node
        runs = _what_runs(node)
        return f"{node_id} ({runs})" if runs else node_id

    def _each(self, node_ids: Sequence[str]) -> tuple[Link, ...]:
        links = [self.node(node_id) for node_id in node_ids[:SHOWN_MAX]]
        if len(node_ids) > SHOWN_MAX:
            rest = len(node_ids) - SHOWN_MAX
            links.append(Link("", "AndMore", f"and {rest:,} more", facts={"count": str(rest)}, is_remark=True))
        return tuple(links)

    def _of(self, node_id: str, codes: Iterable[str]) -> list[Reason]:
        return [each for each in self._reasons.get(node_id, ()) if each.code in codes and each.index < 0]

    def _last(self, node_id: str, code: str) -> Reason | None:
        return next(reversed(self._of(node_id, (code,))), None)

    def _retries(self, node_id: str) -> tuple[Link, ...]:
        """The attempts that failed and were tried again, the latest first."""
        return tuple(
            Link(
                node_id,
                "AttemptFailed",
                f"Attempt {reason.attempt + 1} failed with {reason.facts.get('error', '')}: "
                f"{short(reason.facts.get('message', ''))}. {reason.text}",
                reason.at,
                reason.facts,
                is_remark=True,
            )
            for reason in reversed(self._of(node_id, ("Retried",)))
        )

    def _is_done(self, node_id: str) -> bool:
        row = self._run.nodes.get(node_id)
        return row is not None and row.phase in (NodePhase.SUCCEEDED, NodePhase.RECOVERED)

    def _place(self, node_id: str) -> _Place:
        """The place of a node that has not begun, in one of the graphs that run."""
        for plan, parent, attempt in self._graphs():
            for node in plan.nodes:
                place = _Place(plan, node, parent, attempt)
                if self._id(place, node) == node_id:
                    return place
        raise NotFound("NodeNotFound", f"this run has no node `{node_id}`", fix="`alula describe execution` shows them")

    def _graphs(self) -> Iterable[tuple[Plan, str, int]]:
        """Every graph that runs or has run, with the node that it is in and the attempt in the ids of its nodes."""
        yield self._run.plan, "", 0
        for row in self._run.nodes.values():
            graph = self._plan_nodes.graph_in(row)
            if graph is not None:
                yield graph, row.node_id, self._attempt_of(row)

    def _attempt_of(self, row: NodeRecord) -> int:
        """The attempt that is part of the ids of the nodes inside a node."""
        for inner in self._inside.get(row.node_id, ()):
            for attempt in range(_ATTEMPTS_MAX):
                if nested_node_id(row.node_id, attempt, inner.spec_node_id or "") == inner.node_id:
                    return attempt
        return 0

    def _id(self, place: _Place, node: PlanNode) -> str:
        return nested_node_id(place.parent, place.attempt, node.id) if place.parent else node.id

    def _before(self, place: _Place) -> list[int]:
        plan = place.plan
        if id(plan) not in self._upstream:
            upstream: dict[int, list[int]] = {}
            for node in plan.nodes:
                for follower in node.downstream:
                    upstream.setdefault(follower, []).append(node.index)
            self._upstream[id(plan)] = upstream
        return self._upstream[id(plan)].get(place.node.index, [])


def _what_runs(node: PlanNode) -> str:
    if node.array is not None:
        return f"{_what_runs(node.array.item)}[]"
    named = (
        node.task.id if node.task is not None else node.graph.workflow if node.graph is not None else node.launch_plan
    )
    short = named.name.rsplit(".", 1)[-1] if named is not None else ""
    mapped = _MAPPED.fullmatch(short)
    return mapped[1] if mapped else short


def _failed_item(name: str, item: ItemRecord, error: TaskError, told: Sequence[Reason]) -> Link:
    text = f"{name} failed with {said_of(error)}"
    return Link(name, "ItemFailed", text, item.ended_at or 0, facts_of(error), story(name, told), fix_of(error))


def _counted(rows: Iterable[NodeRecord]) -> str:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.phase.name.lower()] = counts.get(row.phase.name.lower(), 0) + 1
    return ", ".join(f"{count} {'step' if count == 1 else 'steps'} {word}" for word, count in sorted(counts.items()))
