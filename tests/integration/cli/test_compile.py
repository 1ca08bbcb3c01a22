"""`alula compile` as a command: what it prints and writes, how it ends, and that a platform agrees with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flyteidl.admin import common_pb2, execution_pb2, launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import compiler_pb2, identifier_pb2
from tests.integration.api.clients import Client
from tests.integration.platform import RunningPlatform, alula

from alula.cli.specification_files import read_files
from alula.core.compiler.package import Source, complete, id_of
from alula.core.compiler.placeholders import Registration

EXAMPLE = Path(__file__).parents[3] / "examples" / "specification"
PACKAGE = Path(__file__).parents[2] / "unit" / "core" / "compiler" / "flytekit" / "package.tgz"


def test_without_output_it_only_checks(tmp_path: Path) -> None:
    done = alula("compile", str(EXAMPLE))
    assert (done.returncode, done.stderr) == (0, "2 tasks, 1 workflow, 1 launch plan: no errors\n")
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["KIND", "NAME", "VERSION", "FILE"],
        ["task", "shell.count", "v1", "count.json"],
        ["task", "shell.greet", "v1", "greet.yaml"],
        ["launch-plan", "shell.meet-ada", "v1", "meet-ada.yaml"],
        ["workflow", "shell.meet", "v1", "meet.yaml"],
    ]


def test_closures_have_the_base_names_of_their_specifications(tmp_path: Path) -> None:
    done = alula("compile", str(EXAMPLE), "-o", str(tmp_path / "out"), "-p", "p", "-d", "d", "--version", "v2")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["count.pb", "greet.pb", "meet.pb"]
    closure = compiler_pb2.CompiledWorkflowClosure.FromString((tmp_path / "out/meet.pb").read_bytes())
    id = closure.primary.template.id
    assert (id.project, id.domain, id.name, id.version) == ("p", "d", "shell.meet", "v2")
    task = task_pb2.TaskClosure.FromString((tmp_path / "out/greet.pb").read_bytes())
    assert task.compiled_task.template in [one.template for one in closure.tasks]


def test_json_says_the_same_in_snake_case(tmp_path: Path) -> None:
    assert alula("compile", str(PACKAGE), "-o", str(tmp_path), "--format", "json").returncode == 0
    for path in tmp_path.iterdir():
        assert path.suffix == ".json"
        document = json.loads(path.read_text())
        assert ("compiled_task" in document) == path.stem.endswith("_1")
        assert ("sub_workflows" in document) == path.stem.endswith("_2")


def test_everything_wrong_is_told_with_file_code_and_node_and_nothing_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for path in EXAMPLE.iterdir():
        (folder / path.name).write_text(path.read_text().replace("name: shell.greet}}", "name: shell.gret}}"))
    (folder / "broken.pb").write_bytes(b"\xff")
    done = alula("compile", str(folder), "-o", str(tmp_path / "out"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "error[NotASpecification]: broken.pb: " in done.stderr
    assert "error[TaskReferenceNotFound]: meet.yaml: greet: there is no task " in done.stderr
    assert done.stderr.endswith("2 errors in 2 files; 3 compile\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["flow.py"], ("error[NotASpecification]: `flow.py` is Python code", "alula register --dry-run flow.py")),
        (["nowhere.tgz"], ("error[FileNotFound]",)),
        (["empty"], ("error[NothingToCompile]",)),
        ([], ("error[BadUsage]",)),
        ([str(EXAMPLE), "-o", "flow.py"], ("error[BadUsage]",)),
        ([str(EXAMPLE), "-o", str(EXAMPLE / "out")], ("error[OutputCollision]",)),
        (["twice", "-o", "out"], ("error[OutputCollision]", "`a.yaml` would be written to `out/a.pb`")),
        ([str(EXAMPLE), "-o", "/proc/none"], ("error[CannotWrite]",)),
    ],
)
def test_what_can_not_be_done_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flow.py").write_text("raise SystemExit('imported')")
    Path("empty").mkdir()
    Path("twice").mkdir()
    Path("twice/a.json").write_text((EXAMPLE / "count.json").read_text())
    Path("twice/a.yaml").write_text((EXAMPLE / "greet.yaml").read_text())
    done = alula("compile", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    for text in said:
        assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert not (EXAMPLE / "out").exists()


def test_a_single_file_is_not_overwritten_by_its_own_closure(tmp_path: Path) -> None:
    path = tmp_path / "t.pb"
    path.write_bytes(task_pb2.TaskSpec(template={"id": {"name": "t"}, "type": "sql"}).SerializeToString())
    before = path.read_bytes()
    done = alula("compile", str(path), "-o", str(tmp_path))
    assert done.returncode == 2
    assert "error[OutputCollision]" in done.stderr
    assert path.read_bytes() == before


def register(client: Client, sources: list[Source]) -> None:
    """As a client would: what others need first."""
    for source in sorted(sources, key=lambda source: id_of(source.specification).resource_type):
        id = id_of(source.specification)
        match source.specification:
            case task_pb2.TaskSpec() as spec:
                client.CreateTask(task_pb2.TaskCreateRequest(id=id, spec=spec))
            case workflow_pb2.WorkflowSpec() as spec:
                client.CreateWorkflow(workflow_pb2.WorkflowCreateRequest(id=id, spec=spec))
            case launch_plan_pb2.LaunchPlan() as plan:
                client.CreateLaunchPlan(launch_plan_pb2.LaunchPlanCreateRequest(id=id, spec=plan.spec))


def test_what_compiles_can_be_registered_and_run(platform: RunningPlatform) -> None:
    registration = Registration("flytesnacks", "development", "v1")
    sources = [complete(source, registration) for source in read_files(EXAMPLE).sources]
    plan = next(id for source in sources if (id := id_of(source.specification)).resource_type == 3)
    assert plan.resource_type == identifier_pb2.LAUNCH_PLAN
    with Client(platform.grpc) as client:
        register(client, sources)
        request = execution_pb2.ExecutionCreateRequest(
            project=plan.project, domain=plan.domain, name="meets-ada", spec={"launch_plan": plan}
        )
        client.CreateExecution(request)
    environment = {"ALULA_ENDPOINT": platform.grpc}
    assert alula("watch", "meets-ada", environment=environment).returncode == 0
    assert alula("logs", "meets-ada", "greet", environment=environment).stdout == "hello Ada\n"
    assert alula("logs", "meets-ada", "count", environment=environment).stdout == "1\n2\n3\n"


def test_a_platform_makes_the_same_closures(platform: RunningPlatform, tmp_path: Path) -> None:
    assert alula("compile", str(EXAMPLE), "-o", str(tmp_path), "--version", "same").returncode == 0
    registration = Registration("flytesnacks", "development", "same")
    sources = [complete(source, registration) for source in read_files(EXAMPLE).sources]
    with Client(platform.grpc) as client:
        register(client, sources)
        for source in sources:
            closure = tmp_path / f"{source.file.rpartition('.')[0]}.pb"
            request = common_pb2.ObjectGetRequest(id=id_of(source.specification))
            if isinstance(source.specification, workflow_pb2.WorkflowSpec):
                made = client.GetWorkflow(request).closure.compiled_workflow
                assert made == compiler_pb2.CompiledWorkflowClosure.FromString(closure.read_bytes())
            elif isinstance(source.specification, task_pb2.TaskSpec):
                made = client.GetTask(request).closure.compiled_task
                assert made == task_pb2.TaskClosure.FromString(closure.read_bytes()).compiled_task
