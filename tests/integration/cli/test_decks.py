"""A deck that was published is named by `describe`, however the attempt ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.integration.platform import RunningPlatform, alula

FLOW = """
import os
import time
from datetime import timedelta

from alula import Deck, task, workflow


@task(enable_deck=True, timeout=timedelta(seconds=1))
def show(how: str) -> int:
    Deck("Progress").text("half")
    Deck.publish()
    if how == "exit":
        os._exit(3)
    time.sleep(60)
    return 1


@workflow
def flow(how: str) -> int:
    return show(how=how)
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
