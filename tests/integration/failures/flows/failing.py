"""Tasks that end badly, one for each way."""

import ctypes
import faulthandler
import os
import shutil
import signal
import subprocess
import sys
import time

from alula import GrowMemory, Resources, map_task, task, workflow

MIB = 1024 * 1024


@task(limits=Resources(mem="160Mi"))
def takes_too_much_memory() -> int:
    taken: list[bytearray] = []
    while True:
        taken.append(bytearray(8 * MIB))


@task(retries=2, limits=Resources(mem="80Mi"), on_out_of_memory=GrowMemory(4, up_to="1Gi"))
def takes_more_than_it_says() -> int:
    """Prepared for that: it has 320 MiB at its second attempt."""
    return len(bytearray(b"x" * 150 * MIB)) // MIB


@task(timeout=1)
def takes_too_long() -> int:
    time.sleep(60)
    return 1


@task
def exits_without_a_result() -> int:
    print("giving up", flush=True)
    os._exit(3)


@task
def prints_100_mb() -> int:
    for _ in range(100):
        print("x" * (MIB - 1))
    return 1


@task
def returns_a_wrong_type() -> int:
    return "seven"  # type: ignore[return-value]


@task
def leaves_children() -> int:
    for _ in range(2):  # in a session of their own, as a daemon is
        subprocess.Popen(["sleep", "600"], start_new_session=True)
    return 1


@task
def raises() -> int:
    return int(first_of({}))


def first_of(rows: dict[str, str]) -> str:
    return rows["first"]


@task
def segfaults() -> int:
    faulthandler.disable()
    return ctypes.string_at(0)[0]


@task
def aborts() -> int:
    os.abort()


@task
def deletes_its_folder() -> str:
    folder = os.getcwd()
    shutil.rmtree(folder)
    return folder


@task
def closes_its_output() -> int:
    os.close(1)
    os.close(2)
    sys.stdout.close()
    return 7


@task
def prints_after_closing() -> int:
    sys.stdout.close()
    print("nobody hears this")
    return 7


@task
def raises_after_closing() -> int:
    os.close(1)
    os.close(2)
    raise ValueError("nobody hears this")


@task
def exits_by_itself() -> int:
    sys.exit("no data today")


@task
def recurses() -> int:
    return recurses()


@task
def ignores_the_request_to_end() -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("begun", flush=True)
    subprocess.run(["sh", "-c", "trap '' TERM; while :; do sleep 1; done"], check=False)
    return 1


@task
def fails_for_some(x: int) -> int:
    if x % 3 == 0:
        raise ValueError(f"{x} is a multiple of 3")
    return x


@workflow
def fails_in_a_map() -> list[int]:
    return map_task(fails_for_some)(x=[1, 2, 3, 4, 5])
