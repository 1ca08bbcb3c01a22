"""Prefect: no-op tasks with its default server, which it starts itself, on SQLite in PREFECT_HOME."""

import json
import sys
import time

began = time.perf_counter()
from prefect import flow, task  # noqa: E402

imported = time.perf_counter() - began

FAN = int(sys.argv[1]) if len(sys.argv) > 1 else 1000


@task
def increment(x: int) -> int:
    return x + 1


@flow
def hello(x: int) -> int:
    return increment(x)


@flow
def chain(x: int) -> int:
    for _ in range(40):
        x = increment(x)
    return x


@flow
def fan(size: int) -> int:
    return len([future.result() for future in increment.map(range(size))])


if __name__ == "__main__":
    hello(1)
    began = time.perf_counter()
    assert chain(0) == 40
    chained = time.perf_counter() - began
    began = time.perf_counter()
    assert fan(FAN) == FAN
    fanned = time.perf_counter() - began
    print("@@" + json.dumps({"import_s": imported, "chain_s": chained, "fan_s": fanned}))
