"""A cached task that leaves a mark when it runs, and waits until it is let go."""

import time
from pathlib import Path

from alula import Cache, task, workflow


@task(cache=Cache(version="1", serialize=True, ignored_inputs=("folder",)))
def costly(x: int, folder: str) -> int:
    with open(f"{folder}/runs", "a") as runs:
        runs.write("ran\n")
    while not Path(folder, "go").exists():
        time.sleep(0.02)
    return x * 2


@workflow
def one(folder: str, x: int = 1) -> int:
    return costly(x=x, folder=folder)
