"""Members and keywords of what flytekit 1.16 offers to authors: each is here, or is one error with what to do instead.

`flytekit_surface.json` has their names: public members by class, keywords by what is called. Not in it are members that
all of flytekit's models have for their wire forms, and those of steps, whose attributes are their outputs. Names to
import are held by `test_flytekit_names`.
"""

from __future__ import annotations

import inspect
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flyteidl.admin import node_execution_pb2

import alula
from alula import LaunchPlan, map_task, task, workflow
from alula.configuration import Config, PlatformConfig
from alula.core.errors import InvalidInput
from alula.core.ids import ExecutionId
from alula.extras.sqlite3.task import SQLite3Config, SQLite3Task
from alula.flytekit_core.artifact import TimePartition
from alula.remote import FlyteNodeExecution, FlyteWorkflowExecution
from alula.sdk.authoring.launch_plan import LaunchPlanOptions
from alula.sdk.authoring.overrides import OverrideValues
from alula.sdk.authoring.task_settings import TaskOptions
from alula.sdk.client.run_view import NodeView
from alula.sdk.task_context.secret import Secrets

SURFACE: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("flytekit_surface.json").read_text())


@task
def double(n: int) -> int:
    return n * 2


@workflow
def pipeline(n: int) -> int:
    return double(n=n)


@alula.reference_task(project="p", domain="d", name="n", version="v")
def registered(n: int) -> int: ...


REMOTE: Any = alula.FlyteRemote(Config.for_endpoint("localhost:9", insecure=True))
PLAN = LaunchPlan.create("plan", pipeline)
EXECUTION = FlyteWorkflowExecution(REMOTE._remote, ExecutionId("p", "d", "n"), {})
OBJECTS: dict[str, Any] = {
    "Artifact": alula.Artifact(name="a"),
    "ArrayNodeMapTask": map_task(double),
    "BatchSize": alula.BatchSize(1),
    "Cache": alula.Cache(version="1"),
    "Checkpoint": alula.Checkpoint,
    "ConcurrencyPolicy": alula.ConcurrencyPolicy(1),
    "Config": Config(),
    "ContainerTask": alula.ContainerTask("c", "image", ["true"]),
    "CronSchedule": alula.CronSchedule("0 1 * * *"),
    "Deck": alula.Deck("d", "", auto_add_to_deck=False),
    "Description": alula.Description(),
    "Documentation": alula.Documentation(),
    "Email": alula.Email([4], ["a@b.c"]),
    "ExecutionParameters": alula.current_context(),
    "FileSensor": alula.FileSensor("sensor"),
    "FixedRate": alula.FixedRate(timedelta(minutes=1)),
    "FlyteContext": alula.FlyteContext.current_context(),
    "FlyteDirectory": alula.FlyteDirectory("a"),
    "FlyteFile": alula.FlyteFile("a"),
    "FlyteNodeExecution": FlyteNodeExecution(
        REMOTE._remote.connection, NodeView(node_id="n0", name="n"), node_execution_pb2.NodeExecution()
    ),
    "FlyteRemote": REMOTE,
    "FlyteSchema": alula.FlyteSchema(),
    "FlyteWorkflowExecution": EXECUTION,
    "HashMethod": alula.HashMethod(str),
    "ImageSpec": alula.ImageSpec(),
    "LaunchPlan": PLAN,
    "Options": alula.Options(),
    "PagerDuty": alula.PagerDuty([4], ["a@b.c"]),
    "PlatformConfig": PlatformConfig(),
    "PodTemplate": alula.PodTemplate(),
    "PythonFunctionTask": double,
    "PythonFunctionWorkflow": pipeline,
    "ReferenceEntity": registered,
    "Resources": alula.Resources(cpu="1"),
    "SQLTask": alula.SQLTask("q", "select 1"),
    "SQLite3Config": SQLite3Config("a.db"),
    "SQLite3Task": SQLite3Task("s", "select 1", task_config=SQLite3Config("a.db")),
    "Secret": alula.Secret("g", "k"),
    "SecretsManager": Secrets(),
    "ShellTask": alula.ShellTask("sh", script="true"),
    "Slack": alula.Slack([4], ["a@b.c"]),
    "SourceCode": alula.SourceCode(),
    "StructuredDataset": alula.StructuredDataset(),
    "TaskMetadata": alula.TaskMetadata(),
    "TimePartition": TimePartition(datetime(2026, 1, 1)),
    "Workflow": alula.Workflow("built"),
}
CALLS: dict[str, Any] = {
    "FlyteSchema": alula.FlyteSchema,
    "Node.with_overrides": pipeline.nodes[0].with_overrides,
    "PlatformConfig": PlatformConfig,
    "SQLite3Config": SQLite3Config,
    "SQLite3Task": SQLite3Task,
    "SecretsManager.get": Secrets().get,
}
GIVEN: dict[str, tuple[object, ...]] = {
    "LaunchPlan.create": ("plan", pipeline),
    "LaunchPlan.get_or_create": (pipeline, "plan"),
    "map_task": (double,),
    "ContainerTask": ("c", "image", ["true"]),
    "ShellTask": ("sh", False, "true"),
    "FileSensor": ("sensor",),
    "SQLTask": ("q", "select 1"),
    "FlyteFile": ("a",),
    "FlyteDirectory": ("a",),
    "FlyteRemote.for_endpoint": ("localhost:9",),
    "FlyteRemote.execute": (pipeline,),
    "FlyteRemote.sync": (EXECUTION,),
    "FlyteRemote.sync_execution": (EXECUTION,),
    "FlyteRemote.register_task": (double,),
    "FlyteRemote.register_workflow": (pipeline,),
    "FlyteRemote.register_launch_plan": (PLAN,),
}
"""What stands before the keyword that is tried."""
OPTIONS = (TaskOptions, LaunchPlanOptions, OverrideValues)


@pytest.mark.parametrize("name", SURFACE["members"])
def test_a_member_is_here_or_says_what_to_do_instead(name: str) -> None:
    owner = OBJECTS[name] if name in OBJECTS else getattr(alula, name)
    assert [each for each in SURFACE["members"][name].split() if not _is_answered(owner, each)] == []


def _is_answered(owner: object, member: str) -> bool:
    if hasattr(type(owner), member):
        return True
    try:
        getattr(owner, member)
    except AttributeError as error:
        before, _, fix = str(error).partition(": ")
        return " Alula" in before and bool(fix)
    return True


@pytest.mark.parametrize("name", SURFACE["keywords"])
def test_a_keyword_is_here_or_says_what_to_do_instead(name: str) -> None:
    call, known = _call(name)
    unknown = [each for each in SURFACE["keywords"][name].split() if each not in known]
    assert [each for each in unknown if not _is_refused(call, GIVEN.get(name, ()), each)] == []


def _call(name: str) -> tuple[Any, set[str]]:
    owner, _, method = name.partition(".")
    call = CALLS.get(name) or (getattr(OBJECTS[owner], method) if method else getattr(alula, owner))
    parameters = inspect.signature(call).parameters
    known = set(parameters)
    for options in OPTIONS:
        if any(options.__name__ in str(each.annotation) for each in parameters.values()):
            known |= set(options.__annotations__)
    return call, known


def _is_refused(call: Any, given: tuple[object, ...], keyword: str) -> bool:
    try:
        call(*given, **{keyword: "x"})
    except InvalidInput as error:
        is_unknown = error.code in ("UnknownSetting", "UnknownOverride")
        return is_unknown and not error.fix.startswith(("there are", "did you mean "))
    return False
