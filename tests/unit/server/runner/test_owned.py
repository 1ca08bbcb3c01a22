"""What several steps of one commit come to."""

from alula.core.engine.records import Changes, ExecutionChange, ExecutionPhase
from alula.core.errors import TaskError
from alula.server.runner.owned import join


def test_a_later_change_of_the_execution_keeps_what_it_does_not_mention() -> None:
    error = TaskError("Boom", "it broke")
    joined = Changes(execution=ExecutionChange(ExecutionPhase.RUNNING, 1, started_at=1))
    join(joined, Changes(execution=ExecutionChange(ExecutionPhase.FAILING, 2, error=error)))
    join(joined, Changes(execution=ExecutionChange(ExecutionPhase.ABORTED, 3, ended_at=3, abort_cause="enough")))
    assert joined.execution == ExecutionChange(
        ExecutionPhase.ABORTED, 3, started_at=1, ended_at=3, error=error, abort_cause="enough"
    )
