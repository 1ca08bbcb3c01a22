"""`alula logs --grep` on a platform: of runs that go on and that have ended, of tries and of items."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.platform import Platforms, RunningPlatform, alula

FLOW = """
from pathlib import Path
import time
from alula import RecoverableError, current_context, map_task, task, workflow

@task(retries=1)
def talk(folder: str) -> None:
    attempt = current_context().attempt
    print("first\\n\\x1b[31mNeedle\\x1b[0m of try", attempt, flush=True)
    if attempt == 0:
        raise RecoverableError("again")
    while not Path(folder, "go").exists():
        time.sleep(0.01)
    print("a last needle")

@task
def half(x: int) -> int:
    print(f"needle {x}")
    return x

@workflow
def noisy(folder: str) -> None:
    talk(folder=folder)
    map_task(half)(x=[1, 2])
"""
FIRST = "n0 attempt 0, line 2: Needle of try 0"
SECOND = "n0 attempt 1, line 2: Needle of try 1"
ITEMS = ["n1[0] attempt 0, line 1: needle 1", "n1[1] attempt 0, line 1: needle 2"]


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningPlatform, Path]]:
    """A run that waits for the file `go` in a folder."""
    folder = tmp_path_factory.mktemp("noisy")
    (folder / "flow.py").write_text(FLOW)
    platforms = Platforms(folder)
    platform = platforms.start()
    file = str(folder / "flow.py")
    launched = alula(
        "run", "--remote", "--endpoint", platform.grpc, "--name", "noisy", file, "noisy", "--folder", str(folder)
    )
    assert launched.returncode == 0, launched.stderr
    yield platform, folder
    platforms.close()


def test_lines_are_found_while_a_run_goes_on_and_when_it_has_ended(noisy: tuple[RunningPlatform, Path]) -> None:
    platform, folder = noisy
    to = ("--endpoint", platform.grpc)
    while SECOND not in alula("logs", "noisy", "--grep", "Needle", *to).stdout:
        pass
    assert alula("logs", "noisy", "talk", "--grep", "Needle of", *to).stdout.splitlines() == [FIRST, SECOND]
    none = alula("logs", "noisy", "--grep", "a last", *to)
    assert (none.returncode, none.stdout) == (1, "")
    assert "No line of noisy has `a last`" in none.stderr

    (folder / "go").touch()
    alula("watch", "noisy", *to)
    third = "n0 attempt 1, line 3: a last needle"
    found = alula("logs", "noisy", "--grep", "NEEDLE", "-i", *to)
    assert (found.returncode, found.stdout.splitlines()) == (0, [FIRST, SECOND, third, *ITEMS])
    assert alula("logs", "noisy", "--grep", "needle", *to).stdout.splitlines() == [third, *ITEMS]
    for words, wanted in (
        (("talk", "--attempt", "1", "-i"), [SECOND, third]),
        (("half",), ITEMS),
        (("half", "--index", "1"), ITEMS[1:]),
        (("--index", "0"), ITEMS[:1]),
    ):
        assert alula("logs", "noisy", *words, "--grep", "needle", *to).stdout.splitlines() == wanted, words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("noisy", "--grep", ""), "error[InvalidParameter]: --grep has no text"),
        (("noisy", "--grep", "a\nb"), "error[InvalidParameter]: --grep looks at one line"),
        (("noisy", "--grep", "x" * 1_001), "error[InvalidParameter]: `q` must be"),
        (("noisy", "--grep", "x", "-f"), "error[InvalidParameter]: --grep looks at what is written so far"),
        (("noisy", "nosuch", "--grep", "x"), "error[NodeNotFound]: noisy has no node `nosuch`"),
        (("nosuch", "--grep", "x"), "error[ExecutionNotFound]"),
        (("noisy", "-i"), "error[InvalidParameter]: --ignore-case goes with --grep"),
    ],
)
def test_what_can_not_be_looked_for(noisy: tuple[RunningPlatform, Path], words: tuple[str, ...], said: str) -> None:
    answer = alula("logs", *words, "--endpoint", noisy[0].grpc)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert said in answer.stderr
