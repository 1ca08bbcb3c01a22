"""What is recorded, by name: a workflow, the people's answers, and what happens to platform and run meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

CRASH_POINTS = Path(__file__).parents[1] / "crash_points/flows/everything.py"
MORE = Path(__file__).with_name("flows") / "more.py"


@dataclass(frozen=True)
class Scenario:
    file: Path
    workflow: str
    inputs: dict[str, int] = field(default_factory=dict)
    answers: dict[str, bool | int] = field(default_factory=dict)
    """By signal."""
    max_parallelism: int = 0
    kill_at: tuple[int, ...] = ()
    """The platform is killed when the log has so many events."""
    lose_at: int = 0
    """The process that attempts are forked from is killed then."""
    abort_at: int = 0


ANSWERS: dict[str, bool | int] = {"go": True, "more": 5}

SCENARIOS = {
    "everything": Scenario(CRASH_POINTS, "everything", {"run": 1}, ANSWERS),
    "everything-killed": Scenario(CRASH_POINTS, "everything", {"run": 1}, ANSWERS, kill_at=(6, 16, 26)),
    "everything-aborted": Scenario(CRASH_POINTS, "everything", {"run": 1}, abort_at=20),
    "guarded": Scenario(CRASH_POINTS, "guarded", {"run": 1}),
    "lost": Scenario(MORE, "waiting", lose_at=3),
    "interrupted": Scenario(MORE, "waiting", kill_at=(3,)),
    # Since executors report how it is with an attempt in one kind of event.
    "reported": Scenario(MORE, "waiting", kill_at=(3,)),
    "late": Scenario(MORE, "late"),
    "overdue": Scenario(MORE, "overdue"),
    "exhausted": Scenario(MORE, "exhausted", max_parallelism=1),
    "unanswered": Scenario(MORE, "unanswered"),
    "rejected": Scenario(MORE, "rejected", answers={"no": False}),
    "grown": Scenario(MORE, "grown", kill_at=(12,)),
    "impossible": Scenario(MORE, "impossible"),
}
