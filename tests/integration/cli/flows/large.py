"""Values far larger than what is carried along, through every kind of step."""

from dataclasses import dataclass

from alula import conditional, dynamic, map_task, task, workflow


@dataclass
class Document:
    name: str
    lines: list[str]


@task
def numbers(n: int) -> list[int]:
    return list(range(n))


@task
def text(n: int) -> str:
    return "x" * n


@task(cache=True, cache_version="1")
def document(n: int) -> Document:
    return Document("notes", [f"line {number}" for number in range(n)])


@task
def lines_of(document: Document) -> int:
    return len(document.lines)


@task
def double(x: int) -> int:
    return 2 * x


@task
def total(xs: list[int]) -> int:
    return sum(xs)


@dynamic
def grown(xs: list[int]) -> int:
    return total(xs=map_task(double)(x=xs[:3]))


@workflow
def parts(n: int = 100_000) -> tuple[int, int, str, str, int, list[int]]:
    """Handed on whole, mapped over inside a dynamic task, a field of it, a condition on it, and an output."""
    xs, written, found = numbers(n=n), text(n=n), document(n=n)
    chosen = conditional("short").if_(written == "x").then(text(n=1)).else_().then(text(n=2))
    return total(xs=xs), lines_of(document=found), found.name, chosen, grown(xs=xs), xs


@task
def length(text: str) -> int:
    return len(text)


@workflow
def mapped(texts: list[str]) -> int:
    """A list too large to be carried along has its items all the same."""
    return total(xs=map_task(length)(text=texts))
