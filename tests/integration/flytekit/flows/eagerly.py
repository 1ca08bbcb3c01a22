"""Eager workflows: Python that launches runs and waits for them."""

import asyncio
import time

from flytekit import eager, task
from flytekit.exceptions.eager import EagerException


@task
def double(a: int) -> int:
    return 2 * a


@task
async def refuse(a: int) -> int:
    if a > 0:
        raise ValueError(f"{a} is out of range")
    return a


@task
async def wait(seconds: int) -> int:
    time.sleep(seconds)
    return seconds


@eager
async def inner(a: int) -> int:
    return double(a=a) + 1


@eager
async def nested(a: int) -> int:
    try:
        await refuse(a=a)
    except EagerException:
        return await inner(a=a)
    return -1


@eager
async def half(a: int) -> int:
    waited, refused = await asyncio.gather(wait(seconds=600), refuse(a=a))
    return waited + refused


@eager
async def slow(a: int) -> int:
    return await wait(seconds=600) + a
