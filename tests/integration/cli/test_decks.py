"""A deck that was published is named by `describe`, however the attempt ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.integration.platform import RunningPlatform, alula

FLOW = """
import os
import time
from datetime import timedelta

from alula import Deck, map_task, task, workflow


@task(enable_deck=True, timeout=timedelta(seconds=1))
def show(how: str) -> int:
    Deck("Progress").text("half")
    Deck.publish()
    if how == "exit":
        os._exit(3)
    time.sleep(60 if how == "timeout" else 0)
    return 1


@workflow
def flow(how: str) -> int:
    return show(how=how)


@workflow
def flows(hows: list[str]) -> list[int]:
    return map_task(show, run_all_sub_nodes=True)(how=hows)
"""


@pytest.mark.parametrize(("how", "code"), [("exit", "ExitCode"), ("timeout", "TimeoutExpired")])
def test_a_published_deck_is_named_after_a_sudden_end(
    platform: RunningPlatform, tmp_path: Path, how: str, code: str
) -> None:
    (tmp_path / "decks.py").write_text(FLOW)
    to = ("--endpoint", platform.grpc)
    ran = alula("run", "--remote", "--wait", "--name", how, str(tmp_path / "decks.py"), "flow", "--how", how, *to)
    assert code in ran.stderr
    told = alula("describe", "execution", how, *to).stdout
    (deck,) = [line.split("deck: ")[1] for line in told.splitlines() if "deck: " in line]
    assert "half" in Path(deck).read_text()


def test_each_item_of_a_map_task_names_its_own_however_it_ended(platform: RunningPlatform, tmp_path: Path) -> None:
    (tmp_path / "decks.py").write_text(FLOW)
    to = ("--endpoint", platform.grpc)
    hows = '["exit", "timeout", "well"]'
    ran = alula(
        "run", "--remote", "--wait", "--name", "items", str(tmp_path / "decks.py"), "flows", "--hows", hows, *to
    )
    assert ran.returncode == 1, ran.stderr
    told = alula("describe", "execution", "items", *to).stdout
    decks = dict(line.strip().split(" deck: ") for line in told.splitlines() if " deck: " in line)
    assert decks.keys() == {"[0]", "[1]", "[2]"}, told
    assert len({Path(deck) for deck in decks.values() if "half" in Path(deck).read_text()}) == 3
