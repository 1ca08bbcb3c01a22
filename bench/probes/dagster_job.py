"""Dagster: no-op ops in process, with a durable instance on SQLite in DAGSTER_HOME."""

import json
import logging
import sys
import time

began = time.perf_counter()
from dagster import DagsterInstance, job, mem_io_manager, op  # noqa: E402

imported = time.perf_counter() - began

FAN = int(sys.argv[1]) if len(sys.argv) > 1 else 1000


@op
def zero() -> int:
    return 0


@op
def increment(x: int) -> int:
    return x + 1


@op
def collect(xs: list[int]) -> int:
    return len(xs)


@job(resource_defs={"io_manager": mem_io_manager})
def hello():
    increment(zero())


@job(resource_defs={"io_manager": mem_io_manager})
def chain():
    x = zero()
    for step in range(40):
        x = increment.alias(f"step{step}")(x)


@job(resource_defs={"io_manager": mem_io_manager})
def fan():
    start = zero()
    collect([increment.alias(f"item{item}")(start) for item in range(FAN)])


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    instance = DagsterInstance.get()
    hello.execute_in_process(instance=instance)
    began = time.perf_counter()
    assert chain.execute_in_process(instance=instance).success
    chained = time.perf_counter() - began
    began = time.perf_counter()
    assert fan.execute_in_process(instance=instance).success
    fanned = time.perf_counter() - began
    print("@@" + json.dumps({"import_s": imported, "chain_s": chained, "fan_s": fanned}))
