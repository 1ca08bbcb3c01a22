"""Tasks that processes of this machine can't run, as far as the task and the settings tell. Pure."""

from __future__ import annotations

from fnmatch import fnmatchcase

from flyteidl.core import tasks_pb2

from alula.core.errors import InvalidInput
from alula.core.policy import image_contents
from alula.core.policy.echo import TASK_TYPE
from alula.server.executors.process.command import check_target
from alula.server.executors.process.options import ProcessOptions
from alula.server.executors.process.recipes import recipe_of_told


def refusal(task: tasks_pb2.TaskTemplate, options: ProcessOptions) -> InvalidInput | None:
    """The failure that an attempt of this task would have, whatever its inputs."""
    if task.type == TASK_TYPE:  # the engine runs it itself
        return None
    try:
        check_target(task)
        _check_image(task, options)
    except InvalidInput as error:
        return error
    return None


def _check_image(task: tasks_pb2.TaskTemplate, options: ProcessOptions) -> None:
    image = task.container.image
    text = image_contents.text_in(task, image)
    if not text or not options.build_environments:
        return
    if any(fnmatchcase(image, pattern) for pattern in options.mapped_images):
        return
    recipe_of_told(image, text)
