"""`ImperativeWorkflow`: a workflow that a program puts together step by step, without a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never

from alula.sdk.authoring.graph import Graph, declaring
from alula.sdk.authoring.interface import DeclaredInterface
from alula.sdk.authoring.naming import importable
from alula.sdk.authoring.node_creation import create_node
from alula.sdk.authoring.promise import Node, Promise, has_promise, reference_of
from alula.sdk.authoring.settings import check_texts
from alula.sdk.authoring.workflow import Workflow, WorkflowFailurePolicy, WorkflowSettings
from alula.sdk.mistake import caller, calling_module, mistake

if TYPE_CHECKING:
    from alula.sdk.authoring.workflow import Handler


class ImperativeWorkflow(Workflow[..., Any]):
    """A workflow made of calls. Its name on the platform is the one that it is given.

    ```python
    pipeline = ImperativeWorkflow(name="pipeline")
    pipeline.add_workflow_input("n", int)
    node = pipeline.add_entity(double, x=pipeline.inputs["n"])
    pipeline.add_workflow_output("doubled", node.outputs["o0"])
    ```
    """

    def __init__(
        self, name: str, failure_policy: WorkflowFailurePolicy | None = None, interruptible: bool = False
    ) -> None:
        at = caller()
        check_texts(at=at, name=name)
        self._interface = DeclaredInterface("workflow", name, at)
        policy = failure_policy or WorkflowFailurePolicy.FAIL_IMMEDIATELY
        super().__init__(_no_body, WorkflowSettings(policy, interruptible), self._interface)
        self.__name__ = name
        self.module = importable(calling_module())
        self.inputs: dict[str, Promise] = {}
        """The promises of its inputs, by name."""
        self._building = Graph(name)

    @property
    def name(self) -> str:
        """The name on the platform."""
        return self._interface.name

    @property
    def nodes(self) -> list[Node]:
        """Its steps, in the order in which they were added."""
        return self._building.nodes

    def graph(self) -> Graph:
        """The nodes and outputs, as they are now."""
        graph = self._building
        if self.settings.on_failure is not None:
            graph.failure = self.failure_node(graph, self.settings.on_failure, self.inputs)
        graph.finish()
        return graph

    def add_workflow_input(self, input_name: str, python_type: object) -> Promise:
        """A new input; gives its promise."""
        self._refuse_twice("input", input_name, self._interface.inputs)
        self._interface.inputs[input_name] = python_type
        self.inputs[input_name] = Promise(None, input_name, type_=python_type)
        return self.inputs[input_name]

    def add_entity(self, entity: object, **inputs: object) -> Node:
        """A new step that runs a task, workflow or launch plan."""
        with declaring(self._building):
            return create_node(entity, **inputs)

    add_task = add_subwf = add_launch_plan = add_entity

    def add_on_failure_handler(self, entity: Handler) -> None:
        """Run this when a step has failed, as `@workflow(on_failure=...)` does."""
        self.settings = self.settings._replace(on_failure=entity)

    def add_workflow_output(self, output_name: str, p: object, python_type: object = None) -> None:
        """A new output. Its type is that of the promise; lists and dicts of promises need one."""
        self._refuse_twice("output", output_name, self._interface.outputs)
        type_ = python_type
        if type_ is None and isinstance(p, Promise):
            type_ = reference_of(p).type
        if type_ is None or not has_promise(p):
            got = f"{p!r} without a type" if has_promise(p) else f"{p!r}, which is of no step"
            why = f"output `{output_name}` of workflow `{self.name}` gets {got}"
            raise mistake("WrongOutputs", why, at=caller(), fix="give a promise, and its type as `python_type`")
        self._building.check_promises(p, at=caller())
        self._interface.outputs[output_name] = type_
        self._building.outputs[output_name] = p

    def create_conditional(self, name: str) -> Never:
        """There is none: a conditional is made in the body of a `@workflow`."""
        raise mistake(
            "UnsupportedStep",
            f"workflow `{self.name}` is put together by calls, which can't be those of conditional `{name}`",
            at=caller(),
            fix="write the conditional in a `@workflow`, and add that by `add_subwf`",
        )

    def ready(self) -> bool:
        """True if it has a step."""
        return bool(self.nodes)

    def _refuse_twice(self, what: str, name: str, known: dict[str, object]) -> None:
        check_texts(at=caller(), **{f"the name of the {what}": name})
        if name in known:
            raise mistake("DuplicateName", f"workflow `{self.name}` has an {what} `{name}` already", at=caller())


def _no_body() -> None:
    """The function of a workflow that has none."""
