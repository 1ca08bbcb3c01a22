"""Users add kinds of tasks: by a call, or by an entry point of an installed package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.plugin_packages import ENTRIES, MODULE, USE, install

from alula import PythonKind, dynamic, map_task, register_task_kind, task, workflow
from alula.core.errors import InvalidInput
from alula.sdk.serialize.entities import serialize
from alula.sdk.serialize.settings import SerializationSettings

SETTINGS = SerializationSettings(require_importable=False)


class Query:
    """The config of a task that runs as SQL."""

    def __init__(self, text: str) -> None:
        self.text = text


class QueryKind(PythonKind):
    type = "query"

    def __init__(self, config: Query) -> None:
        self._config = config

    def target(self, task, writing):
        from flyteidl.core.tasks_pb2 import Sql

        return Sql(statement=self._config.text, dialect=Sql.ANSI)

    def custom(self):
        return {"rows": 3, "of": ["a", None]}

    def execute(self, task, values):
        return f"{self._config.text}: {super().execute(task, values)}"


@pytest.fixture(scope="module", autouse=True)
def registered() -> None:
    register_task_kind("tests.Query", QueryKind)
    register_task_kind("tests.Taken", lambda _: PythonKind())
    register_task_kind("tests.Bad", Bad.make)


class Taken: ...


class Bad(PythonKind):
    type = "bad"

    @staticmethod
    def make(_: object) -> Bad:
        return Bad()

    def custom(self):
        return {"object": object()}


def test_a_kind_writes_and_runs_its_tasks():
    @task(task_config=Query("select 1"), retries=2)
    def asked(n: int) -> str:
        return str(n)

    @task(task_config=Query("select 2"))
    async def later(n: int) -> str:
        return str(n)

    @workflow
    def flow() -> str:
        return asked(n=3)

    assert asked(n=2) == "select 1: 2"
    assert flow() == "select 1: 3"
    template = serialize(asked, settings=SETTINGS).tasks[asked.name].template
    assert (template.type, template.sql.statement, template.metadata.retries.retries) == ("query", "select 1", 2)
    assert not template.HasField("container")
    assert dict(template.custom.items())["rows"] == 3
    with pytest.raises(InvalidInput, match="of type `query`, which has no container"):
        serialize(workflow_of(map_task(asked)), settings=SETTINGS)


def workflow_of(array):
    @workflow
    def mapped() -> list[str]:
        return array(n=[1])

    return mapped


def refusal(config: object) -> InvalidInput:
    with pytest.raises(InvalidInput) as raised:

        @task(task_config=config)
        def f() -> int:
            return 1

        serialize(f, settings=SETTINGS)
    return raised.value


def test_what_can_not_be_is_refused():
    assert refusal(Taken()).code == "TaskTypeTaken"
    assert "`python-task`, which is taken" in refusal(Taken()).message
    assert refusal(Bad()).code == "InvalidSetting"
    unknown = refusal(object())
    assert (unknown.code, "no kind of task has configs of object" in unknown.message) == ("UnknownTaskConfig", True)
    with pytest.raises(InvalidInput, match=r"`tests\.Query` has a kind of task already") as raised:
        register_task_kind("tests.Query", QueryKind)
    assert raised.value.code == "PluginConflict"
    with pytest.raises(InvalidInput, match="`@dynamic` has no setting `task_config`"):
        dynamic(task_config=Query("x"))  # type: ignore[call-arg]


def run(folder: Path, *commands: str) -> subprocess.CompletedProcess[str]:
    (folder / "use.py").write_text(USE)
    environment = {**os.environ, "PYTHONPATH": str(folder / "installed")}
    return subprocess.run(
        [sys.executable, "-c", "\n".join(commands)],
        cwd=folder, env=environment, text=True, capture_output=True, check=False,
    )  # fmt: skip


def test_an_installed_package_brings_a_type_and_a_kind(tmp_path: Path) -> None:
    install(tmp_path / "installed")
    done = run(tmp_path, "import use", "print(use.pipeline())")
    assert done.stdout.splitlines()[-1] == "(84, ['locally1', 'locally2'])", done.stderr
    assert done.stdout.count("slowly: use.twice took 0 s") == 2


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "money:TimedKind",
            "money:Gone",
            "PluginUnloadable entry point `money.Timed = money:Gone` of the group `alula.task_kinds` (package `money`)"
            " does not load: AttributeError",
        ),
        (
            "money:TimedKind",
            "purse:TimedKind",
            "PluginUnloadable entry point `money.Timed = purse:TimedKind` of the group `alula.task_kinds` (package"
            " `money`) does not load: ModuleNotFoundError",
        ),
        ('type = "timed"', 'type = "echo"', "the kind of task for Timed has the type `echo`, which is taken"),
    ],
)
def test_a_package_that_does_not_fit_is_named(old: str, new: str, told: str, tmp_path: Path) -> None:
    install(tmp_path / "installed", module=MODULE.replace(old, new), entries=ENTRIES.replace(old, new))
    done = run(tmp_path, "try: import use", "except Exception as error: print(error.code, error)")
    assert told in done.stdout


def test_two_packages_for_one_class_are_named(tmp_path: Path) -> None:
    install(tmp_path / "installed")
    install(tmp_path / "installed", name="purse", module="", entries="[alula.types]\nmoney.Money = money:Money\n")
    done = run(tmp_path, "try: import use; use.pipeline.graph(); use.twice.interface; use.pipeline()",
               "except Exception as error: print(error.code, error)")  # fmt: skip
    assert done.stdout.startswith("PluginConflict")
    assert "`money:Money` of package `purse` and `money:MoneyTransformer` of package `money`" in done.stdout
