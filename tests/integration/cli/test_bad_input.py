"""Bad input: one clear error, the exit status that is promised, no traceback of ours, nothing half registered."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.integration.platform import ALULA, RunningPlatform, alula

FLOWS = Path(__file__).parent / "flows" / "steps.py"


def check(result, status: int, *said: str) -> None:
    assert result.returncode == status, result.stderr
    for text in said:
        assert text in result.stderr
    assert "error[" in result.stderr
    assert "alula/cli" not in result.stderr
    assert "alula/sdk" not in result.stderr
    assert result.stdout == ""


def write(folder: Path, source: str, name: str = "flow.py") -> str:
    path = folder / name
    path.write_text(source)
    return str(path)


@pytest.mark.parametrize("where", [(), ("--remote",)])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((str(FLOWS), "helo"), ("error[EntityNotFound]", "did you mean `hello`?")),
        ((str(FLOWS), "invert", "--x", "one"), ("error[BadValue]: --x: expected a whole number, got `one`",)),
        ((str(FLOWS), "invert"), ("error[MissingInput]", "needs `x`", "add --x <int>")),
        ((str(FLOWS), "hello", "--nme", "x"), ("error[BadUsage]: there is no `--nme`", "did you mean `--name`")),
        ((str(FLOWS), "hello", "Ada"), ("error[BadUsage]", "unexpected extra argument")),
        (("nosuch.py", "hello"), ("error[FileNotFound]: there is no file `nosuch.py`", "fix: ")),
        (("nosuch_module:hello",), ("error[FileNotFound]: there is no file and no module `nosuch_module`", "fix: ")),
        ((), ("error[BadUsage]", "FILE is missing")),
        ((str(FLOWS), "hello", "--max-parallelism", "3000000000"), ("error[BadUsage]", "--max-parallelism")),
    ],
)
def test_a_command_line_that_can_not_be(where, words, said, platform: RunningPlatform):
    check(alula("run", *where, *words, environment={"ALULA_ENDPOINT": platform.grpc}), 2, *said)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import nosuch_library\n", ("ModuleNotFoundError", "flow.py", "line 1", "install what gives")),
        ("def f(:\n", ("SyntaxError", "flow.py")),
        ("x = 1 / 0\n", ("ZeroDivisionError", "line 1")),
        ("raise SystemExit(5)\n", ("error[ImportFailed]",)),
        ("class Base(BaseException): ...\nraise Base('b')\n", ("error[ImportFailed]", "Base: b", "line 2")),
        ("raise ValueError('caf\\udce9')\n", ("error[ImportFailed]", "ValueError: caf\\udce9", "line 1")),
        ("from alula import task\n@task\ndef f(x) -> int: ...\n", ("error[MissingAnnotation]", "flow.py", "`x`")),
    ],
)
def test_a_file_that_does_not_import_shows_the_users_own_traceback(source, said, tmp_path):
    check(alula("run", write(tmp_path, source), "f"), 2, *said)


TWO_OF_A_NAME = """
from alula import task
def make(value):
    @task
    def f() -> int:
        return value
    return f
one, two = make(1), make(2)
"""

TWO_IN_A_MODULE = """
from alula import task
@task
def f(x: int) -> int:
    return x
@task
def f(x: int) -> int:
    return x + 1
"""

CIRCLE = """
from alula import task, workflow
@task
def f(x: int) -> int:
    return x
@workflow
def circle(x: int) -> int:
    a = f(x=x)
    b = f(x=a)
    b >> a
    return b
"""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (TWO_OF_A_NAME, ("error[DuplicateName]", "flow.f")),
        (TWO_IN_A_MODULE, ("error[DuplicateName]", "line 4")),
        (CIRCLE, ("CycleDetected",)),
    ],
)
def test_what_can_not_be_registered_leaves_nothing_behind(source, said, tmp_path, platform: RunningPlatform):
    environment = {"ALULA_ENDPOINT": platform.grpc}
    check(alula("register", write(tmp_path, source), environment=environment), 2, *said)
    listed = alula("list", "task", "-o", "json", "--filter", "contains(name,flow)", environment=environment)
    assert json.loads(listed.stdout)["tasks"] == []


RECURSIVE = str(FLOWS.with_name("recursive.py"))


@pytest.mark.parametrize(
    "words",
    [
        ("run", RECURSIVE, "own", "--x", "1"),
        ("run", RECURSIVE, "second-plan", "--x", "1"),
        ("run", "--remote", RECURSIVE, "first", "--x", "1"),
        ("register", "--dry-run", RECURSIVE),
    ],
)
def test_a_workflow_that_starts_itself_is_refused(words, platform: RunningPlatform):
    check(alula(*words, environment={"ALULA_ENDPOINT": platform.grpc}), 2, "error[RecursiveWorkflow]", "recursive.py:")


def test_a_data_folder_that_can_not_be_written_is_named(tmp_path):
    (tmp_path / "data").write_text("in the way")
    result = alula("run", str(FLOWS), "hello", environment={"ALULA_DATA": str(tmp_path / "data")})
    check(result, 2, "error[DataFolderUnusable]", f"{tmp_path}/data: ", "ALULA_DATA")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("deep.json", '{"name":' + "[" * 100_000 + "]" * 100_000 + "}"),
        ("circle.yaml", "name: &a [*a]"),
        ("deep.yaml", "name: " + "[" * 5_000),
    ],
)
def test_a_file_of_inputs_that_can_not_be_read(tmp_path, name, text):
    path = write(tmp_path, text, name)
    check(alula("run", str(FLOWS), "hello", "--inputs-file", path), 2, "error[BadInputsFile]", name)


@pytest.mark.parametrize("command", [("list", "project"), ("run", str(FLOWS), "constant"), ("run", str(FLOWS))])
def test_output_that_can_not_be_written_is_status_3(command, platform: RunningPlatform, tmp_path):
    environment = {**os.environ, "ALULA_ENDPOINT": platform.grpc, "ALULA_DATA": str(tmp_path)}
    with open("/dev/full", "w") as full:
        words = [*ALULA, *command]
        result = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, env=environment, check=False)
    assert result.returncode == 3
    assert result.stderr.count("error[") == 1
    assert "error[DiskFull]" in result.stderr


LONG = "a" * 5_000


@pytest.mark.parametrize(
    "words", [("run", LONG, "hello"), ("register", LONG), ("compile", LONG), ("up", "--data", f"/tmp/{LONG}")]
)
def test_a_word_that_is_too_long_for_a_path(words):
    check(alula(*words), 2, "error[PathTooLong]", "a" * 70, "fix: give a shorter one")


@pytest.mark.parametrize("words", [("run", "{}", "w", "--x", "1"), ("register", "--dry-run", "{}")])
def test_a_workflow_whose_function_raises_is_the_authors_error(tmp_path, words, platform: RunningPlatform):
    lines = [
        "from alula import approve, task, workflow",
        "@task",
        "def t(x: int) -> int: return x",
        "@workflow",
        "def w(x: int) -> int:",
        '    return approve(t(x=x), "ok")',
    ]
    flow = write(tmp_path, "\n".join(lines), "raises.py")
    result = alula(*(word.format(flow) for word in words), environment={"ALULA_ENDPOINT": platform.grpc})
    check(result, 2, "error[WorkflowBodyFailed]", "the body of workflow `raises.w`", "missing 1 required positional")
    assert 'return approve(t(x=x), "ok")' in result.stderr
    assert result.stderr.count("  File ") == 1


def test_no_platform_is_status_3_with_a_way_out(tmp_path):
    environment = {"ALULA_DATA": str(tmp_path), "HOME": str(tmp_path)}
    for words in (("list", "task"), ("run", "--remote", str(FLOWS), "hello"), ("watch", "a1")):
        check(alula(*words, environment=environment), 3, "error[PlatformNotFound]", "alula up")


def test_a_platform_that_does_not_answer_is_status_3():
    check(alula("list", "task", "--endpoint", "127.0.0.1:1"), 3, "error[PlatformUnreachable]", "alula up")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("get", "task", "nosuch"), ("there is no task `nosuch`",)),
        (("get", "execution", "nosuch"), ("nosuch",)),
        (("describe", "execution", "nosuch"), ("nosuch",)),
        (("watch", "nosuch"), ("nosuch",)),
        (("logs", "nosuch"), ("nosuch",)),
        (("abort", "nosuch"), ("nosuch",)),
        (("watch", "Not_A_Name"), ("error[BadExecutionName]",)),
        (("list", "task", "--filter", "eq(shoe,1)"), ("shoe",)),
        (("list", "task", "--token", "x"), ("x",)),
        (("list", "node-execution"), ("error[MissingRun]",)),
        (("list", "shoes"), ("error[BadUsage]",)),
        (("lst",), ("error[BadUsage]",)),
    ],
)
def test_what_is_not_there_is_status_2(words, said, platform: RunningPlatform):
    check(alula(*words, environment={"ALULA_ENDPOINT": platform.grpc}), 2, *said)


def test_a_bug_of_ours_shows_its_traceback_only_when_asked(tmp_path):
    path = write(tmp_path, "import nosuch_library\n")
    assert "alula/cli/load.py" in alula("run", path, "f", environment={"ALULA_DEBUG": "1"}).stderr
