"""`FlyteRemote`: `Remote` by the names of flytekit's methods, for programs that come from there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NoReturn

from alula.core.ids import ExecutionId
from alula.sdk.authoring.launch_plan import LaunchPlan
from alula.sdk.authoring.options import Options
from alula.sdk.authoring.task import Task
from alula.sdk.authoring.workflow import Workflow
from alula.sdk.client.flyte_config import Config, endpoint_of
from alula.sdk.client.flyte_executions import FlyteWorkflowExecution
from alula.sdk.client.flyte_remote_absent import ELSEWHERE, EXECUTE, MAKING, REGISTER, SET_INPUT, SYNC
from alula.sdk.client.inputs import Launchable
from alula.sdk.client.launch import LaunchSettings
from alula.sdk.client.remote import Fetched, Remote
from alula.sdk.client.signals import decide, find_signal, give
from alula.sdk.mistake import caller, mistake, refuse_unknown


class FlyteRemote:
    """A platform and a place on it.

    ```python
    remote = FlyteRemote(Config.auto(), default_project="flytesnacks", default_domain="development")
    execution = remote.execute(pipeline, inputs={"n": 4}, wait=True)
    print(execution.outputs["o0"])
    ```
    """

    def __init__(
        self,
        config: Config | None = None,
        default_project: str | None = None,
        default_domain: str | None = None,
        **unknown: object,
    ) -> None:
        known = ("config", "default_project", "default_domain")
        refuse_unknown(unknown, "`FlyteRemote`", known, replaced=MAKING, at=caller())
        self.config = config or Config()
        self.default_project = default_project or "flytesnacks"
        self.default_domain = default_domain or "development"
        self._remote = Remote(endpoint_of(self.config), project=self.default_project, domain=self.default_domain)

    @classmethod
    def auto(
        cls,
        config_file: str | None = None,
        default_project: str | None = None,
        default_domain: str | None = None,
        **unknown: object,
    ) -> FlyteRemote:
        """The platform that the environment or a configuration file names."""
        return cls(Config.auto(config_file), default_project, default_domain, **unknown)

    @classmethod
    def for_endpoint(
        cls,
        endpoint: str,
        insecure: bool = False,
        default_project: str | None = None,
        default_domain: str | None = None,
        **unknown: object,
    ) -> FlyteRemote:
        """The platform at an address."""
        return cls(Config.for_endpoint(endpoint, insecure), default_project, default_domain, **unknown)

    def fetch_task(
        self, project: str | None = None, domain: str | None = None, name: str = "", version: str | None = None
    ) -> Fetched:
        """A registered task, the newest without a version. Raises `NotFound`."""
        return self._at(project, domain).fetch_task(name, version or "")

    def fetch_launch_plan(
        self, project: str | None = None, domain: str | None = None, name: str = "", version: str | None = None
    ) -> Fetched:
        """A registered launch plan, the newest without a version. Raises `NotFound`."""
        return self._at(project, domain).fetch_launch_plan(name, version or "")

    fetch_workflow = fetch_launch_plan
    """A registered workflow, to be started by the launch plan of its name."""

    def fetch_execution(
        self, project: str | None = None, domain: str | None = None, name: str = ""
    ) -> FlyteWorkflowExecution:
        """A run. Raises `NotFound`."""
        remote = self._at(project, domain)
        run = FlyteWorkflowExecution(remote, ExecutionId(remote.project, remote.domain, name), {})
        run.refresh()
        return run

    def execute(
        self,
        entity: Launchable | Fetched,
        inputs: Mapping[str, object] | None = None,
        project: str | None = None,
        domain: str | None = None,
        execution_name: str | None = None,
        options: Options | None = None,
        wait: bool = False,
        version: str | None = None,
        overwrite_cache: bool | None = None,
        interruptible: bool | None = None,
        envs: Mapping[str, str] | None = None,
        **unknown: object,
    ) -> FlyteWorkflowExecution:
        """Start a run. An entity of this program is registered first, where it has changed."""
        refuse_unknown(unknown, "`execute`", FlyteRemote.execute.__annotations__, replaced=EXECUTE, at=caller())
        remote = self._at(project, domain)
        chosen = options or Options()
        for name in ("annotations", "raw_output_data_config", "notifications"):
            if getattr(chosen, name):
                raise mistake("UnknownSetting", f"a run takes no `{name}`", at=caller(), fix="give it to a launch plan")
        settings = LaunchSettings(
            name=execution_name or "",
            overwrite_cache=bool(overwrite_cache if overwrite_cache is not None else chosen.overwrite_cache),
            interruptible=interruptible,
            max_parallelism=chosen.max_parallelism or 0,
            environment=envs or {},
            labels=chosen.labels or {},
        )
        started = remote.execute(entity, inputs, version=version or "", settings=settings)
        run = FlyteWorkflowExecution(remote, started.id, started.types)
        if wait:
            run.wait()
        return run

    def wait(
        self,
        execution: FlyteWorkflowExecution,
        timeout: timedelta | int | None = None,
        poll_interval: timedelta | int | None = None,
        sync_nodes: bool = True,
    ) -> FlyteWorkflowExecution:
        """Until a run has ended, at most for `timeout`. The platform tells of the end at once, so the poll interval
        means nothing, and nodes are read when `node_executions` asks for them."""
        return execution.wait(timeout)

    def sync(
        self, execution: FlyteWorkflowExecution, sync_nodes: bool = False, **unknown: object
    ) -> FlyteWorkflowExecution:
        """The run as it is now."""
        refuse_unknown(unknown, "`sync`", ("execution", "sync_nodes"), replaced=SYNC, at=caller())
        return execution.sync(sync_nodes)

    sync_execution = sync

    def terminate(self, execution: FlyteWorkflowExecution, cause: str) -> None:
        """Ask the platform to stop a run."""
        execution.abort(cause)

    def approve(
        self, signal_id: str, execution_name: str, project: str | None = None, domain: str | None = None
    ) -> None:
        """Let a run pass the approval that it waits for."""
        self._decide(signal_id, execution_name, project, domain, approved=True)

    def reject(
        self, signal_id: str, execution_name: str, project: str | None = None, domain: str | None = None
    ) -> None:
        """Refuse the approval that a run waits for: it fails there."""
        self._decide(signal_id, execution_name, project, domain, approved=False)

    def set_input(
        self,
        signal_id: str,
        execution_name: str,
        value: object,
        project: str | None = None,
        domain: str | None = None,
        **unknown: object,
    ) -> None:
        """Give a run the value that it waits for. Raises `NotFound`, and `InvalidInput` for one of another type."""
        known = FlyteRemote.set_input.__annotations__
        refuse_unknown(unknown, "`set_input`", known, replaced=SET_INPUT, at=caller())
        remote = self._at(project, domain)
        run = ExecutionId(remote.project, remote.domain, execution_name)
        give(remote.connection, find_signal(remote.connection, run, signal_id), value)

    def _decide(self, signal: str, run: str, project: str | None, domain: str | None, *, approved: bool) -> None:
        remote = self._at(project, domain)
        decide(remote.connection, ExecutionId(remote.project, remote.domain, run), signal, approved=approved)

    def register_task(
        self,
        entity: Task[..., Any],
        version: str | None = None,
        project: str | None = None,
        domain: str | None = None,
        **unknown: object,
    ) -> Fetched:
        """Register a task with its code."""
        remote = self._registering(project, domain, unknown)
        return remote.fetch_task(entity.name, remote.register(entity, version=version or "")[0].version)

    def register_workflow(
        self,
        entity: Workflow[..., Any] | LaunchPlan,
        version: str | None = None,
        project: str | None = None,
        domain: str | None = None,
        **unknown: object,
    ) -> Fetched:
        """Register a workflow with its code and all it uses."""
        remote = self._registering(project, domain, unknown)
        return remote.fetch_launch_plan(entity.name, remote.register(entity, version=version or "")[0].version)

    register_launch_plan = register_workflow
    """Register a launch plan with its workflow."""

    def _registering(self, project: str | None, domain: str | None, unknown: Mapping[str, object]) -> Remote:
        refuse_unknown(unknown, "registering", ("version", "project", "domain"), replaced=REGISTER, at=caller())
        return self._at(project, domain)

    def _at(self, project: str | None, domain: str | None) -> Remote:
        return self._remote.at(project or self.default_project, domain or self.default_domain)

    def __getattr__(self, name: str) -> NoReturn:
        fix = ELSEWHERE.get(name, "see docs/porting.md for the methods that there are")
        raise AttributeError(f"`FlyteRemote` of Alula has no `{name}`: {fix}", name=name, obj=self)
