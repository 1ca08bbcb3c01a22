"""What the refusals of a runtime mean for an attempt. Pure.

A runtime tells the reason of a refusal by its text alone: that of the registry that it asked, or of the kernel. So this
is the one place that looks at such texts.
"""

from __future__ import annotations

import re

from alula.core.errors import TaskError
from alula.core.policy.outcome import OutcomeCode
from alula.server.executors.container.engine import Refused

WRONG_ARCHITECTURE = "ImageWrongArchitecture"
EXEC_FORMAT = "exec format error"
"""The kernel's word for a program of another architecture."""
_NO_PLATFORM = re.compile(r"no matching manifest|no image found in (manifest|image index)|" + EXEC_FORMAT, re.I)
_DENIED = re.compile(r"unauthorized|authentication required|access denied|denied:|forbidden|no basic auth", re.I)
_NOT_THERE = re.compile(r"manifest unknown|name unknown|not found|does not exist|no such image", re.I)
_BAD_NAME = re.compile(r"invalid reference|parsing reference|must be lowercase|repository name", re.I)
_NO_COMMAND = re.compile(r"executable file not found|no such file or directory|permission denied|is a directory", re.I)
_MAY_PASS = re.compile(
    r"dial tcp|timeout|timed out|connection re|no route|temporary failure|too many requests|: EOF", re.I
)


def failure_of_pull(image: str, said: str) -> TaskError:
    """The failure of an attempt whose image does not come."""
    if _MAY_PASS.search(said):
        return TaskError("ImagePullFailed", f"image {image} can't be pulled now: {said}", "SYSTEM", recoverable=True)
    if _NO_PLATFORM.search(said):
        return TaskError(WRONG_ARCHITECTURE, f"image {image} is not made for this machine: {said}")
    if _BAD_NAME.search(said):
        return TaskError("InvalidImageName", f"`{image}` can't be the name of an image: {said}")
    if _DENIED.search(said):
        return TaskError(
            "ImageAccessDenied",
            f"image {image} may not be pulled, or does not exist: {said}; log the runtime in to its registry, or pull "
            "the image by hand",
        )
    if _NOT_THERE.search(said):
        return TaskError("ImageNotFound", f"image {image} is not in its registry: {said}")
    return TaskError("ImagePullFailed", f"image {image} can't be pulled: {said}", "SYSTEM", recoverable=True)


def never_pulled(image: str) -> TaskError:
    return TaskError(
        "ErrImageNeverPull", f"image {image} is not on this machine, and the settings say that none is pulled"
    )


def failure_of_start(image: str, refused: Refused) -> TaskError:
    """The failure of an attempt whose container the runtime does not make or start."""
    said = refused.message
    if _NO_PLATFORM.search(said):
        return TaskError(WRONG_ARCHITECTURE, f"image {image} is not made for this machine: {said}")
    if _NO_COMMAND.search(said):
        return TaskError(OutcomeCode.COMMAND_NOT_FOUND, f"the command could not be started: {said}")
    if refused.status == 400:
        return TaskError("ContainerRefused", f"the runtime takes no such container: {said}")
    message = f"the container could not be started: {refused}"
    return TaskError("ContainerNotStarted", message, "SYSTEM", recoverable=True)


def refusal(refused: Refused) -> TaskError:
    """The failure of an attempt by any other refusal of the runtime."""
    return TaskError("ContainerRuntimeFailed", f"the container runtime refuses: {refused}", "SYSTEM", recoverable=True)


def wrong_architecture(name: str, image: str, machine: str) -> TaskError:
    """The failure of an attempt whose program can't run here, with the architectures of image and machine."""
    return TaskError(WRONG_ARCHITECTURE, f"image {name} is made for {image}, and this machine is {machine}")
