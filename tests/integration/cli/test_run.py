"""`alula run`, here and on a platform, and what shows its runs, as processes of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
import yaml
from flyteidl.admin import execution_pb2, launch_plan_pb2, node_execution_pb2, project_pb2, task_pb2, workflow_pb2
from flyteidl.core import literals_pb2
from google.protobuf.json_format import ParseDict
from tests.integration.platform import ALULA, RunningPlatform, alula

FLOWS = str(Path(__file__).parent / "flows" / "steps.py")
GOLDEN = Path(__file__).parent / "golden"
EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def on(platform: RunningPlatform):
    """Runs a command against the platform."""
    return lambda *words: alula(*words, environment={"ALULA_ENDPOINT": platform.grpc})


@pytest.fixture
def here(tmp_path):
    """Runs a command without a platform."""
    return lambda *words: alula(*words, environment={"ALULA_DATA": str(tmp_path)})


def launch(on, name: str, *words: str) -> str:
    result = on("run", "--remote", FLOWS, name, *words)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


# Here


def test_a_workflow_runs_here_and_prints_its_result(here):
    result = here("run", FLOWS, "hello", "--name", "Ada")
    assert (result.returncode, result.stdout) == (0, "greeting Ada\nHello, Ada!\n")


def test_a_task_and_a_launch_plan_run_too(here):
    assert here("run", FLOWS, "greet", "--name", "Bo").stdout.endswith("Hello, Bo!\n")
    assert here("run", FLOWS, "ada").stdout.endswith("Hello, Ada!\n")


def test_retries_arrays_and_several_outputs_work_here(here):
    result = here("run", FLOWS, "wide", "--xs", "[4, 5]")
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("scaled: [4, 5]\nseven: 7\n")


def test_a_map_task_runs_by_itself_here_and_on_a_platform(here, on):
    assert here("run", FLOWS, "trebled", "--x", "[4, 5]").stdout.endswith("\n[12, 15]\n")
    result = on("run", "--remote", "--wait", FLOWS, "trebled", "--x", "[4, 5]")
    assert (result.returncode, result.stdout) == (0, "[12, 15]\n"), result.stderr


def test_json_of_a_local_run_is_the_literal_map(here, tmp_path):
    result = here("run", FLOWS, "constant", "-o", "json")
    outputs = ParseDict(json.loads(result.stdout), literals_pb2.LiteralMap())
    assert outputs.literals["o0"].scalar.primitive.integer == 7


@pytest.mark.parametrize(("form", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_what_user_code_prints_does_not_stand_in_the_document(here, tmp_path, form, read):
    flow = tmp_path / "loud.py"
    flow.write_text(LOUD)
    result = here("run", str(flow), "f", "-o", form)
    assert result.returncode == 0, result.stderr
    assert ParseDict(read(result.stdout), literals_pb2.LiteralMap()).literals["o0"].scalar.primitive.integer == 7
    assert result.stderr == "imported\nprinted, said by a child\n"
    assert here("run", str(flow), "f").stdout == "printed, said by a child\n7\n"


LOUD = """
import subprocess
from alula import task
print("imported")
@task
def f() -> int:
    print("printed, ", end="", flush=True)
    subprocess.run(["echo", "said by a child"], check=True)
    return 7
"""


def test_a_failure_shows_the_users_frames_and_no_others(here):
    result = here("run", FLOWS, "failing")
    assert result.returncode == 1
    assert "in divide\n" in result.stderr
    assert "return 1 // x" in result.stderr
    assert "alula/" not in result.stderr.replace("alula-", "")
    assert "error[USER:ZeroDivisionError]: node n0: ZeroDivisionError" in result.stderr


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("surrogate", "USER:ValueError", "ValueError: caf\\udce9"),
        ("mute", "USER:Mute", "Mute: <its text can't be had: KeyError>"),
        ("base", "USER:Base", "Base: b"),
        ("grows", "USER:GeneratorExit", "GeneratorExit"),
    ],
)
def test_an_exception_that_is_hard_to_tell_is_told_all_the_same(here, name, code, told):
    result = here("run", str(Path(FLOWS).with_name("hard_to_tell.py")), name)
    assert result.returncode == 1
    assert re.search(rf"error\[{code}\]: node \w+: {re.escape(told)}\n", result.stderr)
    assert f"in {name}\n" in result.stderr


@pytest.mark.parametrize("yes", ["yes", "1", "on", "TRUE"])
def test_answers_to_gates_are_read_as_alula_signal_set_reads_them(tmp_path, yes):
    result = subprocess.run(
        [*ALULA, "run", str(Path(FLOWS).with_name("gated.py")), "waiting"],
        input=f"{yes}\n[]\n{{a: 4}}\n1h30m\n",
        env={**os.environ, "ALULA_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert result.stdout == "True {'a': 4} 1:30:00\n", result.stderr
    assert "`limits`: expected a dict[str, int]" in result.stderr


def test_without_a_name_it_lists_what_there_is(here):
    result = here("run", FLOWS)
    assert result.returncode == 0
    assert ["hello", "workflow", "name", "Greet", "somebody."] in [row.split() for row in result.stdout.splitlines()]


def test_what_there_is_is_a_document_too(here):
    (hello,) = [each for each in json.loads(here("run", FLOWS, "-o", "json").stdout) if each["name"] == "hello"]
    assert hello == {
        "name": "hello",
        "kind": "workflow",
        "inputs": {"name": "str"},
        "description": "Greet somebody.",
    }


def test_a_module_and_its_name_may_be_one_word(tmp_path):
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("")
    (tmp_path / "pkg" / "flows.py").write_text(Path(FLOWS).read_text())
    result = subprocess.run(
        [*ALULA, "run", "pkg.flows:hello"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "ALULA_DATA": str(tmp_path)},
    )
    assert result.stdout.endswith("Hello, world!\n")


# On a platform


def test_wait_follows_to_the_result_with_progress_on_standard_error(on):
    result = on("run", "--remote", "--wait", FLOWS, "wide", "--xs", "[1, 2, 3, 4]")
    assert result.returncode == 0, result.stderr
    assert result.stdout == "scaled: [1, 2, 3, 4]\nseven: 7\n"
    tree = [row.split() for row in result.stderr.splitlines() if row.startswith(("├─", "└─"))]
    assert [row[:5] for row in tree] == [
        ["├─", "✓", "flaky", "n0", "SUCCEEDED"],
        ["├─", "✓", "scale[]", "n1", "SUCCEEDED"],
        ["└─", "✓", "constant", "n2", "SUCCEEDED"],
    ]
    assert tree[0][-2:] == ["attempt", "2"]
    assert tree[1][-1] == "4/4"


def test_what_has_not_changed_is_not_registered_again(on):
    launch(on, "hello")
    assert "nothing changed since version" in on("run", "--remote", FLOWS, "hello").stderr


def test_the_run_has_the_name_labels_and_variables_that_were_asked_for(on):
    assert launch(on, "hello", "--name", "input") != "input"  # the workflow has an input of that name
    run = on("run", "--remote", "--name", "given-name", "--label", "a=b", "--env", "C=d", FLOWS, "hello", "-o", "json")
    message = ParseDict(json.loads(run.stdout), execution_pb2.Execution())
    assert message.id.name == "given-name"
    assert dict(message.spec.labels.values) == {"a": "b"}
    assert [(pair.key, pair.value) for pair in message.spec.envs.values] == [("C", "d")]
    again = on("run", "--remote", "--name", "given-name", FLOWS, "hello")
    assert again.returncode == 2
    assert "given-name" in again.stderr


def test_a_failed_run_is_status_1_and_describe_explains_it(on):
    result = on("run", "--remote", "--wait", FLOWS, "failing")
    assert result.returncode == 1
    assert "error[USER:ZeroDivisionError]" in result.stderr
    name = json.loads(on("list", "execution", "--limit", "1", "-o", "json").stdout)["executions"][0]["id"]["name"]
    told = on("describe", "execution", name).stdout
    assert "✗ invert  n0  FAILED" in told
    assert "return 1 // x" in told
    assert "attempt 0: FAILED" in told
    assert "the Python of the client that registered the task" in told
    assert f"alula logs {name}" in told


def test_logs_are_printed_as_they_were_written(on):
    name = launch(on, "wide")
    assert on("watch", name).returncode == 0
    one = on("logs", name, "scale", "--index", "2")
    assert (one.returncode, one.stdout) == (0, "scaling 3\n")
    every = on("logs", name, "scale")
    assert sorted(every.stdout.splitlines()) == ["scaling 1", "scaling 2", "scaling 3"]
    missing = on("logs", name, "nosuch")
    assert missing.returncode == 2
    assert "error[NodeNotFound]" in missing.stderr


def test_ctrl_c_leaves_the_run_alone_and_abort_ends_it(on, platform):
    with subprocess.Popen(
        [*ALULA, "run", "--remote", "--wait", "--name", "patient-one", FLOWS, "patient"],
        env={**os.environ, "ALULA_ENDPOINT": platform.grpc},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = ""
        while "RUNNING" not in said:
            said += process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert "alula watch patient-one" in said
    assert "alula abort patient-one" in said
    assert json.loads(on("get", "execution", "patient-one", "-o", "json").stdout)["closure"]["phase"] == "RUNNING"

    with subprocess.Popen(
        [*ALULA, "logs", "-f", "patient-one", "wait"],
        env={**os.environ, "ALULA_ENDPOINT": platform.grpc},
        stdout=subprocess.PIPE,
        text=True,
    ) as following:
        assert following.stdout is not None
        assert following.stdout.readline() == "waiting\n"
        assert on("abort", "patient-one", "--cause", "enough").returncode == 0
        assert following.wait(timeout=20) == 0
    ended = on("watch", "patient-one")
    assert ended.returncode == 1
    assert "error[Aborted]" in ended.stderr
    assert "enough" in ended.stderr


# Documents

MESSAGES = {
    "project": (project_pb2.Project, project_pb2.Projects, "flytesnacks"),
    "task": (task_pb2.Task, task_pb2.TaskList, "steps.greet"),
    "workflow": (workflow_pb2.Workflow, workflow_pb2.WorkflowList, "steps.hello"),
    "launch-plan": (launch_plan_pb2.LaunchPlan, launch_plan_pb2.LaunchPlanList, "steps.hello"),
    "execution": (execution_pb2.Execution, execution_pb2.ExecutionList, "documented"),
}


@pytest.fixture(scope="module")
def documented(platform: RunningPlatform) -> None:
    result = alula(
        *("run", "--remote", "--wait", "--name", "documented", FLOWS, "hello"),
        environment={"ALULA_ENDPOINT": platform.grpc},
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.usefixtures("documented")
@pytest.mark.parametrize("kind", MESSAGES)
def test_json_is_the_flyteidl_message(kind, on):
    one, many, name = MESSAGES[kind]
    ParseDict(json.loads(on("get", kind, name, "-o", "json").stdout), one())
    listed = json.loads(on("list", kind, "-o", "json").stdout)
    ParseDict(listed, many())
    assert "token" in listed


@pytest.mark.usefixtures("documented")
def test_node_executions_are_messages_too(on):
    listed = json.loads(on("list", "node-execution", "documented", "-o", "json").stdout)
    assert ParseDict(listed, node_execution_pb2.NodeExecutionList()).node_executions[0].id.node_id == "n0"
    one = json.loads(on("get", "node-execution", "documented", "n0", "-o", "json").stdout)
    assert ParseDict(one, node_execution_pb2.NodeExecution()).closure.phase == 3


@pytest.mark.usefixtures("documented")
def test_describe_is_the_execution_with_more_beside_it(on):
    document = json.loads(on("describe", "execution", "documented", "-o", "json").stdout)
    ParseDict(document, execution_pb2.Execution(), ignore_unknown_fields=True)
    assert document["closure"]["phase"] == "SUCCEEDED"
    assert [node["id"]["node_id"] for node in document["node_executions"]] == ["n0"]
    assert document["full_outputs"]["literals"]["o0"]["scalar"]["primitive"]["string_value"] == "Hello, world!"


@pytest.mark.usefixtures("documented")
def test_the_form_of_a_document_does_not_change_unseen(on):
    """The golden has the fields of an execution, with the values that differ between runs made constant."""
    document = json.loads(on("get", "execution", "documented", "-o", "json").stdout)
    shape = json.dumps(_shape(document), indent=2) + "\n"
    golden = GOLDEN / "execution.json"
    if "ALULA_WRITE_GOLDEN" in os.environ:
        golden.write_text(shape)
    assert shape == golden.read_text()


def _shape(value, key: str = ""):
    if isinstance(value, dict):
        return {name: _shape(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shape(inner) for inner in value]
    changing = key.endswith("_at") or key in ("duration", "version", "principal")
    return f"<{key}>" if changing else value


@pytest.mark.usefixtures("documented")
def test_tables_are_for_people(on):
    rows = [row.split() for row in on("list", "execution").stdout.splitlines()]
    assert rows[0][:3] == ["NAME", "PHASE", "LAUNCHED"]
    assert any(row[:3] == ["documented", "SUCCEEDED", "steps.hello"] for row in rows)


# Registering


def test_register_takes_folders_and_shows_what_it_would_do(on, tmp_path):
    (tmp_path / "one.py").write_text("from alula import task\n@task\ndef first() -> int:\n    return 1\n")
    (tmp_path / "two.py").write_text(
        "from alula import workflow\nfrom one import first\n@workflow\ndef second() -> int:\n    return first()\n"
    )
    dry = on("register", "--dry-run", str(tmp_path), "-o", "json")
    ids = [entity["id"]["name"] for entity in json.loads(dry.stdout)["entities"]]
    assert ids == ["one.first", "two.second", "two.second"]
    assert on("get", "task", "one.first").returncode == 2
    assert on("register", str(tmp_path), "--activate-launch-plans").returncode == 0
    assert on("get", "task", "one.first").returncode == 0
    assert "ACTIVE" in on("list", "launch-plan", "two.second").stdout
    assert "nothing changed" in on("register", str(tmp_path)).stderr


def test_the_hello_world_is_as_short_as_promised_and_runs(on, here):
    assert len((EXAMPLES / "hello.py").read_text().splitlines()) <= 20
    assert here("run", str(EXAMPLES / "hello.py"), "hello").stdout == "Hello, world!\n"
    assert on("run", "--remote", "--wait", str(EXAMPLES / "hello.py"), "hello").stdout == "Hello, world!\n"


def test_the_sample_runs_on_a_platform_and_keeps_its_deck(on):
    result = on(
        "run", "--remote", "--wait", "--name", "sample", str(EXAMPLES / "wine.py"), "pipeline", "--depths", "[1, 4]"
    )
    assert result.returncode == 0, result.stderr
    assert "fetch_excluded  n1  SUCCEEDED" in result.stderr
    told = on("describe", "execution", "sample").stdout
    deck = next(line.split(": ")[1] for line in told.splitlines() if line.strip().startswith("deck: "))
    assert "data:image/png" in Path(deck).read_text()


def test_a_value_that_can_not_be_read_is_told_with_its_input(tmp_path):
    (tmp_path / "flow.py").write_text(
        "import pandas as pd\nfrom typing import Annotated\nfrom alula import kwtypes, task, workflow\n"
        "@task\ndef make() -> pd.DataFrame:\n    return pd.DataFrame({'n': [1]})\n"
        "@task\ndef use(frame: Annotated[pd.DataFrame, kwtypes(s=str)]) -> int:\n    return len(frame)\n"
        "@workflow\ndef flow() -> int:\n    return use(frame=make())\n"
    )
    result = alula("run", str(tmp_path / "flow.py"), "flow")
    assert result.stderr == (
        "error[USER:TypeError]: node n1: input `frame` of task `use`: expected a pandas data frame with column 's',"
        " got columns 'n'\n"
    )
