"""`alula compare`: the differences of two runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click

from alula.cli.options import Target, output_option, target_options
from alula.cli.output import format_duration, print_document, print_facts, print_table
from alula.core.engine.records import CacheStatus, ExecutionPhase, NodePhase
from alula.core.errors import InvalidInput
from alula.sdk.client.own import ask

_SLOWER = 1.5
"""A step is shown if it took so many times as long in one run as in the other."""
_SLOWER_MS = 100
"""And so much longer."""


@click.command("compare")
@click.argument("a")
@click.argument("b")
@click.option("--all", "whole", is_flag=True, help="Also what is the same in both.")
@output_option
@target_options
def compare(target: Target, a: str, b: str, whole: bool, form: str) -> None:
    """Show how the runs A and B of one domain differ: values, settings, and steps by phase, cache and time."""
    first, second = target.execution(a), target.execution(b)
    if first.place != second.place:
        raise InvalidInput(
            "InvalidParameter",
            f"{first} and {second} are in different domains",
            fix="name two runs of one project and domain",
        )
    with target.connect() as connection:
        found: dict[str, Any] = ask(connection, "compare", *first.place, a=first.name, b=second.name)
    if form != "table":
        print_document(found, form)
        return
    print_facts([("A", _run(found["a"])), ("B", _run(found["b"]))])
    for title in ("inputs", "settings", "outputs"):
        shown = [pair for pair in found[title] if whole or not pair["same"]]
        _print(title, ("name", "a", "b"), [(pair["name"], _value(pair["a"]), _value(pair["b"])) for pair in shown])
    _print("steps", ("step", "a", "b"), [step[1:] for step in _steps(found["nodes"]) if whole or step[0]])
    if found["partial"]:
        click.echo("\nSteps inside of others are left out: there are too many.")


# `Any`: JSON, here and below.
def _run(run: dict[str, Any]) -> str:
    took = "" if run["ended_at"] is None else format_duration((run["ended_at"] - run["created_at"]) / 1_000_000)
    workflow = run["workflow"]
    words = (run["name"], ExecutionPhase(run["phase"]).name, took, f"{workflow['name']}@{workflow['version']}")
    return "  ".join(filter(None, words))


def _value(text: str | None) -> str:
    return "(none)" if text is None else text


def _steps(nodes: dict[str, Any]) -> Iterator[tuple[bool, str, str, str]]:
    """Each step: True if it differs, its id, and how it was in either run."""
    columns = zip(*(nodes[f"{run}_{name}"] for name in ("phase", "ms", "cache") for run in ("a", "b")), strict=True)
    for id, (a_phase, b_phase, a_ms, b_ms, a_cache, b_cache) in zip(nodes["id"], columns, strict=True):
        short, long = sorted((a_ms, b_ms))
        differs = (a_phase, a_cache) != (b_phase, b_cache)
        differs = differs or (short >= 0 and long >= short * _SLOWER and long - short >= _SLOWER_MS)
        yield differs, id, _step(a_phase, a_ms, a_cache), _step(b_phase, b_ms, b_cache)


def _step(phase: int, ms: int, cache: int) -> str:
    if not phase:
        return "(none)"
    took = "" if ms < 0 else format_duration(ms / 1000)
    hit = "from the cache" if cache == CacheStatus.HIT else ""
    return "  ".join(filter(None, (NodePhase(phase).name, took, hit)))


def _print(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        return
    click.echo(f"\n{click.style(title.capitalize(), bold=True)}")
    print_table(columns, rows)
