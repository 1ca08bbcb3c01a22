"""`alula project`: projects of the platform, their names and labels, and whether they take work."""

from __future__ import annotations

import click
from flyteidl.admin import common_pb2, project_pb2

from alula.cli.failures import say
from alula.cli.options import Target, platform_options
from alula.cli.run_options import pairs
from alula.sdk.client.rpcs import GET_PROJECT, REGISTER_PROJECT, UPDATE_PROJECT


@click.group("project")
def project() -> None:
    """Projects of the platform. `alula list projects` shows them."""


@project.command("create")
@click.argument("id")
@click.option("--name", default="", metavar="TEXT", help="Name to show. Else the id.")
@click.option("--description", default="", metavar="TEXT", help="What it is for.")
@click.option("--label", "labels", multiple=True, metavar="K=V", help="Label of the project. Repeat.")
@platform_options
def create(target: Target, id: str, name: str, description: str, labels: tuple[str, ...]) -> None:
    """Create a project. It has every domain of the platform.

    ID is what `-p` takes: at most 63 lower-case letters, digits and inner hyphens.
    """
    made = project_pb2.Project(id=id, name=name, description=description, labels=_message(labels))
    with target.connect() as connection:
        connection.call(REGISTER_PROJECT, project_pb2.ProjectRegisterRequest(project=made))
    say(f"project {id} is there; `-p {id}` or ALULA_PROJECT={id} works in it")


@project.command("update")
@click.argument("id")
@click.option("--name", default="", metavar="TEXT", help="Name to show. Else as it was.")
@click.option("--description", default="", metavar="TEXT", help="What it is for. Else as it was.")
@click.option("--label", "labels", multiple=True, metavar="K=V", help="Label instead of all it had. Repeat.")
@platform_options
def update(target: Target, id: str, name: str, description: str, labels: tuple[str, ...]) -> None:
    """Change how a project is named, described and labelled."""
    if not (name or description or labels):
        raise click.UsageError("nothing to change: give --name, --description or --label")
    with target.connect() as connection:
        state = connection.call(GET_PROJECT, project_pb2.ProjectGetRequest(id=id)).state
        given = _message(labels) if labels else None
        changed = project_pb2.Project(id=id, name=name, description=description, labels=given, state=state)
        connection.call(UPDATE_PROJECT, changed)
    say(f"project {id} was changed")


@project.command("archive")
@click.argument("id")
@platform_options
def archive(target: Target, id: str) -> None:
    """Let a project take no new work: nothing is registered or started in it. What is there stays, and open runs go
    on."""
    _set(target, id, project_pb2.Project.ARCHIVED)
    say(f"project {id} is archived")


@project.command("activate")
@click.argument("id")
@platform_options
def activate(target: Target, id: str) -> None:
    """Let an archived project take work again."""
    _set(target, id, project_pb2.Project.ACTIVE)
    say(f"project {id} is active")


def _set(target: Target, id: str, state: project_pb2.Project.ProjectState) -> None:
    with target.connect() as connection:
        connection.call(UPDATE_PROJECT, project_pb2.Project(id=id, state=state))


def _message(labels: tuple[str, ...]) -> common_pb2.Labels:
    return common_pb2.Labels(values=pairs("--label", labels))
