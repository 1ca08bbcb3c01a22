"""One machine per kind of node. A new kind is a new module here and an entry below."""

from __future__ import annotations

from collections.abc import Mapping

from alula.core.engine.machines.array import ArrayMachine
from alula.core.engine.machines.branch import BranchMachine
from alula.core.engine.machines.gate import GateMachine
from alula.core.engine.machines.launch_plan import LaunchPlanMachine
from alula.core.engine.machines.subworkflow import SubWorkflowMachine
from alula.core.engine.machines.task import TaskMachine
from alula.core.engine.plan import NodeKind
from alula.core.engine.turn import Machine

MACHINES: Mapping[NodeKind, Machine] = {
    "task": TaskMachine(),
    "subworkflow": SubWorkflowMachine(),
    "array": ArrayMachine(),
    "branch": BranchMachine(),
    "gate": GateMachine(),
    "launch_plan": LaunchPlanMachine(),
}
