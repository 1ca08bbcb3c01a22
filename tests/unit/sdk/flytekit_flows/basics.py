"""Tasks, workflows and values, as flytekit's documentation shows them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from flytekit import Resources, current_context, kwtypes, task, workflow
from flytekit.core.task import Echo


@task
def slope(x: list[int], y: list[int]) -> float:
    sum_xy = sum(a * b for a, b in zip(x, y))
    return (len(x) * sum_xy - sum(x) * sum(y)) / (len(x) * sum(a**2 for a in x) - sum(x) ** 2)


@task
def intercept(x: list[int], y: list[int], slope: float) -> float:
    return (sum(y) - slope * sum(x)) / len(x)


@workflow
def wf_regression(x: list[int] = [-3, 0, 3], y: list[int] = [7, 4, -2]) -> float:
    slope_value = slope(x=x, y=y)
    return intercept(x=x, y=y, slope=slope_value)


class Ends(NamedTuple):
    first: str
    last: str


@task
def ends(words: list[str]) -> Ends:
    return Ends(words[0], words[-1])


@task
def join(a: str, b: str = "!") -> str:
    return f"{a}-{b}"


@workflow
def wf_named_tuple(words: list[str] = ["a", "b", "c"]) -> tuple[str, str]:
    parts = ends(words=words)
    return join(a=parts.first, b=parts.last), join(a=parts.last)


@task
def pair(n: int) -> (int, str):
    return n, str(n)


@workflow
def wf_bare_tuple(n: int = 3) -> (int, str):
    number, text = pair(n=n)
    return number, text


class Single(NamedTuple):
    value: float


@task
def single(n: int) -> Single:
    return Single(n / 2)


@task
def halve(x: float) -> float:
    return x / 2


@workflow
def wf_one_field(n: int = 3) -> float:
    return halve(x=single(n=n).value)


class Color(Enum):
    RED = "red"
    BLUE = "blue"


@task
def other(color: Color) -> Color:
    return Color.RED if color == Color.BLUE else Color.BLUE


@task
def name_of(color: Color) -> str:
    return color.value


@workflow
def wf_enum(color: Color = Color.RED) -> str:
    return name_of(color=other(color=color))


@dataclass
class Inner:
    n: int = 0
    tags: list[str] = field(default_factory=list)


@dataclass
class Outer:
    inner: Inner
    by_name: dict[str, Inner] = field(default_factory=dict)
    note: str | None = None


@task
def build(n: int) -> Outer:
    return Outer(inner=Inner(n, ["x", "y"]), by_name={"k": Inner(n + 1)})


@task
def read(outer: Outer) -> str:
    return f"{outer.inner.n} {outer.inner.tags} {outer.by_name['k'].n} {outer.note}"


@task
def plus(a: int, b: int) -> int:
    return a + b


@workflow
def wf_dataclass(n: int = 5) -> tuple[str, int]:
    made = build(n=n)
    return read(outer=made), plus(a=made.inner.n, b=made.by_name["k"].n)


@task
def maybe(n: int) -> int | None:
    return n if n > 0 else None


@task
def shown(n: int | None) -> str:
    return str(n)


@workflow
def wf_optional() -> tuple[str, str]:
    return shown(n=maybe(n=1)), shown(n=maybe(n=-1))


@task
def either(flag: bool) -> int | str:
    return 1 if flag else "one"


@task
def kind(value: int | str) -> str:
    return type(value).__name__


@workflow
def wf_union() -> tuple[str, str]:
    return kind(value=either(flag=True)), kind(value=either(flag=False))


@task
def later(at: datetime, by: timedelta) -> datetime:
    return at + by


@task
def iso(at: datetime) -> str:
    return at.isoformat()[:19]


@workflow
def wf_times(at: datetime = datetime(2024, 1, 31), by: timedelta = timedelta(hours=30)) -> str:
    return iso(at=later(at=at, by=by))


@task
def nested(n: int) -> dict[str, list[int]]:
    return {"a": list(range(n)), "b": []}


@task
def total(values: dict[str, list[int]]) -> int:
    return sum(sum(each) for each in values.values())


@workflow
def wf_containers(n: int = 4) -> tuple[int, int]:
    made = nested(n=n)
    return total(values=made), plus(a=made["a"][2], b=1)


@workflow
def wf_lists_of_promises() -> int:
    return total(values={"x": [plus(a=1, b=2), plus(a=3, b=4)], "y": [5]})


same = Echo(name="same", inputs=kwtypes(x=int))


@workflow
def wf_echo() -> int:
    return same(x=4)


@task(requests=Resources(cpu="1", mem="1Gi"), retries=2, timeout=timedelta(minutes=5), environment={"A": "b"})
def settled() -> int:
    assert current_context().execution_id is not None
    return 7


@workflow
def wf_settings() -> int:
    return settled().with_overrides(limits=Resources(cpu="2"), retries=1)


@task
def untyped(d: dict, xs: list[dict]) -> dict:
    return {"n": len(xs), **d}


@task
def number_in(d: dict) -> int:
    return d["n"]


@workflow
def wf_untyped() -> int:
    return number_in(d=untyped(d={"a": 1}, xs=[{"b": 2}, {}]))
