"""Steps that can only end when others run at the same time, and steps that end their process."""

import os
import signal
import sys
from datetime import timedelta

from alula import Cache, LaunchPlan, dynamic, map_task, task, workflow


def _meet(folder: str, side: int) -> None:
    """Return when somebody is at the other side. A pipe's end is opened when the other one is."""
    with open(f"{folder}/meeting", "wb" if side else "rb"):
        print(f"side {side}")


@task
def meet(folder: str, side: int) -> int:
    _meet(folder, side)
    return side


@task
def add(xs: list[int]) -> int:
    print("adding", file=sys.stderr)
    return sum(xs)


@workflow
def items(folder: str) -> int:
    return add(xs=map_task(meet)(folder=[folder, folder], side=[0, 1]))


@workflow
def nodes(folder: str) -> tuple[int, int]:
    return meet(folder=folder, side=0), meet(folder=folder, side=1)


@workflow
def one(folder: str, side: int) -> int:
    return meet(folder=folder, side=side)


first = LaunchPlan.create("first", one, fixed_inputs={"side": 0})
second = LaunchPlan.create("second", one, fixed_inputs={"side": 1})


@workflow
def children(folder: str) -> tuple[int, int]:
    return first(folder=folder), second(folder=folder)


@dynamic
def grown(folder: str) -> list[int]:
    @task
    def local(process: int) -> int:
        return int(process == os.getpid())

    return [local(process=os.getpid()), meet(folder=folder, side=0), meet(folder=folder, side=1)]


@task
def leave(status: int) -> int:
    print("leaving, within a line", end="", flush=True)
    os._exit(status)


@task
def crash() -> int:
    os.kill(os.getpid(), signal.SIGSEGV)
    return 0


@task
def killed() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def _hold(told: str) -> None:
    try:
        with open(told, "w") as file:
            file.write(f"{os.getpid()}\n")
        while True:
            signal.pause()
    finally:
        print("put down", flush=True)


@task
def hold(told: str) -> int:
    """Wait for ever, once the file or pipe has the number of the process."""
    _hold(told)
    return 0


@task
def refuse(pipe: str) -> int:
    with open(pipe) as file:
        raise ValueError(f"somebody holds it: {bool(file.readline())}")


@workflow
def refused(pipe: str) -> tuple[int, int]:
    return hold(told=pipe), refuse(pipe=pipe)


@task(timeout=timedelta(seconds=1))
def too_long(told: str) -> int:
    _hold(told)
    return 0


@task(cache=Cache(version="1", serialize=True))
def count(file: str, x: int) -> int:
    with open(file, "a") as lines:
        lines.write("counted\n")
    return x


@workflow
def counted(file: str) -> list[int]:
    return map_task(count)(file=[file, file, file], x=[4, 4, 4])


@task
def spoil() -> None:
    """Leave the process as no attempt should find it."""
    os.environ["SPOILT"] = "yes"
    os.chdir("/")
    os.close(1)
    sys.stdout = None


@task
def look() -> str:
    print("still heard")
    return f"{os.environ.get('SPOILT')} {os.getcwd() == '/'}"


@workflow
def spoilt() -> str:
    found = look()
    spoil() >> found
    return found
