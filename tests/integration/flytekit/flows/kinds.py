"""What the others have not: types that cast, paths into outputs, branches in branches, an imperative workflow."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from flytekit import CronSchedule, LaunchPlan, Workflow, approve, conditional, kwtypes, sleep, task, workflow
from flytekit.extras.tasks.shell import ShellTask
from flytekit.types.structured import StructuredDataset


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Size:
    width: int
    names: list[str]


@dataclass
class Box:
    size: Size
    counts: dict[str, int]


@task
def measure(of: int) -> Box:
    return Box(Size(of, ["a"]), {"a": 1})


@task
def name(colour: Colour, text: str = "") -> str:
    return f"{colour.value}{text}"


@task
def either(value: int | str | list[int]) -> int | str:
    return 1


@task
def rows(table: StructuredDataset | None = None) -> int:
    return 0


@task
def next_of(a: int) -> int:
    return a + 1


show = ShellTask(name="flows.kinds.show", script="echo {inputs.text}", inputs=kwtypes(text=str))


@workflow
def kinds(a: int, colour: Colour = Colour.RED, table: StructuredDataset | None = None) -> int:
    box = measure(of=a)
    either(value=box.size.width)
    either(value=[1, box.counts["a"]])
    show(text=name(colour=colour, text=box.size.names[0]))
    rows()
    wait = sleep(timedelta(seconds=1))
    size = approve(rows(table=table), "size", timeout=timedelta(hours=1))
    wait >> size
    return (
        conditional("outer")
        .if_((a > 1) & (size < 10))
        .then(next_of(a=a))
        .elif_(a == 0)
        .then(conditional("inner").if_(size > 2).then(next_of(a=size)).else_().then(next_of(a=box.size.width)))
        .else_()
        .fail("no size")
    )


nightly = LaunchPlan.get_or_create(
    kinds, "flows.kinds.nightly", default_inputs={"a": 1}, schedule=CronSchedule(schedule="0 1 * * *")
)

by_hand = Workflow(name="flows.kinds.by_hand")
by_hand.add_workflow_input("a", int)
by_hand.add_workflow_output("o", by_hand.add_entity(next_of, a=by_hand.inputs["a"]).outputs["o0"])
