"""`alula run` here: the engine in this process, the result on standard output."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext

import click
from flyteidl.core.literals_pb2 import LiteralMap

from alula.cli.failures import RUN_FAILED, CommandEnded, say, say_error
from alula.cli.load import Runnable
from alula.cli.output import print_message, standard_output_to_error
from alula.cli.run_options import RunSettings
from alula.cli.values import from_text
from alula.core.literals.text import outputs_text
from alula.sdk.client.inputs import input_literals
from alula.sdk.local.folders import inputs_store
from alula.sdk.local.run import LocalOutcome, run_entity


def run_local(entity: Runnable, inputs: Mapping[str, object], settings: RunSettings) -> None:
    """Run in this process. Prints the outputs; leaves with status 1 when the run failed."""
    literals = input_literals(entity, inputs, inputs_store(), with_defaults=True)
    with nullcontext() if settings.form == "table" else standard_output_to_error():
        outcome = run_entity(
            entity,
            LiteralMap(literals=literals),
            overwrite_cache=settings.overwrite_cache,
            environment=settings.environment,
            read_answer=from_text,
            jobs=settings.jobs,
        )
    for deck in sorted(outcome.folder.rglob("deck.html")):
        say(f"deck: {deck}")
    if outcome.error is not None:
        _report(outcome)
        raise CommandEnded(RUN_FAILED)
    assert outcome.outputs is not None, "a run without error has outputs"
    if settings.form != "table":
        print_message(outcome.outputs, settings.form)
    elif outcome.outputs.literals:
        click.echo(outputs_text(outcome.outputs))


def _report(outcome: LocalOutcome) -> None:
    """The user's own traceback where there is one, then the error in one line."""
    error = outcome.error
    assert error is not None
    where = f"node {error.node_id}: " if error.node_id else ""
    if outcome.shown is None:
        say_error(error.code, f"{where}{error.message}")
        return
    say(outcome.shown.traceback.rstrip("\n"))
    say_error(error.code, f"{where}{outcome.shown.headline}")
