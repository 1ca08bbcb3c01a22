"""A step that waits for a word, and one that writes a file."""

import os
import time

from alula import FlyteFile, task, workflow

SIZE_BYTES = 300_000


@task
def wait(gate: str) -> int:
    with open(f"{gate}.begun", "w"):
        pass
    while not os.path.exists(gate):
        time.sleep(0.01)
    return SIZE_BYTES


@task
def write(size: int) -> FlyteFile:
    file = FlyteFile.new("data")
    with open(file.path, "wb") as data:
        data.write(b"x" * size)
    return file


@workflow
def pipeline(gate: str) -> FlyteFile:
    return write(size=wait(gate=gate))
