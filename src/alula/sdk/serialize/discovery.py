"""Discovery of the entities that a module declares."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import TypeVar, cast

from alula.sdk.authoring.alone import alone
from alula.sdk.authoring.launch_plan import LaunchPlan
from alula.sdk.authoring.map_task import MapTask
from alula.sdk.authoring.task import Task
from alula.sdk.authoring.workflow import Workflow
from alula.sdk.mistake import mistake

Entity = TypeVar("Entity", Task[..., object], Workflow[..., object], LaunchPlan)


@dataclass(slots=True)
class Discovered:
    """Entities by their name on the platform, in the order of their declaration."""

    tasks: dict[str, Task[..., object]] = field(default_factory=dict[str, "Task[..., object]"])
    workflows: dict[str, Workflow[..., object]] = field(default_factory=dict[str, "Workflow[..., object]"])
    launch_plans: dict[str, LaunchPlan] = field(default_factory=dict[str, LaunchPlan])

    def all(self) -> list[Task[..., object] | Workflow[..., object] | LaunchPlan]:
        """Tasks, workflows, launch plans."""
        return [*self.tasks.values(), *self.workflows.values(), *self.launch_plans.values()]


def discover(*modules: ModuleType) -> Discovered:
    """Entities that these modules declare (not those that they import). Packages: see `modules_of`.

    A map task is found as the workflow that runs it by itself.

    Raises `InvalidInput` for two tasks, two workflows or two launch plans of one name.
    """
    found = Discovered()
    for module in modules:
        for name, value in vars(module).items():
            if isinstance(value, Task):
                task = cast("Task[..., object]", value)
                if _belongs(task.module, module):
                    _keep(found.tasks, task)
            elif isinstance(value, Workflow):
                workflow = cast("Workflow[..., object]", value)
                if _belongs(workflow.module, module):
                    _keep(found.workflows, workflow)
            elif isinstance(value, MapTask):
                array = cast("MapTask[object]", value)
                if _belongs(array.module, module):
                    _keep(found.workflows, alone(array, module=array.module, name=name))
            elif isinstance(value, LaunchPlan):
                _keep(found.launch_plans, value)
    return found


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    """A module and, of a package, all modules inside it, imported. Errors of importing pass through."""
    yield package
    for each in pkgutil.walk_packages(getattr(package, "__path__", []), prefix=f"{package.__name__}."):
        yield importlib.import_module(each.name)


def _belongs(declared_in: str, module: ModuleType) -> bool:
    return module.__name__ in (declared_in, "__main__")


def _keep(found: dict[str, Entity], entity: Entity) -> None:
    known = found.get(entity.name)
    if known is not None and known is not entity:
        raise mistake(
            "DuplicateName",
            f"two entities are named `{entity.name}`",
            at=entity.location,
            fix=f"the other is at {known.location}; give one of them another name",
        )
    found[entity.name] = entity
