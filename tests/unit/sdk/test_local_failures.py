"""What a local run says of a failure."""

import subprocess
import sys
from pathlib import Path

import pytest
from flyteidl.core.literals_pb2 import LiteralMap
from tests.present import present

from alula import Cache, RecoverableError, map_task, task, workflow
from alula.cli.bundling import bundle_of
from alula.cli.load import load, source_of
from alula.core.errors import InvalidInput
from alula.sdk.local.run import run_entity
from alula.sdk.store import FileStore
from alula.sdk.types.engine import to_literal, to_python


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


def test_a_task_may_close_standard_output(tmp_path):
    """The run still says what came of it."""
    (tmp_path / "flow.py").write_text(
        "import sys\nfrom alula import task\n@task\ndef f(n: int) -> int:\n    sys.stdout.close()\n    return n\n"
    )
    command = [Path(sys.executable).parent / "alula", "run", "flow.py", "f", "--n", "3"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")


def test_a_map_task_runs_alone():
    mapped = map_task(refuse)
    store = FileStore("/nowhere", "/nowhere")
    inputs = LiteralMap(literals={"x": to_literal([2, 4], list[int], store)})
    outputs = present(run_entity(mapped, inputs).outputs)
    assert to_python(outputs.literals["o0"], list[int], store) == [2, 4]


def test_an_imported_module_that_is_not_packed_is_told_before(tmp_path):
    (tmp_path / "flow.py").write_text("import settings_of_mine\n")
    (tmp_path / "settings_of_mine.py").write_text("X = 1\n")
    (tmp_path / ".gitignore").write_text("settings_of_mine.py\n")
    load(source_of(tmp_path / "flow.py"))
    with pytest.raises(InvalidInput, match=r"the code imports `settings_of_mine.py`, but an ignore file leaves it out"):
        bundle_of(tmp_path, "all")
    (tmp_path / ".flyteignore").write_text("!settings_of_mine.py\n")
    assert bundle_of(tmp_path, "all").files == 4
