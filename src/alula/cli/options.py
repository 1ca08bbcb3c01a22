"""Options that many commands share, and the connection that follows from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from alula.core.errors import InvalidInput, Unavailable
from alula.core.ids import ExecutionId, is_execution_name

if TYPE_CHECKING:
    from alula.sdk.client.connection import Connection
    from alula.sdk.client.endpoint import Endpoint
    from alula.sdk.serialize.referenced import AnyReference, Registered

MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"])
"""A time with an offset, or without one."""
DEFAULT_PROJECT = "flytesnacks"
DEFAULT_DOMAIN = "development"

Command = TypeVar("Command", bound=Callable[..., Any])


class Target(msgspec.Struct, frozen=True):
    """A platform, and a project and domain of it."""

    endpoint: str | None
    data: str | None
    project: str
    domain: str

    def connect(self) -> Connection:
        """A connection to the platform; nothing is sent yet."""
        from alula.sdk.client.connection import Connection  # lazy: gRPC only where a platform is asked
        from alula.sdk.client.endpoint import find_endpoint  # lazy: as above

        return Connection(find_endpoint(self.endpoint, data=self.data))

    def look_up(self, references: Sequence[AnyReference]) -> Registered:
        """The platform's entities behind these references. Raises `NotFound`, `InvalidInput`."""
        from alula.sdk.client.references import look_up  # lazy: as above

        with self.connect() as connection:
            return look_up(connection, references)

    def endpoint_after(self, before: Endpoint) -> Endpoint:
        """The present address of the platform that was at `before`: after a restart on its data folder it may listen
        elsewhere. `before` itself if no other is known."""
        from alula.sdk.client.endpoint import find_endpoint  # lazy: as above

        try:
            found = find_endpoint(self.endpoint, data=self.data)
        except Unavailable:
            return before
        return found if found.source == before.source else before

    def selector(self, id: ExecutionId) -> str:
        """The options, with a space before, by which another command finds the same run."""
        chosen = [("--endpoint", self.endpoint), ("--data", self.data)]
        if id.project != DEFAULT_PROJECT:
            chosen.append(("-p", id.project))
        if id.domain != DEFAULT_DOMAIN:
            chosen.append(("-d", id.domain))
        return "".join(f" {option} {value}" for option, value in chosen if value)

    def execution(self, name: str) -> ExecutionId:
        """The run called `name`, which may also be `project/domain/name`."""
        parts = name.split("/")
        project, domain = (parts[0], parts[1]) if len(parts) == 3 else (self.project, self.domain)
        if len(parts) not in (1, 3) or not is_execution_name(parts[-1]):
            raise InvalidInput(
                "BadExecutionName",
                f"`{name}` can't be the name of a run",
                fix="`alula list execution` shows the runs there are",
            )
        return ExecutionId(project, domain, parts[-1])


def target_options(command: Command) -> Command:
    """Add `--endpoint --data -p -d`; the command takes them as one `target: Target`."""
    return _targeted(command, TARGET_OPTIONS)


def platform_options(command: Command) -> Command:
    """Add `--endpoint --data`, for a command that is about no project's domain: as `target_options`."""
    return _targeted(command, PLATFORM_OPTIONS)


def _targeted(command: Command, options: Sequence[Callable[[Any], Any]]) -> Command:
    def with_target(
        *,
        endpoint: str | None,
        data: str | None,
        project: str = DEFAULT_PROJECT,
        domain: str = DEFAULT_DOMAIN,
        **rest: Any,
    ) -> Any:
        return command(target=Target(endpoint, data, project, domain), **rest)

    with_target.__name__ = command.__name__
    with_target.__doc__ = command.__doc__
    decorated: Any = with_target
    decorated.__click_params__ = getattr(command, "__click_params__", [])
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


PLATFORM_OPTIONS = (
    click.option(
        "--endpoint",
        metavar="HOST:PORT",
        help="The platform's gRPC endpoint. Else: ALULA_ENDPOINT, the platform that runs in the data folder, "
        "Flyte's own configuration file.",
    ),
    click.option(
        "--data",
        metavar="DIR",
        type=click.Path(file_okay=False),
        help="Data folder of the platform.  [env: ALULA_DATA; default: ~/.alula]",
    ),
)
TARGET_OPTIONS = (
    click.option(
        "-p", "--project", default=DEFAULT_PROJECT, envvar="ALULA_PROJECT", show_default=True, help="Project."
    ),
    click.option("-d", "--domain", default=DEFAULT_DOMAIN, envvar="ALULA_DOMAIN", show_default=True, help="Domain."),
    *PLATFORM_OPTIONS,
)

output_option = click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["table", "json", "yaml"]),
    default="table",
    show_default=True,
    help="How to print. json and yaml: exactly one document, the FlyteIDL message.",
)
