"""`alula approve`, `alula reject`, `alula signal`: the questions of a run's gates, and answers to them."""

from __future__ import annotations

import click
from flyteidl.admin import common_pb2, signal_pb2

from alula.cli.failures import say
from alula.cli.options import Target, output_option, target_options
from alula.cli.output import print_message, print_table
from alula.cli.values import from_text
from alula.core.literals.casting import explain_type
from alula.core.literals.text import literal_text
from alula.sdk.client.rpcs import LIST_SIGNALS
from alula.sdk.client.run_view import to_execution_id
from alula.sdk.client.signals import decide, find_signal, give


@click.command("approve")
@click.argument("run")
@click.argument("signal")
@target_options
def approve(target: Target, run: str, signal: str) -> None:
    """Let a run pass the approval that it waits for. SIGNAL is its name; `alula signal list RUN` shows it."""
    _decide(target, run, signal, approved=True)


@click.command("reject")
@click.argument("run")
@click.argument("signal")
@target_options
def reject(target: Target, run: str, signal: str) -> None:
    """Refuse the approval that a run waits for: the run fails there."""
    _decide(target, run, signal, approved=False)


@click.group("signal")
def signal_() -> None:
    """What the gates of a run ask, and giving them values."""


@signal_.command("list")
@click.argument("run")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@click.option("--token", default="", help="Go on where the last page ended.")
@output_option
@target_options
def list_(target: Target, run: str, limit: int, token: str, form: str) -> None:
    """List what the gates of a run have asked, and the answers."""
    id = target.execution(run)
    ascending = common_pb2.Sort(key="created_at", direction=common_pb2.Sort.ASCENDING)
    request = signal_pb2.SignalListRequest(
        workflow_execution_id=to_execution_id(id), limit=limit, token=token, sort_by=ascending
    )
    with target.connect() as connection:
        listing = connection.call(LIST_SIGNALS, request)
    if form != "table":
        print_message(listing, form)
        return
    if not listing.signals:
        say(f"no gate of {id.name} has asked anything")
        return
    print_table(("signal", "asks for", "answer"), [_row(signal) for signal in listing.signals])
    if listing.token:
        say(f"more with --token {listing.token}")


@signal_.command("set")
@click.argument("run")
@click.argument("signal")
@click.argument("value")
@target_options
def set_(target: Target, run: str, signal: str, value: str) -> None:
    """Give a run the value that it waits for: as text, or as JSON where it is structured."""
    from alula.sdk.client.python_types import python_type_of  # lazy: loads every type that Alula knows

    id = target.execution(run)
    with target.connect() as connection:
        asked = find_signal(connection, id, signal)
        give(connection, asked, from_text(value, python_type_of(asked.type), signal))
    say(f"{id.name} has its value for {signal}")


def _decide(target: Target, run: str, signal: str, *, approved: bool) -> None:
    id = target.execution(run)
    with target.connect() as connection:
        decide(connection, id, signal, approved=approved)
    say(f"{signal} of {id.name} is {'approved' if approved else 'rejected'}")


def _row(signal: signal_pb2.Signal) -> tuple[str, str, str]:
    answer = literal_text(signal.value) if signal.HasField("value") else ""
    return signal.id.signal_id, explain_type(signal.type), answer
