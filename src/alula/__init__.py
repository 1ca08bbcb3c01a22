"""Typed workflows, compatible with Flyte, on one machine.

This module is the authoring API and nothing else: each name is loaded when it is first used, so that
`import alula` costs next to nothing. It must not do anything on import.
"""

from __future__ import annotations

from alula.version import __version__ as __version__

TYPE_CHECKING = False  # as in `typing`, which takes longer to import than all of this

if TYPE_CHECKING:
    from alula.sdk.authoring.cache import Cache as Cache
    from alula.sdk.authoring.cache import CachePolicy as CachePolicy
    from alula.sdk.authoring.conditional import conditional as conditional
    from alula.sdk.authoring.dynamic import dynamic as dynamic
    from alula.sdk.authoring.gate import approve as approve
    from alula.sdk.authoring.gate import sleep as sleep
    from alula.sdk.authoring.gate import wait_for_input as wait_for_input
    from alula.sdk.authoring.kind import PythonKind as PythonKind
    from alula.sdk.authoring.kind import TaskKind as TaskKind
    from alula.sdk.authoring.kind import register_task_kind as register_task_kind
    from alula.sdk.authoring.launch_plan import CronSchedule as CronSchedule
    from alula.sdk.authoring.launch_plan import FixedRate as FixedRate
    from alula.sdk.authoring.launch_plan import LaunchPlan as LaunchPlan
    from alula.sdk.authoring.map_task import map_task as map_task
    from alula.sdk.authoring.reference import reference_launch_plan as reference_launch_plan
    from alula.sdk.authoring.reference import reference_task as reference_task
    from alula.sdk.authoring.reference import reference_workflow as reference_workflow
    from alula.sdk.authoring.resources import GrowMemory as GrowMemory
    from alula.sdk.authoring.resources import Resources as Resources
    from alula.sdk.authoring.task import task as task
    from alula.sdk.authoring.workflow import WorkflowFailurePolicy as WorkflowFailurePolicy
    from alula.sdk.authoring.workflow import workflow as workflow
    from alula.sdk.failures import FlyteRecoverableException as FlyteRecoverableException
    from alula.sdk.failures import RecoverableError as RecoverableError
    from alula.sdk.task_context.checkpoint import Checkpoint as Checkpoint
    from alula.sdk.task_context.context import ExecutionParameters as ExecutionParameters
    from alula.sdk.task_context.context import current_context as current_context
    from alula.sdk.task_context.deck import Deck as Deck
    from alula.sdk.task_context.secret import Secret as Secret
    from alula.sdk.types.columns import kwtypes as kwtypes
    from alula.sdk.types.directory import FlyteDirectory as FlyteDirectory
    from alula.sdk.types.error import FlyteError as FlyteError
    from alula.sdk.types.families import register_type as register_type
    from alula.sdk.types.file import FlyteFile as FlyteFile
    from alula.sdk.types.hashes import HashMethod as HashMethod
    from alula.sdk.types.structured_dataset import StructuredDataset as StructuredDataset

_EXPORTS = {
    "Cache": "authoring.cache",
    "CachePolicy": "authoring.cache",
    "Checkpoint": "task_context.checkpoint",
    "CronSchedule": "authoring.launch_plan",
    "Deck": "task_context.deck",
    "ExecutionParameters": "task_context.context",
    "FixedRate": "authoring.launch_plan",
    "FlyteDirectory": "types.directory",
    "FlyteError": "types.error",
    "FlyteFile": "types.file",
    "FlyteRecoverableException": "failures",
    "GrowMemory": "authoring.resources",
    "HashMethod": "types.hashes",
    "LaunchPlan": "authoring.launch_plan",
    "PythonKind": "authoring.kind",
    "RecoverableError": "failures",
    "Remote": "client.remote",
    "Resources": "authoring.resources",
    "Secret": "task_context.secret",
    "StructuredDataset": "types.structured_dataset",
    "TaskKind": "authoring.kind",
    "WorkflowFailurePolicy": "authoring.workflow",
    "approve": "authoring.gate",
    "conditional": "authoring.conditional",
    "current_context": "task_context.context",
    "dynamic": "authoring.dynamic",
    "kwtypes": "types.columns",
    "map_task": "authoring.map_task",
    "reference_launch_plan": "authoring.reference",
    "reference_task": "authoring.reference",
    "reference_workflow": "authoring.reference",
    "register_task_kind": "authoring.kind",
    "register_type": "types.families",
    "sleep": "authoring.gate",
    "task": "authoring.task",
    "wait_for_input": "authoring.gate",
    "workflow": "authoring.workflow",
}

__all__ = list(_EXPORTS)  # pyright: ignore[reportUnsupportedDunderAll]  # the names above, loaded when used


def __getattr__(name: str) -> object:
    module = _EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module 'alula' has no attribute {name!r}")
    from importlib import import_module  # lazy: only the first use of a name pays

    value: object = getattr(import_module(f"alula.sdk.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_EXPORTS])
