"""`@reference_task`, `@reference_workflow`, `@reference_launch_plan`: registered entities to call as steps.

The function only declares the interface: its body never runs. The registered entity must have that interface;
this is checked when something that calls it is registered.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Generic, Literal, ParamSpec, TypeAlias, TypeVar, cast

from alula.sdk import calling
from alula.sdk.absent_members import lacks_members
from alula.sdk.authoring.flytekit_members import Entity
from alula.sdk.authoring.graph import open_graph
from alula.sdk.authoring.interface import Interface, is_async
from alula.sdk.authoring.naming import module_of
from alula.sdk.mistake import Location, caller, mistake

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)
Kind: TypeAlias = Literal["task", "workflow", "launch plan"]


class Reference(Entity, Generic[P, R_co]):
    """A registered task, workflow or launch plan: its whole name, and the interface that it is expected to have."""

    def __init__(
        self, kind: Kind, function: Callable[P, R_co], *, project: str, domain: str, name: str, version: str
    ) -> None:
        self.kind: Kind = kind
        self.function = function
        self.project = project
        self.domain = domain
        self.name = name
        self.version = version
        self.interface = Interface(function, kind=f"reference {kind}")
        self.module = module_of(function)
        self.launch_plans: dict[str, object] = {}
        """Those of this program that start it, by name."""
        update_wrapper(cast("Callable[..., object]", self), function)

    @property
    def location(self) -> Location:
        """The file and line of the function."""
        return self.interface.location

    @property
    def short_name(self) -> str:
        """The last part of its name, as nodes show it."""
        return self.name.rpartition(".")[2]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        at = caller()
        graph = open_graph()
        values = self.interface.bind(args, kwargs, at=at)
        if graph is None and calling.in_eager_task():
            return cast("R_co", calling.run(self, values, is_async=is_async(self.function)))
        if graph is None:
            raise not_here(self, at=at)
        from alula.sdk.authoring.binding import check_inputs  # lazy: protobuf is for compiling

        check_inputs(self.interface, values, at=at)
        return cast("R_co", graph.add(self, values, at=at))

    async def aio(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """The call in a form to be awaited, for eager tasks: `await clean.aio(...)`. An `async def` needs none."""
        return await calling.awaited(self, *args, **kwargs)

    def __repr__(self) -> str:
        return f"<reference to {self.kind} {self.name}@{self.version}>"


_PARTS = "take `kind`, `project`, `domain`, `name` and `version`"
lacks_members(Reference, {"id": _PARTS, "reference": _PARTS})


def not_here(reference: Reference[..., object], *, at: Location) -> Exception:
    """The error for a reference that is to run in this process."""
    return mistake(
        "ReferenceNotLocal",
        f"{reference.interface.kind} `{reference.interface.name}` is registered code, which is not here to be run",
        at=at,
        fix=f"run what calls it with `alula run --remote`; in a test, put a {reference.kind} of your own in its place",
    )


def reference_task(
    project: str, domain: str, name: str, version: str
) -> Callable[[Callable[P, R_co]], Reference[P, R_co]]:
    """Refer to a registered task by the signature of a function.

    ```python
    @reference_task(project="flytesnacks", domain="development", name="features.clean", version="v3")
    def clean(rows: list[float], depth: int = 3) -> list[float]: ...
    ```

    Defaults of the signature are values of the call. Raises `InvalidInput` for a part of the name that is missing.
    """
    return _referring("task", project, domain, name, version)


def reference_workflow(
    project: str, domain: str, name: str, version: str
) -> Callable[[Callable[P, R_co]], Reference[P, R_co]]:
    """Refer to a registered workflow: as a step it runs inside the run that calls it, and launch plans can be made of
    it. See `reference_task`."""
    return _referring("workflow", project, domain, name, version)


def reference_launch_plan(
    project: str, domain: str, name: str, version: str
) -> Callable[[Callable[P, R_co]], Reference[P, R_co]]:
    """Refer to a registered launch plan: as a step it is a run of its own. The signature may leave out inputs
    that have a default there. See `reference_task`."""
    return _referring("launch plan", project, domain, name, version)


def _referring(
    kind: Kind, project: str, domain: str, name: str, version: str
) -> Callable[[Callable[P, R_co]], Reference[P, R_co]]:
    at = caller()
    for part, value in (("project", project), ("domain", domain), ("name", name), ("version", version)):
        if not isinstance(value, str) or not value:
            raise mistake(
                "IncompleteReference",
                f"a reference to a {kind} has the {part} {value!r}, expected a text",
                at=at,
                fix=f"name one version of it; `alula list {kind.replace(' ', '-')}` shows what there is",
            )

    def declare(function: Callable[P, R_co]) -> Reference[P, R_co]:
        return Reference(kind, function, project=project, domain=domain, name=name, version=version)

    return declare
