"""Starting a run as the command line asks for it, and showing how it goes."""

from __future__ import annotations

from collections.abc import Mapping

from flyteidl.core import identifier_pb2, literals_pb2

from alula.cli.follow import show_launched
from alula.cli.run_options import RunSettings, checked_run_name
from alula.sdk.client.connection import Connection
from alula.sdk.client.launch import LaunchSettings, launch


def launch_and_show(
    connection: Connection,
    entity: identifier_pb2.Identifier,
    inputs: Mapping[str, literals_pb2.Literal],
    settings: RunSettings,
) -> None:
    """Prints the run's name, or with `wait` its result; leaves with the run's status."""
    target = settings.target
    id = launch(
        connection,
        entity,
        literals_pb2.LiteralMap(literals=inputs),
        project=target.project,
        domain=target.domain,
        settings=LaunchSettings(
            name=checked_run_name(settings.run_name),
            overwrite_cache=settings.overwrite_cache,
            interruptible=settings.interruptible,
            max_parallelism=settings.max_parallelism,
            quality_of_service=settings.quality_of_service,
            environment=settings.environment,
            labels=settings.labels,
        ),
    )
    show_launched(target, connection, id, settings.form, wait=settings.wait, opens=settings.opens)
