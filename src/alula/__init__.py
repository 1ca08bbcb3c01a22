"""Typed workflows, compatible with Flyte.

This module is the authoring API and nothing else: each name is loaded when it is first used, so that
`import alula` costs next to nothing. It must not do anything on import.
"""

from __future__ import annotations

from alula.version import __version__ as __version__

TYPE_CHECKING = False  # as in `typing`, which takes longer to import than all of this

if TYPE_CHECKING:
    from alula.sdk.authoring.accelerators import GPUAccelerator as GPUAccelerator
    from alula.sdk.authoring.artifact import Artifact as Artifact
    from alula.sdk.authoring.cache import Cache as Cache
    from alula.sdk.authoring.cache import CachePolicy as CachePolicy
    from alula.sdk.authoring.conditional import conditional as conditional
    from alula.sdk.authoring.container_task import ContainerTask as ContainerTask
    from alula.sdk.authoring.documentation import Description as Description
    from alula.sdk.authoring.documentation import Documentation as Documentation
    from alula.sdk.authoring.documentation import SourceCode as SourceCode
    from alula.sdk.authoring.dynamic import dynamic as dynamic
    from alula.sdk.authoring.eager import eager as eager
    from alula.sdk.authoring.echo import Echo as Echo
    from alula.sdk.authoring.gate import approve as approve
    from alula.sdk.authoring.gate import sleep as sleep
    from alula.sdk.authoring.gate import wait_for_input as wait_for_input
    from alula.sdk.authoring.image_spec import ImageSpec as ImageSpec
    from alula.sdk.authoring.imperative import ImperativeWorkflow as ImperativeWorkflow
    from alula.sdk.authoring.kind import PythonKind as PythonKind
    from alula.sdk.authoring.kind import TaskKind as TaskKind
    from alula.sdk.authoring.kind import register_task_kind as register_task_kind
    from alula.sdk.authoring.launch_plan import ConcurrencyLimitBehavior as ConcurrencyLimitBehavior
    from alula.sdk.authoring.launch_plan import ConcurrencyPolicy as ConcurrencyPolicy
    from alula.sdk.authoring.launch_plan import CronSchedule as CronSchedule
    from alula.sdk.authoring.launch_plan import FixedRate as FixedRate
    from alula.sdk.authoring.launch_plan import LaunchPlan as LaunchPlan
    from alula.sdk.authoring.map_task import map_task as map_task
    from alula.sdk.authoring.node_creation import create_node as create_node
    from alula.sdk.authoring.notifications import Email as Email
    from alula.sdk.authoring.notifications import PagerDuty as PagerDuty
    from alula.sdk.authoring.notifications import Slack as Slack
    from alula.sdk.authoring.notifications import WorkflowExecutionPhase as WorkflowExecutionPhase
    from alula.sdk.authoring.options import Annotations as Annotations
    from alula.sdk.authoring.options import Labels as Labels
    from alula.sdk.authoring.options import Options as Options
    from alula.sdk.authoring.pod_template import PodTemplate as PodTemplate
    from alula.sdk.authoring.reference import reference_launch_plan as reference_launch_plan
    from alula.sdk.authoring.reference import reference_task as reference_task
    from alula.sdk.authoring.reference import reference_workflow as reference_workflow
    from alula.sdk.authoring.resources import GrowMemory as GrowMemory
    from alula.sdk.authoring.resources import Resources as Resources
    from alula.sdk.authoring.sensor import BaseSensor as BaseSensor
    from alula.sdk.authoring.sensor import FileSensor as FileSensor
    from alula.sdk.authoring.shell_task import ShellTask as ShellTask
    from alula.sdk.authoring.sql_task import SQLTask as SQLTask
    from alula.sdk.authoring.task import task as task
    from alula.sdk.authoring.task_metadata import TaskMetadata as TaskMetadata
    from alula.sdk.authoring.triggers import OnObject as OnObject
    from alula.sdk.authoring.triggers import OnRunEnd as OnRunEnd
    from alula.sdk.authoring.triggers import OnWebhook as OnWebhook
    from alula.sdk.authoring.workflow import WorkflowFailurePolicy as WorkflowFailurePolicy
    from alula.sdk.authoring.workflow import workflow as workflow
    from alula.sdk.client.flyte_config import Config as Config
    from alula.sdk.client.flyte_remote import FlyteRemote as FlyteRemote
    from alula.sdk.client.remote import Remote as Remote
    from alula.sdk.failures import EagerException as EagerException
    from alula.sdk.failures import FlyteRecoverableException as FlyteRecoverableException
    from alula.sdk.failures import RecoverableError as RecoverableError
    from alula.sdk.loggers import logger as logger
    from alula.sdk.task_context.checkpoint import Checkpoint as Checkpoint
    from alula.sdk.task_context.context import ExecutionParameters as ExecutionParameters
    from alula.sdk.task_context.context import current_context as current_context
    from alula.sdk.task_context.deck import Deck as Deck
    from alula.sdk.task_context.flyte_context import FlyteContext as FlyteContext
    from alula.sdk.task_context.flyte_context import FlyteContextManager as FlyteContextManager
    from alula.sdk.task_context.rendering import register_renderer as register_renderer
    from alula.sdk.task_context.secret import Secret as Secret
    from alula.sdk.types.batches import BatchSize as BatchSize
    from alula.sdk.types.columns import kwtypes as kwtypes
    from alula.sdk.types.directory import FlyteDirectory as FlyteDirectory
    from alula.sdk.types.error import FlyteError as FlyteError
    from alula.sdk.types.families import register_type as register_type
    from alula.sdk.types.file import FlyteFile as FlyteFile
    from alula.sdk.types.frame_library import FrameLibrary as FrameLibrary
    from alula.sdk.types.frame_library import register_frame_library as register_frame_library
    from alula.sdk.types.hashes import HashMethod as HashMethod
    from alula.sdk.types.messages import Blob as Blob
    from alula.sdk.types.messages import BlobMetadata as BlobMetadata
    from alula.sdk.types.messages import BlobType as BlobType
    from alula.sdk.types.messages import Literal as Literal
    from alula.sdk.types.messages import LiteralType as LiteralType
    from alula.sdk.types.messages import Scalar as Scalar
    from alula.sdk.types.messages import StructuredDatasetType as StructuredDatasetType
    from alula.sdk.types.pickle import FlytePickle as FlytePickle
    from alula.sdk.types.schema import FlyteSchema as FlyteSchema
    from alula.sdk.types.structured_dataset import StructuredDataset as StructuredDataset
    from alula.sdk.types.structured_dataset import StructuredDatasetFormat as StructuredDatasetFormat

    Workflow = ImperativeWorkflow  # flytekit's name of it

_EXPORTS = {
    "Annotations": "authoring.options",
    "Artifact": "authoring.artifact",
    "BaseSensor": "authoring.sensor",
    "BatchSize": "types.batches",
    "Blob": "types.messages",
    "BlobMetadata": "types.messages",
    "BlobType": "types.messages",
    "Cache": "authoring.cache",
    "CachePolicy": "authoring.cache",
    "Checkpoint": "task_context.checkpoint",
    "ConcurrencyLimitBehavior": "authoring.launch_plan",
    "ConcurrencyPolicy": "authoring.launch_plan",
    "Config": "client.flyte_config",
    "ContainerTask": "authoring.container_task",
    "CronSchedule": "authoring.launch_plan",
    "Deck": "task_context.deck",
    "Description": "authoring.documentation",
    "Documentation": "authoring.documentation",
    "EagerException": "failures",
    "Echo": "authoring.echo",
    "Email": "authoring.notifications",
    "ExecutionParameters": "task_context.context",
    "FileSensor": "authoring.sensor",
    "FixedRate": "authoring.launch_plan",
    "FlyteContext": "task_context.flyte_context",
    "FlyteContextManager": "task_context.flyte_context",
    "FlyteDirectory": "types.directory",
    "FlyteError": "types.error",
    "FlyteFile": "types.file",
    "FlytePickle": "types.pickle",
    "FlyteRecoverableException": "failures",
    "FlyteRemote": "client.flyte_remote",
    "FlyteSchema": "types.schema",
    "FrameLibrary": "types.frame_library",
    "GPUAccelerator": "authoring.accelerators",
    "GrowMemory": "authoring.resources",
    "HashMethod": "types.hashes",
    "ImageSpec": "authoring.image_spec",
    "ImperativeWorkflow": "authoring.imperative",
    "Labels": "authoring.options",
    "LaunchPlan": "authoring.launch_plan",
    "Literal": "types.messages",
    "LiteralType": "types.messages",
    "OnObject": "authoring.triggers",
    "OnRunEnd": "authoring.triggers",
    "OnWebhook": "authoring.triggers",
    "Options": "authoring.options",
    "PagerDuty": "authoring.notifications",
    "PodTemplate": "authoring.pod_template",
    "PythonKind": "authoring.kind",
    "RecoverableError": "failures",
    "Remote": "client.remote",
    "Resources": "authoring.resources",
    "SQLTask": "authoring.sql_task",
    "Scalar": "types.messages",
    "Secret": "task_context.secret",
    "ShellTask": "authoring.shell_task",
    "Slack": "authoring.notifications",
    "SourceCode": "authoring.documentation",
    "StructuredDataset": "types.structured_dataset",
    "StructuredDatasetFormat": "types.structured_dataset",
    "StructuredDatasetType": "types.messages",
    "TaskKind": "authoring.kind",
    "TaskMetadata": "authoring.task_metadata",
    "Workflow": "authoring.imperative:ImperativeWorkflow",
    "WorkflowExecutionPhase": "authoring.notifications",
    "WorkflowFailurePolicy": "authoring.workflow",
    "approve": "authoring.gate",
    "conditional": "authoring.conditional",
    "create_node": "authoring.node_creation",
    "current_context": "task_context.context",
    "dynamic": "authoring.dynamic",
    "eager": "authoring.eager",
    "kwtypes": "types.columns",
    "logger": "loggers",
    "map_task": "authoring.map_task",
    "reference_launch_plan": "authoring.reference",
    "reference_task": "authoring.reference",
    "reference_workflow": "authoring.reference",
    "register_frame_library": "types.frame_library",
    "register_renderer": "task_context.rendering",
    "register_task_kind": "authoring.kind",
    "register_type": "types.families",
    "sleep": "authoring.gate",
    "task": "authoring.task",
    "wait_for_input": "authoring.gate",
    "workflow": "authoring.workflow",
}

__all__ = list(_EXPORTS)  # pyright: ignore[reportUnsupportedDunderAll]  # the names above, loaded when used


def _load(name: str) -> object:
    module, _, attribute = _EXPORTS.get(name, "").partition(":")
    if not module:
        if name.startswith("_"):
            raise AttributeError(f"module 'alula' has no attribute {name!r}")
        from alula.sdk.absent import refusal  # lazy: only for an error

        raise refusal("alula", name)
    from importlib import import_module  # lazy: only the first use of a name pays

    value: object = getattr(import_module(f"alula.sdk.{module}"), attribute or name)
    globals()[name] = value
    return value


if not TYPE_CHECKING:
    __getattr__ = _load  # to type checkers, any name would be right


def __dir__() -> list[str]:
    return sorted([*globals(), *_EXPORTS])
