"""A connector as its users write them with flytekit: its jobs are scripts that run as processes of this machine.

All that is known of a job is in its folder, so jobs outlive the connector.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from flyteidl.core.execution_pb2 import TaskExecution, TaskLog
from flytekit.extend.backend.base_connector import (
    AsyncConnectorBase,
    ConnectorRegistry,
    Resource,
    ResourceMeta,
    SyncConnectorBase,
)

JOBS = "SCRIPT_JOBS"
"""The variable with the folder of all jobs."""
SCRIPT = """
{command}
echo $? > exit.part
mv exit.part exit
"""


@dataclass
class Job(ResourceMeta):
    folder: str


class Scripts(AsyncConnectorBase):
    name = "Scripts"

    def __init__(self):
        super().__init__(task_type_name="script", metadata_type=Job)

    def create(self, task_template, output_prefix, inputs=None, task_execution_metadata=None, **_):
        container = task_template.container
        command = shlex.join(container.args) if container is not None else task_template.custom["script"]
        variables = {name: str(each.scalar.primitive.value) for name, each in inputs.literals.items()}
        folder = Path(tempfile.mkdtemp(prefix="job-", dir=os.environ[JOBS]))
        Path(output_prefix).mkdir(parents=True, exist_ok=True)
        id = task_execution_metadata.task_execution_id
        (folder / "of").write_text(f"{id.node_execution_id.node_id} {id.retry_attempt}")
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                ["sh", "-c", SCRIPT.format(command=command)],
                cwd=folder,
                env=os.environ | variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        (folder / "pid").write_text(str(process.pid))
        return Job(str(folder))

    def get(self, resource_meta, **_):
        folder = Path(resource_meta.folder)
        links = [TaskLog(name="log", uri=f"file://{folder}/log", message_format=TaskLog.UNKNOWN)]
        info = {"folder": folder.name}
        if not (folder / "exit").exists():
            phase = TaskExecution.RUNNING if runs(folder) else TaskExecution.RETRYABLE_FAILED
            message = "" if phase == TaskExecution.RUNNING else "its process is gone"
            return Resource(phase=phase, message=message, log_links=links, custom_info=info)
        status = int((folder / "exit").read_text())
        if status == 0:
            given = folder / "o0"
            outputs = {"o0": int(given.read_text())} if given.exists() else None
            return Resource(phase=TaskExecution.SUCCEEDED, outputs=outputs, log_links=links, custom_info=info)
        return Resource(phase=TaskExecution.RETRYABLE_FAILED, message=f"status {status}", log_links=links)

    def delete(self, resource_meta, **_):
        folder = Path(resource_meta.folder)
        if runs(folder):
            os.killpg(int((folder / "pid").read_text()), signal.SIGKILL)
        (folder / "deleted").touch()


class Adder(SyncConnectorBase):
    """Does its work in the call, and gives Python's values."""

    name = "Adder"

    def __init__(self):
        super().__init__(task_type_name="adder")

    def do(self, task_template, output_prefix, inputs=None, **_):
        values = [literal.scalar.primitive.integer for literal in inputs.literals.values()]
        return Resource(phase=TaskExecution.SUCCEEDED, outputs={"o0": sum(values)})


def runs(folder: Path) -> bool:
    if (folder / "exit").exists():
        return False
    try:
        state = Path("/proc", (folder / "pid").read_text(), "stat").read_text().rpartition(") ")[2][:1]
    except OSError:
        return False
    return state not in "ZX"


ConnectorRegistry.register(Scripts())
ConnectorRegistry.register(Adder())
