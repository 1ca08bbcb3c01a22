"""What the real `pyflyte` packages and serializes, compiled without a platform, and registered on one."""

from __future__ import annotations

from pathlib import Path

import pytest
from flyteidl.admin import common_pb2, launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import compiler_pb2
from tests.integration.api.clients import Client
from tests.integration.flytekit.conftest import Pyflyte
from tests.integration.platform import RunningPlatform, alula

from alula.cli.specification_files import read_files
from alula.core.compiler.package import complete, id_of
from alula.core.compiler.placeholders import Registration


@pytest.fixture(scope="module")
def pyflyte(flytekit_bin: Path, platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> Pyflyte:
    return Pyflyte(flytekit_bin, tmp_path_factory.mktemp("home"), platform.grpc)


@pytest.fixture(scope="module")
def package(pyflyte: Pyflyte, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("package") / "plain.tgz"
    pyflyte("--pkgs", "flows", "package", "-f", "-o", str(path))
    return path


def compiled(path: Path, *options: str) -> str:
    """Compile it; what is said on standard error."""
    done = alula("compile", str(path), *options)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_a_package_with_code_and_an_image(pyflyte: Pyflyte, package: Path, tmp_path: Path) -> None:
    path = tmp_path / "fast.tgz"
    pyflyte("--pkgs", "flows", "package", "-f", "--copy", "all", "-i", "example/image:1", "-o", str(path))
    said, code = compiled(path, "-o", str(tmp_path / "out")), "left out, as no specification: fast"
    assert code in said
    assert said.splitlines()[-1].split(":")[0] == compiled(package).splitlines()[-1].split(":")[0]
    closures = sorted((tmp_path / "out").glob("*_1.pb"))
    task = task_pb2.TaskClosure.FromString(closures[0].read_bytes()).compiled_task.template
    assert task.container.image == "example/image:1"


@pytest.mark.parametrize("how", [["workflows"], ["fast", "workflows"]])
def test_a_folder_of_serialized_workflows(pyflyte: Pyflyte, package: Path, tmp_path: Path, how: list[str]) -> None:
    pyflyte("--pkgs", "flows", "serialize", *how, "-f", str(tmp_path))
    assert compiled(tmp_path).splitlines()[-1] == compiled(package).splitlines()[-1]


def test_a_platform_takes_the_package_and_makes_the_same_closures(
    package: Path, platform: RunningPlatform, tmp_path: Path
) -> None:
    compiled(package, "-o", str(tmp_path), "--version", "packaged")
    registration = Registration("flytesnacks", "development", "packaged")
    with Client(platform.grpc) as client:
        for source in (complete(source, registration) for source in read_files(package).sources):
            id, closure = id_of(source.specification), tmp_path / source.file
            match source.specification:
                case task_pb2.TaskSpec() as task:
                    client.CreateTask(task_pb2.TaskCreateRequest(id=id, spec=task))
                    made = client.GetTask(common_pb2.ObjectGetRequest(id=id)).closure.compiled_task
                    assert made == task_pb2.TaskClosure.FromString(closure.read_bytes()).compiled_task
                case workflow_pb2.WorkflowSpec() as workflow:
                    client.CreateWorkflow(workflow_pb2.WorkflowCreateRequest(id=id, spec=workflow))
                    made = client.GetWorkflow(common_pb2.ObjectGetRequest(id=id)).closure.compiled_workflow
                    assert made == compiler_pb2.CompiledWorkflowClosure.FromString(closure.read_bytes())
                case launch_plan_pb2.LaunchPlan() as plan:
                    client.CreateLaunchPlan(launch_plan_pb2.LaunchPlanCreateRequest(id=id, spec=plan.spec))
                    assert not closure.exists()


def test_a_launch_plan_for_a_workflow_that_was_taken_out(package: Path, tmp_path: Path, pyflyte: Pyflyte) -> None:
    pyflyte("--pkgs", "flows", "serialize", "workflows", "-f", str(tmp_path))
    next(tmp_path.glob("*flows.basics.cached_2.pb")).unlink()
    done = alula("compile", str(tmp_path))
    assert done.returncode == 2
    assert "flows.basics.cached_3.pb: the launch plan is for workflow" in done.stderr
    assert "1 error in 1 file" in done.stderr
