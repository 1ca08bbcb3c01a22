"""The tasks that are known to be refused by the executor that they would go to."""

from flyteidl.core import tasks_pb2

from alula.core.ids import Place
from alula.core.policy.image_contents import KEY, ImageContents, text_of
from alula.core.policy.routing import Wanted
from alula.server.adapters import refuse_of
from alula.server.executors.connector.options import ConnectorOptions, Endpoint
from alula.server.executors.container.options import ContainerOptions
from alula.server.executors.process.options import ProcessOptions
from alula.server.executors.process.refusing import refusal
from alula.server.settings.schema import Executors, Settings


def told(**more) -> str:
    return text_of(ImageContents("i:1", **more))


def task_in(image: str, text: str) -> tasks_pb2.TaskTemplate:
    return tasks_pb2.TaskTemplate(type="python-task", config={KEY: text}, container=tasks_pb2.Container(image=image))


def test_what_no_process_can_run_is_refused_before_an_attempt_is_there():
    needs = told(beyond=("apt_packages",))
    cases = {
        "ImageNeedsContainer": (task_in("i:1", needs), ProcessOptions()),
        "UnsupportedTask": (tasks_pb2.TaskTemplate(type="sql"), ProcessOptions()),
    }
    for code, (task, options) in cases.items():
        refused = refusal(task, options)
        assert refused is not None and refused.code == code
    for task, options in (
        (task_in("i:1", told(requirements=("x",))), ProcessOptions()),
        (task_in("i:2", needs), ProcessOptions()),  # a step has another image
        (task_in("i:1", needs), ProcessOptions(environments=("i:*=/venv",))),
        (task_in("i:1", needs), ProcessOptions(build_environments=False)),
        (tasks_pb2.TaskTemplate(type="echo"), ProcessOptions()),  # runs in the engine
    ):
        assert refusal(task, options) is None


def test_only_what_goes_to_processes_is_refused():
    task, place = task_in("i:1", told(beyond=("cuda",))), Place("p", "d")
    alone = refuse_of(Settings())
    beside = refuse_of(Settings(executors=Executors(container=ContainerOptions(enabled=True))))
    assert alone is not None and beside is not None
    assert alone(task, place, ()) is not None
    assert beside(task, place, ()) is None
    assert beside(task, place, (Wanted("python-task", ("process",)),)) is not None
    asked = ConnectorOptions(endpoints=(Endpoint("c", "h:1"),))
    assert refuse_of(Settings(executors=Executors(connector=asked))) is None
    assert refuse_of(Settings(executors=Executors(default="kubernetes"))) is None
