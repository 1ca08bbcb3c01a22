"""What the engine hears of an update."""

from __future__ import annotations

from alula.core.engine.events import AttemptProgressed
from alula.core.ids import AttemptId, ExecutionId
from alula.server.executor import AttemptUpdate
from alula.server.runner.updates import event_of, progress_of

ID = AttemptId(ExecutionId("p", "d", "e"), "n0", 2)


def test_trouble_is_told_without_a_phase_where_none_is_known() -> None:
    update = AttemptUpdate(ID, 5, "", reason="it does not answer", handle=b"job")
    assert progress_of(update, (0, 1)) == AttemptProgressed(5, 0, 1, 2, "", "it does not answer", handle=b"job")
    assert event_of(update, (0, 1)) is None


def test_what_says_nothing_is_no_news() -> None:
    for update in (AttemptUpdate(ID, 5, ""), AttemptUpdate(ID, 5, "QUEUED"), AttemptUpdate(ID, 5, "SUCCEEDED")):
        assert progress_of(update, (0, 1)) is None
