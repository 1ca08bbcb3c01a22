"""`create_node`: a call whose outcome is the step itself, to be ordered and picked apart by names of outputs."""

from __future__ import annotations

from typing import Any, cast

from alula.sdk.authoring.graph import open_graph
from alula.sdk.authoring.promise import Node, node_of
from alula.sdk.mistake import caller, mistake


def create_node(entity: Any, **inputs: object) -> Node:  # Any: whatever can be called in a workflow
    """A step that runs a task, workflow or launch plan, in the body of a workflow.

    ```python
    first, second = create_node(prepare), create_node(train, depth=3)
    first >> second
    score = second.o0
    ```

    Raises `InvalidInput` outside the body of a workflow, and for what is no entity.
    """
    if open_graph() is None:
        raise mistake(
            "OutsideWorkflow",
            "`create_node` makes a step of a workflow, and no workflow is being declared",
            at=caller(),
            fix="call the task itself, or call `create_node` in the body of a `@workflow`",
        )
    node = node_of(cast("object", entity(**inputs)))
    if node is None:
        raise mistake("UnsupportedStep", f"`create_node` got {entity!r}, which makes no step", at=caller())
    return node
