"""Values too large to be carried along, as a flytekit user has them."""

from dataclasses import dataclass

from flytekit import dynamic, map_task, task, workflow


@dataclass
class Document:
    name: str
    lines: list[str]


@task
def texts(n: int) -> list[str]:
    return [letter * n for letter in "abcdefghij"]


@task
def length(text: str) -> int:
    return len(text)


@task
def document(n: int) -> Document:
    return Document("notes", [f"line {number}" for number in range(n)])


@task
def count(document: Document, texts: list[str]) -> int:
    return len(document.lines) + len(texts)


@dynamic
def grown(texts: list[str]) -> list[int]:
    return map_task(length)(text=texts[:2])


@workflow
def large(n: int = 20_000) -> tuple[list[int], int, str, list[int], list[str]]:
    made, found = texts(n=n), document(n=n)
    return map_task(length)(text=made), count(document=found, texts=made), found.name, grown(texts=made), made
