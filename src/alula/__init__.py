"""Typed workflows, compatible with Flyte, on one machine.

This module is the authoring API and nothing else: each name is loaded when it is first used, so that
`import alula` costs next to nothing. It must not do anything on import.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in `typing`, which takes longer to import than all of this

if TYPE_CHECKING:
    from alula.sdk.cache import Cache as Cache
    from alula.sdk.cache import CachePolicy as CachePolicy
    from alula.sdk.cache import HashMethod as HashMethod
    from alula.sdk.checkpoint import Checkpoint as Checkpoint
    from alula.sdk.conditional import conditional as conditional
    from alula.sdk.context import ExecutionParameters as ExecutionParameters
    from alula.sdk.context import current_context as current_context
    from alula.sdk.deck import Deck as Deck
    from alula.sdk.dynamic import dynamic as dynamic
    from alula.sdk.failures import FlyteRecoverableException as FlyteRecoverableException
    from alula.sdk.failures import RecoverableError as RecoverableError
    from alula.sdk.gate import approve as approve
    from alula.sdk.gate import sleep as sleep
    from alula.sdk.gate import wait_for_input as wait_for_input
    from alula.sdk.launch_plan import CronSchedule as CronSchedule
    from alula.sdk.launch_plan import FixedRate as FixedRate
    from alula.sdk.launch_plan import LaunchPlan as LaunchPlan
    from alula.sdk.map_task import map_task as map_task
    from alula.sdk.resources import GrowMemory as GrowMemory
    from alula.sdk.resources import Resources as Resources
    from alula.sdk.secret import Secret as Secret
    from alula.sdk.task import task as task
    from alula.sdk.types.columns import kwtypes as kwtypes
    from alula.sdk.types.directory import FlyteDirectory as FlyteDirectory
    from alula.sdk.types.error import FlyteError as FlyteError
    from alula.sdk.types.file import FlyteFile as FlyteFile
    from alula.sdk.types.structured_dataset import StructuredDataset as StructuredDataset
    from alula.sdk.workflow import WorkflowFailurePolicy as WorkflowFailurePolicy
    from alula.sdk.workflow import workflow as workflow

__version__ = "0.1.0"

_EXPORTS = {
    "Cache": "cache",
    "CachePolicy": "cache",
    "Checkpoint": "checkpoint",
    "CronSchedule": "launch_plan",
    "Deck": "deck",
    "ExecutionParameters": "context",
    "FixedRate": "launch_plan",
    "FlyteDirectory": "types.directory",
    "FlyteError": "types.error",
    "FlyteFile": "types.file",
    "FlyteRecoverableException": "failures",
    "GrowMemory": "resources",
    "HashMethod": "cache",
    "LaunchPlan": "launch_plan",
    "RecoverableError": "failures",
    "Remote": "client.remote",
    "Resources": "resources",
    "Secret": "secret",
    "StructuredDataset": "types.structured_dataset",
    "WorkflowFailurePolicy": "workflow",
    "approve": "gate",
    "conditional": "conditional",
    "current_context": "context",
    "dynamic": "dynamic",
    "kwtypes": "types.columns",
    "map_task": "map_task",
    "sleep": "gate",
    "task": "task",
    "wait_for_input": "gate",
    "workflow": "workflow",
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
