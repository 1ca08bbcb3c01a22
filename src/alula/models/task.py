"""Tasks as FlyteIDL's messages."""

from __future__ import annotations

from flyteidl.admin.task_pb2 import TaskSpec
from flyteidl.core.tasks_pb2 import (
    Container,
    DataLoadingConfig,
    IOStrategy,
    K8sObjectMetadata,
    K8sPod,
    Resources,
    RuntimeMetadata,
    Sql,
    TaskMetadata,
    TaskTemplate,
)

from alula.sdk.absent import refuse_others

__all__ = [
    "Container",
    "DataLoadingConfig",
    "IOStrategy",
    "K8sObjectMetadata",
    "K8sPod",
    "Resources",
    "RuntimeMetadata",
    "Sql",
    "TaskMetadata",
    "TaskSpec",
    "TaskTemplate",
]

refuse_others(__name__)
