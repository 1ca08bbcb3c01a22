"""What a local run says of a failure."""

import pytest

from alula import RecoverableError, map_task, task, workflow


@task
def refuse(x: int) -> int:
    if x % 2:
        raise ValueError(f"e{x}")
    return x


@task(retries=1)
def busy(x: int) -> int:
    raise RecoverableError(f"busy {x}")


@workflow
def every_item(xs: list[int]) -> list[int]:
    return map_task(refuse, run_all_sub_nodes=True)(x=xs)


@workflow
def persistent(x: int) -> int:
    return busy(x=x)


def test_the_first_item_that_failed_is_told_of() -> None:
    with pytest.raises(ValueError, match=r"^e1\b"):
        every_item(xs=[0, 1, 2, 3])


def test_the_exception_of_the_last_attempt_is_raised() -> None:
    with pytest.raises(RecoverableError, match=r"^busy 3\b"):
        persistent(x=3)
