"""`conditional`: one of several steps, chosen while the workflow runs.

Between `if_(...)` and `then(...)` the graph of the cases is open, so that the call inside `then(...)` makes a step
of the case and not of the workflow around it. The step or failure of `else_()` makes the one node that stands
for all.
"""

from __future__ import annotations

from typing import Generic, Never, TypeVar, cast

from alula.sdk.authoring.expressions import Comparison, Conjunction, Expression, operands
from alula.sdk.authoring.graph import Graph, open_graph, switch_graph
from alula.sdk.authoring.interface import StepInterface
from alula.sdk.authoring.promise import Node, Outputs, Promise, node_of, reference_of
from alula.sdk.authoring.settings import check_texts
from alula.sdk.mistake import Location, caller, mistake

T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


class Branch:
    """The cases of a conditional. Its node runs the step of the first that holds."""

    __slots__ = ("cases", "error", "interface", "name", "otherwise")

    def __init__(
        self,
        name: str,
        cases: list[tuple[Expression, Node]],
        otherwise: Node | None,
        error: str,
        interface: StepInterface,
    ) -> None:
        self.name = name
        self.cases = cases
        self.otherwise = otherwise
        self.error = error
        """The message of the run's failure when no case holds and there is no `otherwise`."""
        self.interface = interface

    def steps(self) -> list[Node]:
        """The step of each case, in order."""
        return [node for _, node in self.cases] + ([self.otherwise] if self.otherwise else [])


class Conditional:
    """A conditional without cases. Begin with `if_`."""

    def __init__(self, section: _Section) -> None:
        self._section = section

    def if_(self, condition: bool) -> Case[Never]:
        """The first case."""
        return Case(self._section, condition, at=caller())

    def __repr__(self) -> str:
        return f"<{self._section}>"


class Case(Generic[T_co]):
    """A condition that waits for its step."""

    def __init__(self, section: _Section, condition: object, *, at: Location) -> None:
        self._section = section
        self._condition = section.open_case(condition, at=at)

    def then(self, value: U) -> Chosen[T_co | U]:
        """The step to run when the condition holds: a call of a task, workflow or launch plan, or a conditional."""
        self._section.close_case(self._condition, value, at=caller())
        return Chosen(self._section)

    def __repr__(self) -> str:
        return f"<{self._section} without then()>"


class Chosen(Generic[T_co]):
    """The cases so far. It gives nothing before `else_()`."""

    def __init__(self, section: _Section) -> None:
        self._section = section

    def elif_(self, condition: bool) -> Case[T_co]:
        """The next case, for when none before it holds."""
        return Case(self._section, condition, at=caller())

    def else_(self) -> LastCase[T_co]:
        """The step or failure for when no case holds."""
        return LastCase(self._section, at=caller())

    def __repr__(self) -> str:
        return f"<{self._section} without else_()>"


class LastCase(Generic[T_co]):
    """The end of a conditional: a step, or a failure."""

    def __init__(self, section: _Section, *, at: Location) -> None:
        self._section = section
        section.open_case(None, at=at)

    def then(self, value: U) -> T_co | U:
        """The step to run when no case holds. Gives the outputs that all cases have."""
        return cast("U", self._section.end_with(value, at=caller()))

    def fail(self, message: str) -> T_co:
        """Fail with this message when no case holds. Gives the outputs that all cases have."""
        return cast("T_co", self._section.fail_with(message, at=caller()))

    def __repr__(self) -> str:
        return f"<{self._section} without then()>"


def conditional(name: str) -> Conditional:
    """Choose between steps by values that only the run knows.

    ```python
    price = (
        conditional("size")
        .if_((rooms > 3) & (area >= 100.0))
        .then(big(area=area))
        .elif_(rooms == 1)
        .then(small(area=area))
        .else_()
        .fail("no model for this flat")
    )
    ```

    A condition compares promises with each other or with constants (`==`, `!=`, `<`, `<=`, `>`, `>=`), is a promise
    of a truth value (also `flag.is_true()`, `flag.is_false()`), or asks `value.is_none()`; `&` and `|` join
    conditions, with brackets round each. Only numbers, texts, truth values, times and `None` can be compared.

    Args:
        name: shown for the step.

    Raises `InvalidInput` outside the body of a workflow or `dynamic`, and where a case is not exactly one step.
    """
    at = caller()
    check_texts(at=at, name=name)
    graph = open_graph()
    if graph is None:
        raise mistake(
            "OutsideWorkflow",
            f"conditional `{name}` stands outside the body of a workflow or `dynamic`",
            at=at,
            fix="use a plain `if` where values are known",
        )
    return Conditional(_Section(name, graph, at))


class _Section:
    """The cases of one conditional, while they are being given."""

    def __init__(self, name: str, outer: Graph, at: Location) -> None:
        self._name = name
        self._outer = outer
        self._at = at
        self._inner = Graph(outer.owner, prefix=outer.prefix, has_values=outer.has_values, outer=outer)
        self._cases: list[tuple[Expression, Node]] = []
        self._outputs: list[dict[str, object]] = []
        """For each step, the types of its outputs."""
        self._is_tuple = False
        self._nodes_before = 0
        outer.sections.append(self._inner)
        outer.open_conditionals.append((name, at))

    def open_case(self, condition: object, *, at: Location) -> Expression | None:
        """The checked condition; calls now make steps of the case. None is for `else_`."""
        if open_graph() is not self._outer:
            raise mistake("CaseNotOneStep", f"{self} already has an open case", at=at, fix="give it with `then(...)`")
        if condition is None:
            expression = None
        else:
            expression = as_expression(condition, self._outer, str(self), at=at)
            self._outer.check_promises(operands(expression), at=at)
            from alula.sdk.authoring.conditions import condition_message  # lazy: protobuf is for compiling

            condition_message(expression, at=at)  # here the author's line is still known
        self._nodes_before = len(self._inner.nodes)
        switch_graph(self._inner)
        return expression

    def close_case(self, condition: Expression | None, value: object, *, at: Location) -> None:
        node = self._step(value, at=at)
        assert condition is not None, "only else_() has no condition"
        self._cases.append((condition, node))

    def end_with(self, value: object, *, at: Location) -> Promise | Outputs:
        return self._end(self._step(value, at=at), "")

    def fail_with(self, message: object, *, at: Location) -> Promise | Outputs:
        switch_graph(self._outer)
        if not isinstance(message, str) or not message:
            raise mistake("WrongValue", f"{self} fails with {message!r}, expected a message", at=at)
        return self._end(None, message)

    def _step(self, value: object, *, at: Location) -> Node:
        """The one step that the case made."""
        switch_graph(self._outer)
        made = self._inner.nodes[self._nodes_before :]
        node = node_of(value)
        if node is None or not any(node is each for each in made):
            raise mistake(
                "CaseNotOneStep",
                f"a case of {self} gives {value!r}, which is not a step made in it",
                at=at,
                fix="call a task, workflow or launch plan inside `then(...)`; a task can return what it is given",
            )
        if len(made) > 1:
            names = ", ".join(f"`{each.entity.interface.name}`" for each in made)
            raise mistake(
                "CaseNotOneStep",
                f"a case of {self} makes {len(made)} steps: {names}",
                at=at,
                fix="put them into a workflow and call that, or make those before the conditional that always run",
            )
        self._outputs.append(self._given(value, at=at))
        return node

    def _given(self, value: object, *, at: Location) -> dict[str, object]:
        if isinstance(value, Promise):
            reference = reference_of(value)
            if reference.path:
                raise mistake(
                    "CaseNotOneStep",
                    f"a case of {self} gives {value!r}, a part of an output",
                    at=at,
                    fix="give the whole output, and pick the part from what the conditional gives",
                )
            return {reference.var: reference.type}
        self._is_tuple = True
        node = node_of(value)
        return dict(node.entity.interface.outputs) if node else {}

    def _end(self, otherwise: Node | None, error: str) -> Promise | Outputs:
        outputs = _common(self._outputs)
        interface = StepInterface("conditional", self._name, self._at, {}, outputs)
        branch = Branch(self._name, self._cases, otherwise, error, interface)
        node = self._outer.add_node(branch, {}, at=self._at)
        self._outer.open_conditionals.remove((self._name, self._at))
        if len(outputs) == 1 and not self._is_tuple:
            name, type_ = next(iter(outputs.items()))
            return Promise(node, name, type_=type_)
        return Outputs.of(node, outputs)

    def __str__(self) -> str:
        return f"conditional `{self._name}`"


def _common(cases: list[dict[str, object]]) -> dict[str, object]:
    """The outputs that all cases have; of a type in which they differ, None: the compiler says what is wrong."""
    first, *others = cases
    return {
        name: type_ if all(other[name] == type_ for other in others) else None
        for name, type_ in first.items()
        if all(name in other for other in others)
    }


def as_expression(condition: object, graph: Graph, where: str, *, at: Location) -> Expression:
    """A condition as it was written: a truth value that is promised counts as compared with True.

    Raises `InvalidInput` for what is no condition. A truth value that is known counts where values are (in a
    `dynamic`); in a workflow it would always choose the same case.
    """
    if isinstance(condition, Comparison):
        return condition
    if isinstance(condition, Conjunction):
        left = as_expression(condition.left, graph, where, at=at)
        right = as_expression(condition.right, graph, where, at=at)
        return Conjunction(left, condition.operator, right)
    if isinstance(condition, Promise):
        return condition.is_true()
    if isinstance(condition, bool) and graph.has_values:
        return Comparison(condition, "==", True)
    shown = f"always {condition}" if isinstance(condition, bool) else f"{condition!r}, not a condition"
    raise mistake(
        "WrongCondition",
        f"a condition of {where} is {shown}",
        at=at,
        fix="compare what a step or input gives: `x > 3`, `flag.is_true()`; join comparisons with `&` and `|`",
    )
