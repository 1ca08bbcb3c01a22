"""`@workflow`: a function whose body wires tasks together.

The body runs once, with promises in place of values, when the graph is first needed: never on import. Called
outside a workflow it runs on the local engine.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from enum import Enum
from functools import update_wrapper
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    NamedTuple,
    Never,
    ParamSpec,
    Protocol,
    TypeAlias,
    TypeVar,
    cast,
    overload,
)

from alula.sdk import calling
from alula.sdk.absent_members import lacks_members
from alula.sdk.authoring.documentation import Documentation, checked_docs
from alula.sdk.authoring.flytekit_members import Entity
from alula.sdk.authoring.graph import Graph, declaring, open_graph
from alula.sdk.authoring.interface import REQUIRED, DocumentedInterface, Interface, is_async
from alula.sdk.authoring.naming import module_of
from alula.sdk.authoring.options import Options, checked_options
from alula.sdk.authoring.promise import Done, Node, Outputs, Promise
from alula.sdk.authoring.reference import Reference
from alula.sdk.authoring.settings import check_flags
from alula.sdk.authoring.task import Task
from alula.sdk.mistake import Location, blame, caller, mistake, refuse_unknown

if TYPE_CHECKING:
    # Any: whatever it returns is not used
    Handler: TypeAlias = "Task[..., Any] | Workflow[..., Any] | Reference[..., Any]"

_FAILURE_NODE_ID = "fn0"  # as flytekit names it
P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


class WorkflowFailurePolicy(Enum):
    """The fate of the other steps when one fails. The values are those of `core.WorkflowMetadata.OnFailurePolicy`."""

    FAIL_IMMEDIATELY = 0
    FAIL_AFTER_EXECUTABLE_NODES_COMPLETE = 1


class WorkflowSettings(NamedTuple):
    """The arguments of `@workflow`."""

    failure_policy: WorkflowFailurePolicy = WorkflowFailurePolicy.FAIL_IMMEDIATELY
    interruptible: bool = False
    docs: Documentation | None = None
    on_failure: Handler | None = None
    default_options: Options = Options()
    pickle_untyped: bool = False


class Workflow(Entity, Generic[P, R_co]):
    """A graph of steps with typed inputs and outputs. Call it as the function that it wraps."""

    def __init__(
        self, function: Callable[P, R_co], settings: WorkflowSettings, interface: DocumentedInterface | None = None
    ) -> None:
        self.function = function
        self.settings = settings
        self.interface: DocumentedInterface = interface or Interface(
            function, kind="workflow", pickles=settings.pickle_untyped
        )
        self.launch_plans: dict[str, object] = {}
        """Those that were made of it, by name."""
        self.module = module_of(function)
        self._graph: Graph | None = None
        update_wrapper(cast("Callable[..., object]", self), function)

    @property
    def name(self) -> str:
        """The name on the platform: `module.function`."""
        return f"{self.module}.{self.interface.name}"

    @property
    def location(self) -> Location:
        """The file and line of the function."""
        return self.interface.location

    @property
    def is_async(self) -> bool:
        """True if the function is an `async def`."""
        return is_async(self.function)

    @property
    def nodes(self) -> list[Node]:
        """Its steps, in the order in which they are called; runs the body the first time."""
        return self.graph().nodes

    def graph(self) -> Graph:
        """The nodes and outputs; runs the body the first time."""
        if self._graph is None:
            self._graph = self._declare()
        return self._graph

    def _declare(self) -> Graph:
        graph = Graph(self.name)
        promises = {name: Promise(None, name, type_=type_) for name, type_ in self.interface.inputs.items()}
        with declaring(graph):
            try:
                returned = cast("Callable[..., object]", self.function)(**promises)
                if isinstance(returned, Coroutine):
                    returned = _finish(cast("Coroutine[object, None, object]", returned), self)
            except Exception as error:
                blame(error, f"the body of workflow `{self.name}` ({self.location})")
                raise
        graph.outputs = self._outputs(returned)
        graph.check_promises(graph.outputs, at=self.location)
        if self.settings.on_failure is not None:
            graph.failure = self.failure_node(graph, self.settings.on_failure, promises)
        graph.finish()
        return graph

    def _outputs(self, returned: object) -> dict[str, object]:
        names = list(self.interface.outputs)
        if not names:
            if returned is None or (isinstance(returned, Outputs) and not len(returned)):
                return {}
            raise mistake(
                "WrongOutputs",
                f"workflow `{self.interface.name}` returns a value but declares no output",
                at=self.location,
                fix="annotate its return type",
            )
        if not self.interface.returns_tuple:
            values: tuple[object, ...] = (returned,)
        elif isinstance(returned, (tuple, list)):
            values = tuple(cast("tuple[object, ...]", returned))
        else:
            values = (returned,)
        if len(values) != len(names) or any(value is None or isinstance(value, (Outputs, Node)) for value in values):
            from alula.sdk.authoring.binding import without_output  # lazy: protobuf is for compiling

            empty = next((value for value in values if isinstance(value, Outputs) and not len(value)), None)
            raise mistake(
                "WrongOutputs",
                f"workflow `{self.interface.name}` declares {len(names)} output(s) but returns {returned!r}",
                at=self.location,
                fix=without_output(empty) if empty is not None else _returned_fix(names, is_missing=returned is None),
            )
        return dict(zip(names, values, strict=True))

    def failure_node(self, graph: Graph, handler: Handler, promises: Mapping[str, Promise]) -> Node:
        """The node of the failure handler. The error takes the place of its first input of type `FlyteError`."""
        from alula.sdk.authoring.binding import check_inputs, input_form  # lazy: protobuf is for compiling

        interface = handler.interface
        inputs: dict[str, object] = {}
        for name, default in interface.defaults.items():
            transformer, _ = input_form(interface, name)
            if name in promises:
                inputs[name] = promises[name]
            elif default is not REQUIRED:
                inputs[name] = default
            elif transformer.fit(None):
                inputs[name] = None
            else:
                raise mistake(
                    "WrongFailureHandler",
                    f"{interface.kind} `{interface.name}` handles failures of workflow `{self.interface.name}`,"
                    f" which has no input `{name}` for it",
                    at=self.location,
                    fix=f"give `{name}` a default, or take the error as `{name}: FlyteError | None = None`",
                )
        check_inputs(interface, inputs, at=self.location)
        return Node(_FAILURE_NODE_ID, handler, inputs, self.location, graph=graph)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        at = caller()
        graph = open_graph()
        values = self.interface.bind(args, kwargs, at=at)
        if graph is not None:
            from alula.sdk.authoring.binding import check_inputs  # lazy: protobuf is for compiling

            check_inputs(self.interface, values, at=at)
            return cast("R_co", graph.add(self, values, at=at))
        return cast("R_co", calling.run(self, values, is_async=self.is_async))

    async def aio(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """The call in a form to be awaited, for eager tasks: `await pipeline.aio(...)`. An `async def` needs none."""
        return await calling.awaited(self, *args, **kwargs)

    def __repr__(self) -> str:
        return f"<workflow {self.name}>"


lacks_members(
    Workflow,
    {
        **{name: f"take `settings.{name}`" for name in ("docs", "default_options", "on_failure")},
        "workflow_metadata": "take `settings.failure_policy`",
        "workflow_metadata_defaults": "take `settings.interruptible`",
        "short_name": "take `interface.name`",
    },
)


class MakesWorkflow(Protocol):
    """A decorator that makes a workflow of a function; one without outputs gives type checkers a step to be ordered."""

    @overload
    def __call__(self, function: Callable[P, Never], /) -> Workflow[P, Any]: ...  # what may return anything, too

    @overload
    def __call__(self, function: Callable[P, None], /) -> Workflow[P, Done]: ...

    @overload
    def __call__(self, function: Callable[P, R_co], /) -> Workflow[P, R_co]: ...


@overload
def workflow(function: Callable[P, Never], /) -> Workflow[P, Any]: ...


@overload
def workflow(function: Callable[P, None], /) -> Workflow[P, Done]: ...


@overload
def workflow(function: Callable[P, R_co], /) -> Workflow[P, R_co]: ...


@overload
def workflow(
    *,
    failure_policy: WorkflowFailurePolicy = WorkflowFailurePolicy.FAIL_IMMEDIATELY,
    interruptible: bool = False,
    on_failure: Handler | None = None,
    docs: str | Documentation = "",
    default_options: Options | None = None,
    pickle_untyped: bool = False,
) -> MakesWorkflow: ...


def workflow(
    function: Callable[P, R_co] | None = None,
    /,
    *,
    failure_policy: WorkflowFailurePolicy = WorkflowFailurePolicy.FAIL_IMMEDIATELY,
    interruptible: bool = False,
    on_failure: Handler | None = None,
    docs: str | Documentation = "",
    default_options: Options | None = None,
    pickle_untyped: bool = False,
    **unknown: object,
) -> Workflow[P, Any] | MakesWorkflow:  # Any: what the overloads say
    """Make a workflow of a function whose body calls tasks, workflows and launch plans.

    ```python
    @workflow
    def pipeline(path: str, depth: int = 3) -> float:
        return train(rows=read(path=path), depth=depth)
    ```

    The body sees promises, not values: it can pass them on, pick fields and items, and order steps with `a >> b`.

    Args:
        failure_policy: whether steps that do not depend on a failed one still run.
        interruptible: whether its tasks may run on machines that can go away.
        on_failure: a task or workflow to run when a step has failed and nothing else runs any more. It gets the inputs
            of this workflow that have the names of its own, and `err: FlyteError | None`. The run fails all the same.
        docs: a description, when the docstring should not be it; a text or a `Documentation`.
        default_options: settings of its default launch plan, the one of its name.
        pickle_untyped: as that of `@task`.

    Raises `InvalidInput` for a parameter without a type.
    """
    refuse_unknown(unknown, "`@workflow`", workflow.__kwdefaults__ or (), at=caller())
    if on_failure is not None and not isinstance(on_failure, (Task, Workflow, Reference)):
        raise mistake(
            "WrongFailureHandler", f"`on_failure` is {on_failure!r}, expected a task or workflow", at=caller()
        )
    check_flags(at=caller(), interruptible=interruptible, pickle_untyped=pickle_untyped)
    if not isinstance(cast("object", failure_policy), WorkflowFailurePolicy):
        why = f"`failure_policy` is {failure_policy!r}, expected a `WorkflowFailurePolicy`"
        raise mistake("InvalidSetting", why, at=caller())
    settings = WorkflowSettings(
        failure_policy,
        bool(interruptible),
        checked_docs(docs, at=caller()),
        on_failure,
        checked_options(default_options, at=caller()),
        bool(pickle_untyped),
    )

    def declare(function: Callable[P, R_co]) -> Workflow[P, R_co]:
        return Workflow(function, settings)

    return cast("MakesWorkflow", declare) if function is None else declare(function)


def _returned_fix(names: Sequence[str], *, is_missing: bool) -> str:
    """The fix for a body that returns another number of values than its annotation has."""
    if is_missing:
        return "end the body with a `return` of it" if len(names) == 1 else "end the body with a `return` of them"
    many = f"{len(names)} values, of " + ", ".join(f"`{name}`" for name in names) if len(names) > 1 else "one value"
    return f"return {many}, or annotate what is returned"


def _finish(body: Coroutine[object, None, object], workflow: Workflow[..., object]) -> object:
    """Run the body of an `async def` workflow; its awaits are of promises and never wait."""
    try:
        body.send(None)
    except StopIteration as end:
        return cast("object", end.value)
    body.close()
    raise mistake(
        "AwaitedOutsideTask",
        f"workflow `{workflow.interface.name}` awaits something that is not a step",
        at=workflow.location,
        fix="do it in a task",
    )
