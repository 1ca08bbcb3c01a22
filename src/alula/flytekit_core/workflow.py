"""Workflows."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.imperative import ImperativeWorkflow
from alula.sdk.authoring.reference import reference_workflow
from alula.sdk.authoring.workflow import Workflow as PythonFunctionWorkflow
from alula.sdk.authoring.workflow import Workflow as WorkflowBase
from alula.sdk.authoring.workflow import WorkflowFailurePolicy, workflow

__all__ = [
    "ImperativeWorkflow",
    "PythonFunctionWorkflow",
    "WorkflowBase",
    "WorkflowFailurePolicy",
    "reference_workflow",
    "workflow",
]

refuse_others(__name__)
