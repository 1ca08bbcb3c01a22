"""One machine per kind of node. A new kind is a new module here and an entry below."""

from __future__ import annotations

from collections.abc import Mapping

from alula.core.engine.machines.array import ARRAY
from alula.core.engine.machines.branch import BRANCH
from alula.core.engine.machines.gate import GateMachine
from alula.core.engine.machines.launch_plan import LaunchPlanMachine
from alula.core.engine.machines.subworkflow import SUB_WORKFLOW
from alula.core.engine.machines.task import TaskMachine
from alula.core.engine.plan import NodeKind
from alula.core.engine.state import Machine

MACHINES: Mapping[NodeKind, Machine] = {
    "task": TaskMachine(),
    "subworkflow": SUB_WORKFLOW,
    "array": ARRAY,
    "branch": BRANCH,
    "gate": GateMachine(),
    "launch_plan": LaunchPlanMachine(),
}
