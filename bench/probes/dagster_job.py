"""Dagster: no-op ops in process, with a durable instance on SQLite in DAGSTER_HOME."""

import json
import logging
import time

from dagster import DagsterInstance, job, mem_io_manager, op

CHAIN = 40
FAN = 1000


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
    for step in range(CHAIN):
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
    chain_s = time.perf_counter() - began
    began = time.perf_counter()
    assert fan.execute_in_process(instance=instance).success
    fan_s = time.perf_counter() - began
    print("@@" + json.dumps({"chain_s": chain_s, "nodes_s": fan_s}))
