"""A run as a tree: from its view to lines, and from lines to something to print.

Pure functions of a `RunView` and the time; nothing here reads a clock or writes to a terminal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
from flyteidl.core import execution_pb2
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from alula.cli.output import format_duration, to_seconds
from alula.core.engine.records import AttemptPhase, CacheStatus, ExecutionPhase, NodePhase
from alula.sdk.client.run_view import NodeView, RunView

_SYMBOLS: dict[NodePhase, tuple[str, str]] = {
    NodePhase.UNDEFINED: ("·", "bright_black"),
    NodePhase.QUEUED: ("○", "yellow"),
    NodePhase.RUNNING: ("●", "blue"),
    NodePhase.DYNAMIC_RUNNING: ("●", "blue"),
    NodePhase.SUCCEEDED: ("✓", "green"),
    NodePhase.RECOVERED: ("✓", "green"),
    NodePhase.FAILING: ("✗", "red"),
    NodePhase.FAILED: ("✗", "red"),
    NodePhase.TIMED_OUT: ("✗", "red"),
    NodePhase.ABORTED: ("■", "magenta"),
    NodePhase.SKIPPED: ("⤼", "bright_black"),
}
_RUN_COLOURS = {
    ExecutionPhase.SUCCEEDED: "green",
    ExecutionPhase.SUCCEEDING: "green",
    ExecutionPhase.FAILED: "red",
    ExecutionPhase.FAILING: "red",
    ExecutionPhase.TIMED_OUT: "red",
    ExecutionPhase.ABORTED: "magenta",
    ExecutionPhase.ABORTING: "magenta",
}
_RUNNING = (NodePhase.RUNNING, NodePhase.DYNAMIC_RUNNING)
_CACHE_NOTES = {CacheStatus.HIT: "cached", CacheStatus.PUT_FAILURE: "not cached: the catalog failed"}
_BAR_CHARS = 16


class Items(msgspec.Struct, frozen=True):
    """Progress of an array."""

    total: int
    succeeded: int
    failed: int
    running: int


class Line(msgspec.Struct, frozen=True):
    """One node, as a line of the tree."""

    guide: str
    """The branches in front of the name."""
    node_id: str
    name: str
    phase: NodePhase
    duration_s: float | None
    """None before it began."""
    notes: tuple[str, ...] = ()
    items: Items | None = None


def lines(run: RunView, now: float) -> list[Line]:
    """The tree, parents first. `now` is in seconds since the epoch and ends what still runs."""
    found: list[Line] = []
    _add_lines(run.nodes, "", now, found)
    return found


def fit(tree: Sequence[Line], height: int) -> tuple[list[Line], str]:
    """At most `height` of the lines, those that matter most now, and a note on the others."""
    if len(tree) <= height:
        return list(tree), ""
    order = dict.fromkeys((NodePhase.FAILED, NodePhase.TIMED_OUT, NodePhase.FAILING), 0)
    order |= dict.fromkeys(_RUNNING, 1)
    order |= {NodePhase.QUEUED: 2, NodePhase.ABORTED: 3, NodePhase.SUCCEEDED: 4, NodePhase.RECOVERED: 4}
    ranked = sorted(range(len(tree)), key=lambda place: (order.get(tree[place].phase, 5), -place))
    kept = set(ranked[: max(height - 1, 0)])
    left_out = Counter(tree[place].phase for place in range(len(tree)) if place not in kept)
    said = ", ".join(f"{count:,} {_word(phase)}" for phase, count in left_out.most_common())
    return [tree[place] for place in sorted(kept)], f"… and {said}"


def renderable(run: RunView, now: float, *, height: int) -> RenderableType:
    """The run with its tree, for rich to print or to keep up to date."""
    shown, left_out = fit(lines(run, now), height - 2)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, style="bright_black")
    grid.add_column(no_wrap=True, justify="right")
    grid.add_column(no_wrap=True, overflow="ellipsis")
    for line in shown:
        grid.add_row(_label(line), line.node_id, _duration(line), _details(line))
    parts: list[RenderableType] = [_headline(run, now), grid]
    if left_out:
        parts.append(Text(left_out, style="bright_black"))
    return Group(*parts)


def plain(line: Line) -> str:
    """The node in one line of text without colours."""
    notes = [*line.notes, *([_items_text(line.items)] if line.items else [])]
    facts = [line.node_id, line.name, line.phase.name]
    if line.duration_s is not None and line.phase.is_terminal:
        facts.append(format_duration(line.duration_s))
    return " ".join(facts) + (f" ({', '.join(notes)})" if notes else "")


def plain_tree(run: RunView, now: float, *, height: int) -> list[str]:
    """The tree as text, for where there is no terminal."""
    tree, left_out = fit(lines(run, now), height)
    width = max((len(line.guide + line.name) + 2 for line in tree), default=0)
    rows: list[str] = []
    for line in tree:
        label = f"{line.guide}{_SYMBOLS[line.phase][0]} {line.name}".ljust(width)
        duration = format_duration(line.duration_s) if line.duration_s is not None else ""
        notes = [*line.notes, *([_items_text(line.items)] if line.items else [])]
        word = "waiting" if line.phase is NodePhase.UNDEFINED else line.phase.name
        rows.append(f"{label}  {line.node_id}  {word}  {duration}  {', '.join(notes)}".rstrip())
    return [*rows, left_out] if left_out else rows


def items_of(node: NodeView) -> Items | None:
    """The progress of an array of tasks, from its newest attempt; None for other nodes."""
    if not node.is_array or not node.attempts:
        return None
    closure = node.attempts[-1].closure
    newest = {item.index: AttemptPhase(item.phase).name for item in closure.metadata.external_resources}
    total, phases = len(newest), Counter(newest.values())
    if "array" in closure.custom_info.fields:  # the resources are only the first ones, and of those that have begun
        told = closure.custom_info.fields["array"].struct_value.fields
        total = int(told["size"].number_value)
        counts = told["phases"].struct_value.fields
        phases = Counter({name: int(count.number_value) for name, count in counts.items()})
    return Items(
        total=total,
        succeeded=phases["SUCCEEDED"],
        failed=phases["FAILED"] + phases["RETRYABLE_FAILED"],
        running=phases["RUNNING"],
    )


def _add_lines(nodes: Sequence[NodeView], indent: str, now: float, found: list[Line]) -> None:
    for place, node in enumerate(nodes):
        last = place == len(nodes) - 1
        found.append(_line(node, f"{indent}{'└─' if last else '├─'} ", now))
        _add_lines(node.children, f"{indent}{'   ' if last else '│  '}", now, found)


def _line(node: NodeView, guide: str, now: float) -> Line:
    return Line(
        guide=guide,
        node_id=node.node_id,
        name=f"{node.name}[]" if node.is_array else node.name,
        phase=node.phase,
        duration_s=duration_of(node, now),
        notes=_notes(node),
        items=items_of(node),
    )


def duration_of(node: NodeView, now: float) -> float | None:
    """Seconds that the node ran, until `now` when it still does; None before it began."""
    if node.execution is None:
        return None
    closure = node.execution.closure
    if closure.HasField("duration"):
        return to_seconds(closure.duration)
    if not closure.HasField("started_at") or node.phase.is_terminal:
        return None
    return max(0.0, now - to_seconds(closure.started_at))


def _notes(node: NodeView) -> tuple[str, ...]:
    notes: list[str] = []
    if node.execution is None:
        return ()
    closure = node.execution.closure
    status = CacheStatus(closure.task_node_metadata.cache_status)
    if status in _CACHE_NOTES:
        notes.append(_CACHE_NOTES[status])
    if len(node.attempts) > 1:
        notes.append(f"attempt {node.attempts[-1].id.retry_attempt + 1}")
    if closure.error.code:
        notes.append(closure.error.code)
    return tuple(notes)


def _headline(run: RunView, now: float) -> RenderableType:
    closure = run.execution.closure
    colour = _RUN_COLOURS.get(run.phase, "blue")
    text = Text.assemble(
        (run.execution.spec.launch_plan.name, "bold"),
        "  ",
        (run.id.name, "cyan"),
        "  ",
        (execution_pb2.WorkflowExecution.Phase.Name(run.phase), f"bold {colour}"),
        "  ",
        (format_duration(run_duration(run, now)), "bright_black"),
    )
    if not run.phase.is_terminal or not closure.error.code:
        return text
    return Text.assemble(text, "  ", (closure.error.code, "red"))


def run_duration(run: RunView, now: float) -> float:
    """Seconds since the run was made, or that it took."""
    closure = run.execution.closure
    if run.phase.is_terminal and closure.HasField("duration"):
        return to_seconds(closure.duration)
    return max(0.0, now - to_seconds(closure.created_at))


def _label(line: Line) -> RenderableType:
    symbol, colour = _SYMBOLS[line.phase]
    name_style = "" if line.phase is not NodePhase.UNDEFINED else "bright_black"
    return Text.assemble((line.guide, "bright_black"), (symbol, colour), " ", (line.name, name_style))


def _duration(line: Line) -> Text:
    return Text("" if line.duration_s is None else format_duration(line.duration_s), style="bright_black")


def _details(line: Line) -> RenderableType:
    notes = Text("  ".join(line.notes), style="red" if line.phase is NodePhase.FAILED else "yellow")
    if line.items is None:
        return notes
    progress = Table.grid(padding=(0, 1, 0, 0))
    bar = ProgressBar(
        total=max(line.items.total, 1),
        completed=line.items.succeeded,
        width=_BAR_CHARS,
        complete_style="blue",
        finished_style="green",
    )
    progress.add_row(bar, Text(_items_text(line.items)), notes)
    return progress


def _items_text(items: Items) -> str:
    failed = f", {items.failed} failed" if items.failed else ""
    return f"{items.succeeded}/{items.total}{failed}"


def _word(phase: NodePhase) -> str:
    return "waiting" if phase is NodePhase.UNDEFINED else phase.name.lower()
