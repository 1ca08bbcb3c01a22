"""One attempt, from its command line to its result files."""

import os
import re
import sys
import tarfile
from pathlib import Path

import pytest
from flyteidl.core.errors_pb2 import ContainerError, ErrorDocument
from flyteidl.core.execution_pb2 import ExecutionError
from flyteidl.core.literals_pb2 import LiteralMap

from alula.core.errors import NotFound
from alula.sdk.authoring.kind import SETTINGS_VARIABLE
from alula.sdk.runtime.entrypoint import foresee, main, preload
from alula.sdk.task_context.secret import Secrets

SOURCE = """
import sys
from pathlib import Path
from typing import NamedTuple, Optional
from alula import Deck, FlyteFile, RecoverableError, current_context, dynamic, task

class Pair(NamedTuple):
    first: int
    second: str

@task
def add(x: int, y: int = 2) -> int:
    return x + y

@task
def optional(x: int, o: Optional[str]) -> str:
    return f"{x} {o}"

@task
def pair(x: int) -> Pair:
    return Pair(x, "a")

@task
def nothing(x: int):
    print("said")

@task
async def later(x: int) -> int:
    import asyncio
    await asyncio.sleep(0)
    return x

@task
def scale(x: int, b: str) -> str:
    return b * x

@task
def where(x: int) -> str:
    here = current_context()
    return f"{here.execution_id.name} {here.task_id.version} {here.attempt} {here.working_directory}"

@task
def secret(x: int) -> str:
    return current_context().secrets.get("group", "key")

@task(enable_deck=True)
def report(x: int) -> int:
    Deck("A <b>", "<p>x</p>")
    if x == 0:
        raise ValueError("no")
    return x

@task(enable_deck=True)
def published(x: int) -> str:
    deck = Deck("A", "<p>x</p>")
    Deck.publish()
    deck.append("later")
    (page,) = Path(current_context().raw_output_prefix).parent.glob("*/deck.html")
    return page.read_text()

@task
def written(x: int) -> FlyteFile:
    file = FlyteFile.new("a.txt")
    with file.open("w") as out:
        out.write("text")
    return file

@task
def resumed(x: int) -> int:
    checkpoint = current_context().checkpoint
    before = int(checkpoint.read() or b"0")
    checkpoint.write(str(before + 1).encode())
    return before

def deeper(x):
    raise KeyError(x)

@task
def fails(x: int) -> int:
    try:
        deeper(x)
    except KeyError as error:
        raise ValueError("outer") from error

@task
def recoverable(x: int) -> int:
    raise RecoverableError("busy")

@task
def leaves(x: int) -> int:
    sys.exit(3)

@task
def wrong(x: int) -> int:
    return "a"

@task
def wrong_count(x: int) -> Pair:
    return 1

@task
def surplus(x: int):
    return 1

@task
def long_message(x: int) -> int:
    raise ValueError("m" * 1_000_000)

class Coded(Exception):
    error_code = "USER:Special"

@task
def coded(x: int) -> int:
    raise Coded("c")

@task
def surrogate(x: int) -> int:
    raise ValueError("caf\\udce9")

@task
def noted(x: int) -> int:
    error = ValueError("noted")
    error.add_note("caf\\udce9")
    raise error

class Mute(Exception):
    def __str__(self):
        raise KeyError("mute")

class Empty(Exception):
    def __str__(self):
        return None

class Uncoded(Exception):
    @property
    def error_code(self):
        raise KeyError("uncoded")

    @property
    def __notes__(self):
        raise KeyError("notes")

class Base(BaseException):
    pass

@task
def mute(x: int) -> int:
    raise Mute

@task
def empty(x: int) -> int:
    raise Empty

@task
def uncoded(x: int) -> int:
    raise Uncoded("u")

@task
def base(x: int) -> int:
    raise Base("b")

@task
async def base_later(x: int) -> int:
    raise Base("b")

@task
def generator_exit(x: int) -> int:
    raise GeneratorExit

@dynamic
def grows(x: int) -> int:
    add(x=x)
    raise GeneratorExit

@task
def interrupted(x: int) -> int:
    raise KeyboardInterrupt

class OddlyCoded(Exception):
    error_code = "Caf\\udce9"

@task
def oddly_coded(x: int) -> int:
    raise OddlyCoded("o")

not_a_task = 3
"""


@pytest.fixture
def attempt(tmp_path, monkeypatch):
    return Attempt(tmp_path, monkeypatch)


class Attempt:
    def __init__(self, folder: Path, monkeypatch):
        self.folder = folder
        self.module = f"attempted_{folder.name}".replace("-", "_")
        code = folder / "code"
        code.mkdir()
        (code / f"{self.module}.py").write_text(SOURCE)
        monkeypatch.syspath_prepend(str(code))
        self.work = folder / "work"
        self.work.mkdir()
        monkeypatch.chdir(self.work)
        self.count = 0

    def run(self, task: str, *, inputs: LiteralMap | None = None, module: str = "", extra=(), options=()):
        self.count += 1
        self.out = self.folder / f"out{self.count}"
        (self.folder / "inputs.pb").write_bytes((inputs or integer(x=3)).SerializeToString())
        return main(
            [
                "--inputs", str(self.folder / "inputs.pb"),
                "--output-prefix", str(self.out),
                "--raw-output-data-prefix", str(self.folder / "raw"),
                "--checkpoint-path", str(self.folder / f"checkpoint{self.count}"),
                "--prev-checkpoint", str(self.folder / f"checkpoint{self.count - 1}") if self.count > 1 else '""',
                *options,
                "--", "task-module", module or self.module, "task-name", task, *extra,
            ]
        )  # fmt: skip

    def outputs(self, task: str, **kwargs) -> LiteralMap:
        assert self.run(task, **kwargs) == 0
        assert not (self.out / "error.pb").exists(), (self.out / "error.pb").read_bytes()
        return LiteralMap.FromString((self.out / "outputs.pb").read_bytes())

    def error(self, task: str, **kwargs) -> ContainerError:
        assert self.run(task, **kwargs) == 0
        assert not (self.out / "outputs.pb").exists()
        return ErrorDocument.FromString((self.out / "error.pb").read_bytes()).error


def integer(**values: int) -> LiteralMap:
    inputs = LiteralMap()
    for name, value in values.items():
        inputs.literals[name].scalar.primitive.integer = value
    return inputs


def test_inputs_become_outputs_and_defaults_count(attempt):
    assert attempt.outputs("add").literals["o0"].scalar.primitive.integer == 5
    assert attempt.outputs("add", inputs=integer(x=1, y=1)).literals["o0"].scalar.primitive.integer == 2
    assert attempt.outputs("optional").literals["o0"].scalar.primitive.string_value == "3 None"
    assert attempt.outputs("later").literals["o0"].scalar.primitive.integer == 3
    named = attempt.outputs("pair").literals
    assert (named["first"].scalar.primitive.integer, named["second"].scalar.primitive.string_value) == (3, "a")
    assert attempt.outputs("nothing") == LiteralMap()
    assert os.listdir(attempt.out) == ["outputs.pb"]


def test_a_file_is_stored_under_the_raw_prefix(attempt):
    uri = attempt.outputs("written").literals["o0"].scalar.blob.uri
    assert uri.startswith(str(attempt.folder / "raw"))
    assert Path(uri).read_text() == "text"


def test_an_item_of_a_map_task_takes_its_part(attempt, monkeypatch):
    inputs = LiteralMap()
    for value in (1, 2, 3):
        inputs.literals["x"].collection.literals.add().scalar.primitive.integer = value
    inputs.literals["b"].scalar.primitive.string_value = "k"
    monkeypatch.setenv("BATCH_JOB_ARRAY_INDEX_VAR_NAME", "THE_INDEX")
    monkeypatch.setenv("THE_INDEX", "1")
    monkeypatch.setenv("BATCH_JOB_ARRAY_INDEX_OFFSET", "1")
    outputs = attempt.outputs("scale", inputs=inputs, extra=["map-bound", "b"])
    assert outputs.literals["o0"].scalar.primitive.string_value == "kkk"
    monkeypatch.setenv("THE_INDEX", "2")
    assert "`x` has no item 3" in attempt.error("scale", inputs=inputs, extra=["map-bound", "b"]).message
    monkeypatch.delenv("THE_INDEX")
    assert attempt.error("scale", inputs=inputs, extra=["map-bound", "b"]).origin == ExecutionError.SYSTEM


def test_the_inputs_of_an_array_are_read_once_for_all_items(attempt, monkeypatch):
    inputs = LiteralMap()
    for value in (1, 2, 3):
        inputs.literals["x"].collection.literals.add().scalar.primitive.integer = value
    file = attempt.folder / "array.pb"
    file.write_bytes(inputs.SerializeToString())
    words = ["--inputs", str(file), "--output-prefix", str(attempt.folder / "out"), "--"]
    words += ["task-module", attempt.module, "task-name", "add", "map-bound", ""]
    foresee(words)
    file.unlink()
    monkeypatch.setenv("FLYTE_K8S_ARRAY_INDEX", "2")
    assert main(words) == 0
    outputs = LiteralMap.FromString((attempt.folder / "out" / "outputs.pb").read_bytes())
    assert outputs.literals["o0"].scalar.primitive.integer == 5
    foresee(words[:-2])  # another attempt, that is no item: what was kept goes
    assert main(words) == 0
    assert (attempt.folder / "out" / "error.pb").exists()


def test_the_context_says_who_and_where(attempt, monkeypatch):
    monkeypatch.setenv("FLYTE_INTERNAL_EXECUTION_ID", "e1")
    monkeypatch.setenv("_F_TK_V", "v1")
    monkeypatch.setenv("FLYTE_ATTEMPT_NUMBER", "2")
    said = attempt.outputs("where").literals["o0"].scalar.primitive.string_value
    assert said == f"e1 v1 2 {attempt.work}"


def test_a_secret_comes_from_variable_or_file(attempt, monkeypatch, tmp_path):
    monkeypatch.setenv("FLYTE_SECRETS_DEFAULT_DIR", str(tmp_path))
    missing = attempt.error("secret")
    assert missing.code == "USER:SecretNotFound"
    assert "_FSEC_GROUP_KEY" in missing.message
    (tmp_path / "group").mkdir()
    (tmp_path / "group" / "key").write_text("from file\n")
    assert attempt.outputs("secret").literals["o0"].scalar.primitive.string_value == "from file"
    monkeypatch.setenv("_FSEC_GROUP_KEY", "from variable")
    assert attempt.outputs("secret").literals["o0"].scalar.primitive.string_value == "from variable"


def test_a_run_of_this_machine_takes_a_secret_from_a_variable_without_prefix(monkeypatch):
    monkeypatch.setenv("GROUP_V2_KEY", "of this machine")
    assert Secrets().get("group", "key", "v2") == "of this machine"
    monkeypatch.setenv("FLYTE_INTERNAL_EXECUTION_ID", "e1")
    with pytest.raises(NotFound, match="_FSEC_GROUP_V2_KEY"):
        Secrets().get("group", "key", "v2")


def test_a_checkpoint_reaches_the_next_attempt(attempt):
    assert attempt.outputs("resumed").literals["o0"].scalar.primitive.integer == 0
    assert attempt.outputs("resumed").literals["o0"].scalar.primitive.integer == 1


def test_a_failure_has_the_authors_frames_only(attempt):
    error = attempt.error("fails")
    assert (error.code, error.kind, error.origin) == (
        "USER:ValueError",
        ContainerError.NON_RECOVERABLE,
        ExecutionError.USER,
    )
    assert error.message.startswith("ValueError: outer\n")
    assert "KeyError: 3" in error.message
    files = set(re.findall(r'File "([^"]+)"', error.message))
    assert files == {str(attempt.folder / "code" / f"{attempt.module}.py")}
    assert error.timestamp.seconds > 0


def test_only_a_recoverable_error_asks_for_another_attempt(attempt):
    error = attempt.error("recoverable")
    assert (error.code, error.kind) == ("USER:Recoverable", ContainerError.RECOVERABLE)


@pytest.mark.parametrize(
    ("task", "code", "told"),
    [
        ("leaves", "USER:SystemExit", "SystemExit: 3"),
        ("coded", "USER:Special", "Coded: c"),
        ("wrong", "USER:TypeError", "output `o0` of task `wrong` .*: expected int, got str 'a'"),
        ("wrong_count", "USER:TypeError", r"expected a tuple of 2 \(first, second\), got int 1"),
        ("surplus", "USER:TypeError", "expected None, as no output is declared, got int 1"),
        ("long_message", "USER:ValueError", "characters left out"),
        ("nope", "USER:UnloadableCode", "has nothing called `nope`, not a task"),
        ("not_a_task", "USER:UnloadableCode", "has an int called `not_a_task`"),
    ],
)
def test_each_failure_has_its_code(attempt, task, code, told):
    error = attempt.error(task)
    assert error.code == code
    assert re.search(told, error.message)
    assert len(error.message) < 100_000


@pytest.mark.parametrize(
    ("task", "code", "headline"),
    [
        ("surrogate", "USER:ValueError", r"ValueError: caf\udce9"),
        ("noted", "USER:ValueError", "ValueError: noted"),
        ("mute", "USER:Mute", "Mute: <its text can't be had: KeyError>"),
        ("empty", "USER:Empty", "Empty: <its text can't be had: TypeError>"),
        ("uncoded", "USER:Uncoded", "Uncoded: u"),
        ("base", "USER:Base", "Base: b"),
        ("base_later", "USER:Base", "Base: b"),
        ("generator_exit", "USER:GeneratorExit", "GeneratorExit"),
        ("grows", "USER:GeneratorExit", "GeneratorExit"),
        ("oddly_coded", r"USER:Caf\udce9", "OddlyCoded: o"),
    ],
)
def test_an_exception_that_is_hard_to_tell_is_told_all_the_same(attempt, task, code, headline, monkeypatch):
    monkeypatch.setenv(SETTINGS_VARIABLE, "{}")
    error = attempt.error(task)
    assert (error.code, error.kind, error.origin) == (code, ContainerError.NON_RECOVERABLE, ExecutionError.USER)
    assert error.message.splitlines()[0] == headline
    assert re.search(rf'File ".*{attempt.module}.py", line \d+, in {task}\n', error.message)
    assert "alula" + os.sep + "sdk" not in error.message


def test_ctrl_c_is_no_failure_of_the_task(attempt):
    with pytest.raises(KeyboardInterrupt):
        attempt.run("interrupted")


def test_wrong_and_missing_inputs_are_told(attempt):
    inputs = LiteralMap()
    inputs.literals["x"].scalar.primitive.string_value = "a"
    error = attempt.error("add", inputs=inputs)
    assert (error.code, error.message) == (
        "USER:TypeError",
        "input `x` of task `add`: expected int, got a string_value",
    )
    assert "got no value for input `x` (int)" in attempt.error("add", inputs=LiteralMap()).message


def test_what_came_instead_of_an_input_has_its_article(attempt):
    assert attempt.error("scale", inputs=integer(x=1, b=2)).message.endswith("expected str, got an integer")
    empty = LiteralMap()
    empty.literals["x"].hash = "h"
    assert attempt.error("add", inputs=empty).message.endswith("expected int, got an empty literal")


@pytest.mark.parametrize("form", ["report", "frames"])
def test_an_error_names_files_as_they_were_packed_and_not_where_this_attempt_had_them(attempt, monkeypatch, form):
    code = attempt.folder / "code"
    monkeypatch.setenv("PYTHONPATH", str(code))
    monkeypatch.setenv("FLYTE_INTERNAL_EXECUTION_ID", "e")
    message = attempt.error({"report": "fails", "frames": "uncoded"}[form]).message
    assert f'File "{attempt.module}.py", line' in message
    assert "raise " in message, "the lines of the source are there"
    assert str(code) not in message
    (code / "unreadable.py").write_text("x = (")
    message = attempt.error("fails", module="unreadable").message
    assert 'File "unreadable.py", line 1' in message and str(code) not in message


def test_code_that_does_not_import_is_told_with_its_traceback(attempt):
    code = attempt.folder / "code"
    (code / "broken_module.py").write_text("1 / 0\n")
    (code / "needs_more.py").write_text("import not_installed_here\n")
    error = attempt.error("t", module="broken_module")
    assert error.code == "USER:UnloadableCode"
    assert "ZeroDivisionError" in error.message and "broken_module.py" in error.message
    assert "importlib" not in error.message
    assert "No module named 'not_installed_here'" in attempt.error("t", module="needs_more").message
    assert "there is no module `nowhere.at.all`" in attempt.error("t", module="nowhere.at.all").message


def test_inputs_that_can_not_be_read_are_the_platforms_fault(attempt):
    (attempt.folder / "bad.pb").write_bytes(b"\xff\xff")
    for name in ("bad.pb", "missing.pb"):
        out = attempt.folder / name.replace(".pb", "-out")
        arguments = ["--inputs", str(attempt.folder / name), "--output-prefix", str(out), "--"]
        assert main([*arguments, "task-module", attempt.module, "task-name", "add"]) == 0
        error = ErrorDocument.FromString((out / "error.pb").read_bytes()).error
        assert (error.code, error.kind, error.origin) == (
            "SYSTEM:DownloadDataError",
            ContainerError.RECOVERABLE,
            ExecutionError.SYSTEM,
        )


def test_outputs_that_can_not_be_stored_are_the_platforms_fault(attempt):
    (attempt.folder / "raw").write_text("in the way")
    error = attempt.error("written")
    assert (error.code, error.kind) == ("SYSTEM:UploadDataError", ContainerError.RECOVERABLE)


def test_decks_are_written_also_for_a_failure(attempt):
    attempt.outputs("report")
    page = (attempt.out / "deck.html").read_text()
    assert "A &lt;b&gt;" in page
    attempt.error("report", inputs=integer(x=0))
    assert (attempt.out / "deck.html").exists()


def test_a_deck_that_was_published_is_there_at_once(attempt):
    page = attempt.outputs("published").literals["o0"].scalar.primitive.string_value
    assert "&lt;p&gt;x&lt;/p&gt;" in page
    assert "later" not in page
    assert "later" in (attempt.out / "deck.html").read_text()


def test_packed_code_is_fetched_first(attempt, tmp_path, monkeypatch):
    source = tmp_path / "packed_module.py"
    source.write_text("from alula import task\n@task\ndef t(x: int) -> int:\n    return x * 2\n")
    with tarfile.open(tmp_path / "code.tar.gz", "w:gz") as bundle:
        bundle.add(source, "packed_module.py")
    monkeypatch.setattr(sys, "path", list(sys.path))
    outputs = attempt.outputs("t", module="packed_module", options=["--code", str(tmp_path / "code.tar.gz")])
    assert outputs.literals["o0"].scalar.primitive.integer == 6
    missing = attempt.error("t", module="packed_module", options=["--code", str(tmp_path / "none.tar.gz")])
    assert missing.code == "SYSTEM:DownloadDataError"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "there is no `--`"),
        (["--"], "`--inputs` is missing"),
        (["--inputs", "i", "--output-prefix", "o", "--"], "`task-module` is missing"),
        (["--what", "i", "--"], "can't read `--what i`"),
    ],
)
def test_a_command_line_that_can_not_be_read_is_no_attempt(arguments, told, capsys):
    assert main(arguments) == 2
    assert told in capsys.readouterr().err


def test_preload_prepares_what_attempts_need(attempt):
    preload([attempt.module])
    assert attempt.module in sys.modules
    with pytest.raises(ModuleNotFoundError):
        preload(["nowhere"])


def test_a_forked_attempt_does_as_the_first_one(attempt):
    preload([attempt.module])
    for _ in range(2):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = attempt.run("add")
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
    assert (attempt.folder / "out1" / "outputs.pb").exists()
