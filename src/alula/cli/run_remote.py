"""`alula run --remote`: package, register what changed, launch, and follow if wanted."""

from __future__ import annotations

from collections.abc import Mapping

from flyteidl.core import identifier_pb2

from alula.cli.bundling import bundle_of
from alula.cli.failures import say
from alula.cli.launching import launch_and_show
from alula.cli.load import Runnable, Source
from alula.cli.run_options import RunSettings, checked_run_name
from alula.sdk.authoring.workflow import Workflow
from alula.sdk.client.inputs import input_literals
from alula.sdk.client.register import Registration, prepare, register
from alula.sdk.client.upload import RemoteStore


def run_remote(entity: Runnable, source: Source, inputs: Mapping[str, object], settings: RunSettings) -> None:
    """Run on the platform. Prints the run's name, or with `wait` its result; leaves with the run's status."""
    checked_run_name(settings.run_name)  # before anything is registered
    target = settings.target
    plan = prepare(
        [entity],
        bundle_of(source.root, settings.copy),
        look_up=target.look_up,
        project=target.project,
        domain=target.domain,
        version=settings.version,
    )
    if settings.builds:
        from alula.cli.build import build_images  # lazy: few runs build anything

        build_images(plan.serialized)
    with target.connect() as connection:
        store = RemoteStore(connection, project=target.project, domain=target.domain)
        registration = register(connection, plan)
        _say_registered(registration)
        literals = input_literals(entity, inputs, store)
        launch_and_show(connection, _launched(entity, registration.id), literals, settings)


def _launched(entity: Runnable, id: identifier_pb2.Identifier) -> identifier_pb2.Identifier:
    """The entity to launch: for a workflow its default launch plan, which has its name."""
    launched = identifier_pb2.Identifier()
    launched.CopyFrom(id)
    if isinstance(entity, Workflow):
        launched.resource_type = identifier_pb2.LAUNCH_PLAN
    return launched


def _say_registered(registration: Registration) -> None:
    version = registration.id.version
    if registration.created:
        word = "entity" if registration.created == 1 else "entities"
        say(f"registered {registration.created} {word}, version {version}")
        if registration.warning:
            say(f"warning: {registration.warning}")
    else:
        say(f"nothing changed since version {version}")
