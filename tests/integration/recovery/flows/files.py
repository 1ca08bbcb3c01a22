"""A run with everything that refers to objects: files, folders, dataclasses with files, a deck, children, graphs."""

import os
from dataclasses import dataclass
from datetime import timedelta

from alula import (
    Deck,
    FlyteDirectory,
    FlyteFile,
    LaunchPlan,
    approve,
    current_context,
    dynamic,
    map_task,
    task,
    workflow,
)


@dataclass
class Box:
    file: FlyteFile
    n: int


def written(name: str, data: bytes) -> FlyteFile:
    path = os.path.join(current_context().working_directory, name)
    with open(path, "wb") as file:
        file.write(data)
    return FlyteFile(path)


@task
def make(n: int) -> FlyteFile:
    print("made", n)
    return written(f"{n}.txt", b"x" * n)


@task
def large(mebibytes: int) -> FlyteFile:
    return written("large", os.urandom(mebibytes << 20))


@task(enable_deck=True)
def total(files: list[FlyteFile], more: int) -> int:
    Deck("sizes", "<b>sizes</b>")
    print("totalled", len(files))
    return sum(os.path.getsize(file) for file in files) + more


@task
def pack(file: FlyteFile) -> Box:
    return Box(file, 3)


@task
def unpack(box: Box) -> int:
    return os.path.getsize(box.file) + box.n


@task
def folder(n: int) -> FlyteDirectory:
    path = os.path.join(current_context().working_directory, "folder", "inside")
    os.makedirs(path)
    with open(os.path.join(path, "a"), "w") as file:
        file.write("a" * n)
    return FlyteDirectory(os.path.dirname(path))


@task
def weigh(folder: FlyteDirectory) -> int:
    folder.download()
    return os.path.getsize(os.path.join(folder, "inside", "a"))


@dynamic
def several(n: int) -> list[FlyteFile]:
    return [make(n=i) for i in range(n)]


@workflow
def child(n: int) -> FlyteFile:
    return make(n=n)


child_plan = LaunchPlan.get_or_create(child, "child_plan")


@workflow
def everything(mebibytes: int = 0) -> tuple[int, int, int, FlyteFile, FlyteFile, list[FlyteFile]]:
    files = map_task(make)(n=[1, 2, 3, 4, 5, 6, 7, 8])
    sizes = total(files=files, more=100)
    packed = unpack(box=pack(file=make(n=9)))
    return sizes, packed, weigh(folder=folder(n=5)), child_plan(n=4), large(mebibytes=mebibytes), several(n=2)


@workflow
def waiting() -> FlyteFile:
    made = make(n=5)
    return approve(made, "go", timeout=timedelta(hours=1))
