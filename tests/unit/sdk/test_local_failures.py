"""What a local run says of a failure."""

from pathlib import Path

import pytest

from alula import Cache, RecoverableError, map_task, task, workflow
from alula.core.errors import InvalidInput


@task
def refuse(x: int) -> int:
    if x % 2:
        raise ValueError(f"e{x}")
    return x


@task(retries=1)
def busy(x: int) -> int:
    raise RecoverableError(f"busy {x}")


@task(cache=Cache(version="1"))
def kept(x: int) -> int:
    return x


@workflow
def keeping(x: int) -> int:
    return kept(x=x)


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


@pytest.mark.parametrize("variable", ["ALULA_DATA", "ALULA_LOCAL_CACHE"])
def test_a_folder_that_can_not_be_written_is_named(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(variable, str(tmp_path / "file" / "inside"))
    with pytest.raises(InvalidInput, match="file/inside: Not a directory") as raised:
        keeping(x=1)
    assert (raised.value.code, variable in raised.value.fix) == ("DataFolderUnusable", True)
