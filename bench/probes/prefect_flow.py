"""Prefect: no-op tasks against its server (PREFECT_API_URL), on SQLite in PREFECT_HOME.

A flow ends before the server has recorded its tasks: `fan_s` is the client's time, `fan_recorded_s` ends when the
server says that all tasks are done.
"""

import json
import os
import time
import urllib.request

from prefect import flow, task

CHAIN = 40
FAN = 1000
RECORDED_TIMEOUT_S = 120


@task
def increment(x: int) -> int:
    return x + 1


@flow
def hello(x: int) -> int:
    return increment(x)


@flow
def chain(x: int) -> int:
    for _ in range(CHAIN):
        x = increment(x)
    return x


@flow
def fan(size: int) -> int:
    return len([future.result() for future in increment.map(range(size))])


def recorded() -> int:
    """Task runs that the server knows to be completed."""
    request = urllib.request.Request(
        f"{os.environ['PREFECT_API_URL']}/task_runs/count",
        data=json.dumps({"task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return int(response.read())


def wait_for(count: int) -> None:
    until = time.monotonic() + RECORDED_TIMEOUT_S
    while recorded() < count:
        assert time.monotonic() < until, f"the server has recorded {recorded()} of {count} task runs"
        time.sleep(0.1)


if __name__ == "__main__":
    hello(1)
    began = time.perf_counter()
    assert chain(0) == CHAIN
    chain_s = time.perf_counter() - began
    wait_for(1 + CHAIN)
    began = time.perf_counter()
    assert fan(FAN) == FAN
    fan_s = time.perf_counter() - began
    wait_for(1 + CHAIN + FAN)
    fan_recorded_s = time.perf_counter() - began
    print("@@" + json.dumps({"chain_s": chain_s, "fan_s": fan_s, "fan_recorded_s": fan_recorded_s}))
