"""A step in any language: a container whose inputs and outputs are files. It needs Docker or Podman.

$ alula up --detach --settings settings.toml      # [executors.container] enabled = true
$ alula run --remote --wait examples/any_language.py sort_words
"""

from __future__ import annotations

from pathlib import Path

from alula import ContainerTask, current_context, kwtypes, task, workflow
from alula.types.file import FlyteFile

sort = ContainerTask(
    name="sort",
    image="docker.io/library/busybox:1.37",
    command=["sh", "-c", "cd /var/inputs; sort text > /var/outputs/ordered; wc -l < text > /var/outputs/lines"],
    inputs=kwtypes(text=FlyteFile),
    outputs=kwtypes(lines=int, ordered=FlyteFile),
    input_data_dir="/var/inputs",
    output_data_dir="/var/outputs",
)


@task
def write(words: list[str]) -> FlyteFile:
    path = Path(current_context().working_directory) / "words.txt"
    path.write_text("".join(f"{word}\n" for word in words))
    return FlyteFile(str(path))


@task
def first(lines: int, ordered: FlyteFile) -> str:
    with open(ordered) as file:
        return f"{file.readline().strip()} is the first of {lines}"


@workflow
def sort_words(words: list[str] = ["pear", "apple", "fig"]) -> str:  # noqa: B006
    """Write some words, have a container sort them, and read what it gives."""
    given = sort(text=write(words=words))
    return first(lines=given.lines, ordered=given.ordered)
