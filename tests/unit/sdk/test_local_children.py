"""Runs that a local run starts have folders and names of their own, whatever the ids of their nodes are."""

from __future__ import annotations

from pathlib import Path

import pytest
from flyteidl.core.literals_pb2 import LiteralMap

from alula import Deck, LaunchPlan, current_context, map_task, task, workflow
from alula.sdk.local.run import run_entity
from alula.sdk.store import FileStore
from alula.sdk.types.engine import to_python


@task(enable_deck=True)
def mark(text: str) -> str:
    Deck("Mark").text(text)
    return current_context().execution_id.name


@workflow
def inner(text: str) -> str:
    return mark(text=text)


plan = LaunchPlan.create("inner_plan", inner)


@workflow
def deep(text: str) -> str:
    mark(text=f"above {1}")
    return plan(text=text)


deep_plan = LaunchPlan.create("deep_plan", deep)


@workflow
def outer() -> tuple[str, str, list[str]]:
    return mark(text="outer"), deep_plan(text="deep"), map_task(plan)(text=["first", "second"])


@pytest.mark.parametrize("jobs", [0, 2])
def test_each_run_has_its_own_files(jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALULA_DATA", str(tmp_path / "data"))
    outcome = run_entity(outer, LiteralMap(), jobs=jobs)
    assert outcome.outputs is not None, outcome.error
    pages = [path.read_text() for path in outcome.folder.rglob("deck.html")]
    for text in ("outer", "deep", "first", "second", "above 1"):
        assert sum(f"&lt;pre&gt;{text}&lt;/pre&gt;" in page for page in pages) == 1
    assert len(pages) == 5
    store, found = FileStore(str(outcome.folder), str(outcome.folder)), outcome.outputs.literals
    own, deepest = (to_python(found[name], str, store) for name in ("o0", "o1"))
    assert own == outcome.folder.name
    assert len({own, deepest, *to_python(found["o2"], list[str], store)}) == 4
