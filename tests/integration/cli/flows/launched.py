"""What tests launch by its name."""

from enum import Enum

from alula import FlyteFile, LaunchPlan, task, workflow


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@task
def describe(file: FlyteFile, colour: Colour, times: int, note: str | None = None) -> str:
    with open(file) as lines:
        return f"{colour.value} {lines.read().strip()}" * times + (note or "")


@workflow
def describing(file: FlyteFile, colour: Colour = Colour.RED, times: int = 1, note: str | None = None) -> str:
    """Describe a file.

    Args:
        file: what to read
        times: how often
    """
    return describe(file=file, colour=colour, times=times, note=note)


@task
def untyped(items: list, named: dict, maybe: list | None = None) -> list:
    return [*items, *named, *(maybe or [])]


blue = LaunchPlan.create("launched.blue", describing, fixed_inputs={"colour": Colour.BLUE})
