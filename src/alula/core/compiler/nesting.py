"""Sub-workflows inside sub-workflows: never in a circle, never too deep."""

from __future__ import annotations

from collections.abc import Mapping

from alula.core.compiler.errors import Code, CompileError
from alula.core.ids import EntityId

MAX_DEPTH = 64


def check_nesting(root: EntityId, uses: Mapping[EntityId, Mapping[EntityId, str]]) -> list[CompileError]:
    """The mistakes in the nesting of workflows.

    Args:
        root: the primary workflow.
        uses: for each workflow those that it contains, each with the path of a node that does.
    """
    errors: list[CompileError] = []
    depth: dict[EntityId, int] = {}
    trail: list[EntityId] = []
    on_trail: set[EntityId] = set()
    stack: list[tuple[EntityId, bool]] = [(root, False)]
    while stack:
        id, left = stack.pop()
        contained = uses.get(id, {})
        if left:
            trail.pop()
            on_trail.discard(id)
            depth[id] = 1 + max((depth.get(inner, 0) for inner in contained), default=0)
            continue
        if id in depth or id in on_trail:
            continue
        trail.append(id)
        on_trail.add(id)
        stack.append((id, True))
        for inner, path in contained.items():
            if inner in on_trail:
                circle = " > ".join(f"`{one.name}`" for one in [*trail[trail.index(inner) :], inner])
                errors.append(
                    CompileError(
                        Code.WORKFLOW_BUILD_ERROR,
                        path,
                        f"the workflow contains itself: {circle}; call a launch plan of it instead",
                    )
                )
            elif inner not in depth:
                stack.append((inner, False))
    if depth[root] > MAX_DEPTH:
        errors.append(
            CompileError(
                Code.WORKFLOW_BUILD_ERROR,
                "",
                f"sub-workflows are nested {depth[root]} deep, the limit is {MAX_DEPTH}; call launch plans instead",
            )
        )
    return errors
