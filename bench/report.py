"""The figures of a run, and the report that is made of them: limits, table, ratios, notes. Measures nothing."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bench.subjects import Figures, Subject

CHAIN = 40
FAN = 1000
BESIDE_FORKS_S = 0.001
"""What a chained node may take beside two bare forks."""

NOTES = """\
Alula server: every task runs in a process of its own, and every change is durable (fdatasync) before what follows.
  Time is taken by a client of its API: from CreateExecution until the run's record says SUCCEEDED.
Alula local and both peers run tasks inside one process. Prefect answers the client before its server has recorded
  the tasks; "recorded" says when it has. Dagster has a durable instance on SQLite; its webserver is not needed to run.
Hello: `alula run` (local), a script with a flow (Prefect, its server is running), `dagster job execute`.
Memory: PSS of the idle server's process tree."""


class Row(NamedTuple):
    """One line of the table: a figure's name and how it is shown."""

    title: str
    figure: str
    scale: float = 1
    decimals: int = 2


ROWS = (
    Row("authoring names imported, s", "import_s", decimals=3),
    Row("hello world by command, s", "hello_s", decimals=3),
    Row("chain of 40, s", "chain_s", decimals=3),
    Row("  per node, ms", "chain_s", scale=1000 / CHAIN),
    Row("fan-out of 1,000, mapped, s", "fan_s"),
    Row("  recorded by the server, s", "fan_recorded_s"),
    Row("fan-out of 1,000, own nodes, s", "nodes_s"),
    Row("1,000 nodes compiled, ms", "compile_1000_s", scale=1000, decimals=1),
    Row("20,000 nodes compiled, ms", "compile_20000_s", scale=1000, decimals=0),
    Row("runs of one task by API, /s", "executions_per_s", decimals=0),
    Row("server ready, s", "ready_s"),
    Row("server idle, MB", "idle_mb", decimals=0),
)
MACHINE = (
    Row("bare forks on all cores, /s", "forks_per_s", decimals=0),
    Row("forks that run a task, /s", "task_forks_per_s", decimals=0),
    Row("one bare fork, ms", "fork_s", scale=1000),
    Row("python -c pass, ms", "python_s", scale=1000, decimals=1),
    Row("fdatasync, ms", "sync_s", scale=1000),
)


class Report:
    """Figures by subject and name, one for each repetition."""

    def __init__(self, about: str) -> None:
        self.about = about
        self.figures: dict[str, dict[str, list[float]]] = {}
        self.failures: dict[str, str] = {}
        self._notes: dict[str, str] = {}

    def add(self, subject: str, figures: Figures) -> None:
        of_subject = self.figures.setdefault(subject, {})
        for name, value in figures.items():
            of_subject.setdefault(name, []).append(value)

    def fail(self, subject: str, why: str) -> None:
        """Nothing more is asked of it in this run."""
        self.failures[subject] = why

    def note(self, subject: str, text: str) -> None:
        """Something to say of a subject below the table; the first counts."""
        self._notes.setdefault(subject, text)

    def has_failed(self, subject: str) -> bool:
        return subject in self.failures

    def text(self, subjects: Sequence[Subject]) -> str:
        parts = [self.about, self._machine(), self._table(subjects), self._ratios(), NOTES]
        parts += self._notes.values()
        parts += [f"{name} failed: {why}" for name, why in self.failures.items()]
        return "\n\n".join(part for part in parts if part)

    def _machine(self) -> str:
        return aligned([(row.title, self._cell("machine", row)) for row in MACHINE])

    def _table(self, subjects: Sequence[Subject]) -> str:
        lines = [("", *(each.title for each in subjects))]
        for row in ROWS:
            cells = [self._cell(each.name, row) for each in subjects]
            if any(cells):
                lines.append((row.title, *(cell or "-" for cell in cells)))
        return aligned(lines)

    def _cell(self, subject: str, row: Row) -> str:
        values = self.figures.get(subject, {}).get(row.figure)
        if not values:
            return "failed" if subject in self.failures else ""
        return spread([row.scale * value for value in values], row.decimals)

    def _median(self, subject: str, figure: str) -> float | None:
        values = self.figures.get(subject, {}).get(figure)
        return statistics.median(values) if values else None

    def _ratios(self) -> str:
        return aligned([line for line in (*self._to_limits(), *self._to_peers()) if line])

    def _to_limits(self) -> Iterable[tuple[str, ...]]:
        forks, fork = self._median("machine", "forks_per_s"), self._median("machine", "fork_s")
        python, task_forks = self._median("machine", "python_s"), self._median("machine", "task_forks_per_s")
        assert forks and task_forks and fork and python, "the machine is always measured"
        if (fan := self._median("server", "fan_s")) is not None:
            yield "isolated tasks/s to bare forks/s", *at_least(FAN / fan / forks, 0.5)
            yield "isolated tasks/s to forks that run a task, /s", f"{FAN / fan / task_forks:.2f}", ""
        if (chain := self._median("server", "chain_s")) is not None:
            aim = (2 * fork + BESIDE_FORKS_S) / fork
            yield "chained isolated node, in bare forks", *at_most(chain / CHAIN / fork, aim, "two and 1 ms: ")
        if (ready := self._median("server", "ready_s")) is not None:
            yield "server ready, s", *at_most(ready, 0.8)
        if (idle := self._median("server", "idle_mb")) is not None:
            yield "server idle, MB", *at_most(idle, 120)
        small, large = self._median("local", "compile_1000_s"), self._median("local", "compile_20000_s")
        if small is not None and large is not None:
            yield "1,000 nodes compiled, ms", *at_most(small * 1000, 50)
            yield "20,000 nodes compiled, in 1,000 nodes", *at_most(large / small, 25, "20 and colder caches: ")
        if (hello := self._median("local", "hello_s")) is not None:
            yield "hello world, in `python -c pass`", *at_most(hello / python, 20)
        if (facade := self._median("local", "facade_s")) is not None:
            yield "`import alula`, in `python -c pass`", *at_most(facade / python, 6)

    def _to_peers(self) -> Iterable[tuple[str, ...]]:
        compared = (
            ("chain of 40", ("local", "server"), "chain_s", {"prefect": "chain_s", "dagster": "chain_s"}),
            ("1,000 mapped", ("local", "server"), "fan_s", {"prefect": "fan_recorded_s"}),
            ("1,000 nodes", ("local", "server"), "nodes_s", {"dagster": "nodes_s"}),
            ("hello world", ("local",), "hello_s", {"prefect": "hello_s", "dagster": "hello_s"}),
            ("import", ("local",), "import_s", {"prefect": "import_s", "dagster": "import_s"}),
            ("server ready", ("server",), "ready_s", {"prefect": "ready_s", "dagster": "ready_s"}),
            ("server memory", ("server",), "idle_mb", {"prefect": "idle_mb", "dagster": "idle_mb"}),
        )
        for title, own, figure, peers in compared:
            for subject in own:
                ours = self._median(subject, figure)
                for peer, its_figure in peers.items():
                    theirs = self._median(peer, its_figure)
                    if ours and theirs:
                        yield f"{title}: {peer} to Alula {subject}", f"{theirs / ours:.1f} times", ""


def at_least(value: float, aim: float) -> tuple[str, str]:
    return f"{value:.2f}", f"aim: at least {aim:g}, {'met' if value >= aim else 'missed'}"


def at_most(value: float, aim: float, why: str = "") -> tuple[str, str]:
    return f"{value:.2f}", f"aim: at most {why}{aim:.3g}, {'met' if value <= aim else 'missed'}"


def spread(values: Sequence[float], decimals: int) -> str:
    """`median (least to most)`"""
    middle, least, most = (f"{f(values):,.{decimals}f}" for f in (statistics.median, min, max))
    return f"{middle} ({least} to {most})"


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Columns of equal width, the first to the left."""
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))] if lines else []
    return "\n".join(
        "  ".join(
            cell.ljust(width) if (place in (0, 2) and len(widths) == 3) or place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
