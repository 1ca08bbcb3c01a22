"""Tasks that are no functions, steps by themselves, and workflows that a program puts together."""

import sqlite3
import sys
import typing
from contextlib import closing

import pytest
from tests.present import present

from alula import (
    ContainerTask,
    Echo,
    FlyteDirectory,
    FlyteFile,
    ShellTask,
    SQLTask,
    TaskMetadata,
    Workflow,
    create_node,
    kwtypes,
    map_task,
    task,
    workflow,
)
from alula.core.errors import AlulaError
from alula.extras.sqlite3.task import SQLite3Config, SQLite3Task
from alula.extras.tasks.shell import OutputLocation
from alula.models.task import IOStrategy
from alula.sdk.local.attempt import LOCAL
from alula.sdk.serialize.entities import serialize
from alula.sdk.serialize.tasks import task_spec
from alula.sensor import BaseSensor, FileSensor
from alula.testing import patch, task_mock


class Named(typing.NamedTuple):
    s: float


@task
def shout(text: str) -> str:
    return text.upper()


@task
def pair(n: int) -> (int, str):  # pyright: ignore[reportInvalidTypeForm]  as flytekit takes it
    return n, str(n)


@task
def one() -> Named:
    return 1.5  # pyright: ignore[reportReturnType]  a tuple of one, as flytekit takes it


def test_a_script_reads_its_inputs_and_leaves_files(tmp_path):
    made = ShellTask(
        name="made",
        script="set -e; echo {inputs.word} $(wc -l < {inputs.file}) > {outputs.line}; mkdir {outputs.folder}",
        inputs=kwtypes(word=str, file=FlyteFile),
        output_locs=[
            OutputLocation("line", FlyteFile, str(tmp_path / "{inputs.word}.txt")),
            OutputLocation("folder", FlyteDirectory, str(tmp_path / "d")),
        ],
    )
    source = tmp_path / "rows"
    source.write_text("a\nb\n")

    @workflow
    def flow(file: FlyteFile) -> FlyteFile:
        return made(word="rows", file=file).line

    with flow(file=str(source)).open() as line:  # pyright: ignore[reportArgumentType]  a path becomes a file
        assert line.read() == "rows 2\n"


def test_a_script_that_fails_says_how():
    failing = ShellTask(name="failing", script="echo oh >&2; exit 3")
    with pytest.raises(Exception, match="script of task `failing` ended with status 3: oh"):
        failing()


def test_a_script_that_names_what_is_not_there_says_what_is():
    with pytest.raises(ValueError, match=r"no attribute 'm'; there is inputs\.n"):
        ShellTask(name="wrong", script="echo {inputs.m}", inputs=kwtypes(n=int))(n=1)


@pytest.mark.parametrize("given", [{}, {"script": "a", "script_file": "b"}])
def test_a_shell_task_has_one_script(given):
    with pytest.raises(AlulaError, match="ShellTask `s` has"):
        ShellTask(name="s", **given)


def test_settings_of_an_instance_are_those_of_a_task():
    made = ShellTask(
        name="s", script="true", metadata=TaskMetadata(retries=3, interruptible=True), environment={"A": "b"}
    )
    template = task_spec(made, LOCAL).template
    assert template.id.name == "s"
    assert template.metadata.retries.retries == 3
    assert template.metadata.interruptible
    assert {pair.key: pair.value for pair in template.container.env}["A"] == "b"
    with pytest.raises(AlulaError, match="`ShellTask` has no setting `retrys`"):
        ShellTask(name="s", script="true", retrys=3)  # pyright: ignore[reportCallIssue]  a mistake on purpose
    with pytest.raises(AlulaError, match="cached without a version"):
        ShellTask(name="s", script="true", cache=True)


def test_a_container_is_written_with_its_command_and_places():
    area = ContainerTask(
        name="area",
        image="busybox",
        command=["sh", "-c"],
        arguments=["echo {{.inputs.a}}"],
        inputs=kwtypes(a=float),
        outputs=kwtypes(area=float),
        input_data_dir="/var/inputs",
        output_data_dir="/var/outputs",
        io_strategy=ContainerTask.IOStrategy.DO_NOT_DOWNLOAD | ContainerTask.IOStrategy.UPLOAD_ON_EXIT,
    )
    template = task_spec(area, LOCAL).template
    assert (template.type, template.container.image) == ("raw-container", "busybox")
    assert (list(template.container.command), list(template.container.args)) == (["sh", "-c"], ["echo {{.inputs.a}}"])
    data = template.container.data_config
    assert (data.enabled, data.input_path, data.output_path) == (True, "/var/inputs", "/var/outputs")
    assert data.io_strategy == IOStrategy(download_mode="DO_NOT_DOWNLOAD", upload_mode="UPLOAD_ON_EXIT")
    with pytest.raises(AlulaError, match="ContainerTask `area` runs in a container"):
        area(a=1.0)
    with task_mock(area) as mock:
        mock.return_value = 4.0
        assert area(a=2.0) == 4.0


def test_a_container_moves_its_inputs_in_one_way():
    both = ContainerTask.IOStrategy.DO_NOT_DOWNLOAD | ContainerTask.IOStrategy.DOWNLOAD_EAGER
    with pytest.raises(AlulaError, match="expected one for inputs, one for outputs"):
        ContainerTask(name="c", image="busybox", command=["true"], io_strategy=both)


def test_a_query_fills_in_its_inputs(tmp_path):
    with closing(sqlite3.connect(tmp_path / "db")) as connection, connection:
        connection.execute("create table t (n int, s text)")
        connection.executemany("insert into t values (?, ?)", [(1, "a"), (2, "b"), (3, "c")])
    rows = SQLite3Task(
        "rows",
        query_template="select s from t\n where n >= {{ .inputs.least }}",
        inputs=kwtypes(least=int),
        task_config=SQLite3Config(str(tmp_path / "db")),
    )
    assert list(rows(least=2)["s"]) == ["b", "c"]
    with pytest.raises(AlulaError, match="the query of `rows` has no input `least`"):
        SQLite3Task("rows", "select {{.inputs.least}}", task_config=SQLite3Config("x"))


def test_a_query_for_a_platform_is_written_as_one():
    query = SQLTask("q", "select {{.inputs.n}}", inputs=kwtypes(n=int), task_type="warehouse")
    template = task_spec(query, LOCAL).template
    assert (template.type, template.sql.statement) == ("warehouse", "select {{.inputs.n}}")
    assert query.get_query(n=3) == "select 3"


def test_an_echo_gives_its_inputs_back():
    assert Echo("same", inputs=kwtypes(x=int))(x=3) == 3
    both = Echo("both", inputs=kwtypes(x=int, y=str))

    @workflow
    def flow(n: int) -> str:
        return both(x=n, y="a").o1

    assert flow(n=1) == "a"


def test_sensors_wait_until_it_is_so(tmp_path):
    class Third(BaseSensor):
        poll_interval_s = 0.0
        looks = 0

        async def poke(self, wanted: int) -> bool:
            self.looks += 1
            return self.looks == wanted

    third = Third(name="third")
    third(wanted=3)
    assert third.looks == 3
    FileSensor(name="there", timeout=60)(path=str(tmp_path))
    with pytest.raises(OSError, match="can't look for s3://"):
        FileSensor(name="far")(path="s3://bucket/key")


def test_tuples_as_flytekit_takes_them():
    @workflow
    def flow(n: int) -> (int, str, float):  # pyright: ignore[reportInvalidTypeForm]  as flytekit takes it
        number, text = pair(n=n)
        return number, text, one().s

    assert flow(n=3) == (3, "3", 1.5)


def test_steps_by_themselves_are_ordered_and_picked_apart():
    @workflow
    def flow(n: int) -> tuple[int, float]:
        last, first = create_node(one), create_node(pair, n=n)
        first.runs_before(last)
        return first.outputs["o0"], last.s  # pyright: ignore[reportReturnType]  promises

    assert [node.id for node in flow.graph().nodes[0].upstream] == ["n1"]
    assert flow(n=2) == (2, 1.5)
    with pytest.raises(AlulaError, match="no workflow is being declared"):
        create_node(one)


def test_a_workflow_made_of_calls_is_one():
    made = Workflow(name="made.by.calls")
    made.add_workflow_input("text", str)
    node = made.add_entity(shout, text=made.inputs["text"])
    made.add_subwf(flow_of_one, text="b")
    made.add_workflow_output("loud", node.outputs["o0"])
    made.add_workflow_output("louder", [node.o0, node.o0], python_type=list[str])
    assert made.ready()
    assert made(text="a") == ("A", ["A", "A"])
    assert serialize(made, settings=LOCAL).id.name == "made.by.calls"

    @workflow
    def outer() -> str:
        return made(text="c").loud

    assert outer() == "C"


@workflow
def flow_of_one(text: str) -> str:
    return shout(text=text)


MISTAKES = {
    "has no output `o7`": lambda made: made.add_entity(shout, text="a").o7,
    "has an input `text` already": lambda made: made.add_workflow_input("text", str),
    "which is of no step": lambda made: made.add_workflow_output("out", 3),
    "add that by `add_subwf`": lambda made: made.create_conditional("c"),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_a_mistake_in_a_workflow_made_of_calls(message):
    made = Workflow(name="wrong")
    made.add_workflow_input("text", str)
    with pytest.raises(AlulaError) as raised:
        MISTAKES[message](made)
    assert message in f"{raised.value} {raised.value.fix}"
    assert __file__ in str(raised.value)


def test_a_failure_handler_of_a_workflow_made_of_calls():
    made = Workflow(name="handled")
    made.add_workflow_input("text", str)
    made.add_entity(shout, text=made.inputs["text"])
    made.add_on_failure_handler(shout)
    assert present(made.graph().failure).entity is shout


def test_items_take_settings_and_positions():
    doubled = map_task(shout, metadata=TaskMetadata(retries=2))

    @workflow
    def flow(texts: list[str]) -> list[str]:
        return doubled(texts)

    assert flow.graph().nodes[0].overrides.retries == 2
    assert flow(texts=["a", "b"]) == ["A", "B"]
    with pytest.raises(AlulaError, match="a step has no setting `deprecated`"):
        map_task(shout, metadata=TaskMetadata(deprecated="yes"))


def test_least_successes_leave_the_type_of_the_list():
    @workflow
    def flow(texts: list[str]) -> list[str]:
        return map_task(shout, min_successes=1)(text=texts)

    assert flow(texts=["a"]) == ["A"]


@patch(shout)
def test_a_test_gets_the_mock(mock):
    mock.side_effect = lambda text: f"{text}!"
    assert flow_of_one(text="a") == "a!"


def test_only_tasks_are_mocked():
    with pytest.raises(AlulaError, match="only a task can be mocked"), task_mock(sys):  # pyright: ignore[reportArgumentType]  a mistake on purpose
        pass
