"""Following a run on the terminal: a live tree, or plain lines where there is no terminal.

Draws only on standard error, so that standard output holds the result alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

from flyteidl.admin import execution_pb2

from alula.cli.console_links import open_in_browser, run_url
from alula.cli.failures import INTERRUPTED, RUN_FAILED, SUCCESS, CommandEnded, say, say_error
from alula.cli.options import Target
from alula.cli.outage import FollowedPlatform
from alula.cli.output import print_message
from alula.cli.tree import Line, lines, plain, plain_tree, renderable, run_duration
from alula.core.engine.records import ExecutionPhase, NodePhase
from alula.core.errors import Unavailable
from alula.core.ids import ExecutionId
from alula.core.literals.text import outputs_text
from alula.sdk.client.connection import Connection
from alula.sdk.client.rpcs import GET_EXECUTION, GET_EXECUTION_DATA
from alula.sdk.client.run_view import RunView, to_execution_id
from alula.sdk.client.watch import follow

FRAMES_PER_SECOND = 10
PLAIN_ROWS = 100
"""Of the tree that ends the plain lines."""
PLAIN_NODES = 1_000
"""The number of nodes whose every change is a plain line; of others only failures are told."""


def show_launched(
    target: Target, connection: Connection, id: ExecutionId, form: str, *, wait: bool, opens: bool = False
) -> None:
    """Say that a run was launched: its name, or with `wait` how it goes and its result, leaving with its status.

    `opens` shows its page in a browser.
    """
    say(f"launched {id.name}")
    if url := run_url(connection, id):
        say(f"  see it:      {url}")
        if opens:
            open_in_browser(url)
    selector = target.selector(id)
    if wait:
        follow_to_end(target, connection, id, form)
    elif form != "table":
        request = execution_pb2.WorkflowExecutionGetRequest(id=to_execution_id(id))
        print_message(connection.call(GET_EXECUTION, request), form)
    else:
        print(id.name)
        say(f"  watch it:    alula watch {id.name}{selector}")
        say(f"  look at it:  alula describe execution {id.name}{selector}")


def follow_to_end(target: Target, connection: Connection, id: ExecutionId, form: str) -> None:
    """Show the run until it ends, then its result; leaves with the run's status."""
    selector = target.selector(id)
    with FollowedPlatform(target, connection) as platform:
        try:
            run = _follow_live(platform, id) if sys.stderr.isatty() else _follow_plainly(platform, id)
        except KeyboardInterrupt:
            say(f"\nstopped watching; {id.name} goes on")
            say(f"  watch it:  alula watch {id.name}{selector}")
            say(f"  abort it:  alula abort {id.name}{selector}")
            raise CommandEnded(INTERRUPTED) from None
        show_result(platform.connection, run, form, selector=selector)


def show_result(connection: Connection, run: RunView, form: str, *, selector: str) -> None:
    """Print how the run ended and leave with status 0, or 1 when it did not succeed.

    `selector` is what must be added to another command to reach the same platform and place.
    """
    if form != "table":
        print_message(run.execution, form)
    elif run.phase is ExecutionPhase.SUCCEEDED:
        request = execution_pb2.WorkflowExecutionGetDataRequest(id=to_execution_id(run.id))
        outputs = connection.call(GET_EXECUTION_DATA, request).full_outputs
        if outputs.literals:
            print(outputs_text(outputs))
    if run.phase is ExecutionPhase.SUCCEEDED:
        raise CommandEnded(SUCCESS)
    closure = run.execution.closure
    if run.phase is ExecutionPhase.ABORTED:
        by = f" by {closure.abort_metadata.principal}" if closure.abort_metadata.principal else ""
        say_error("Aborted", f"{run.id.name} was aborted{by}: {closure.abort_metadata.cause or 'no cause given'}")
    else:
        say_error(closure.error.code or run.phase.name, closure.error.message or f"{run.id.name} failed")
        say(f"more: alula describe execution {run.id.name}{selector}")
    raise CommandEnded(RUN_FAILED)


def _looks(platform: FollowedPlatform, id: ExecutionId, tell: Callable[[str], None]) -> Iterator[RunView]:
    """The run after every change, last as it ended, from wherever the platform is."""
    began = False
    while True:
        try:
            for run in follow(platform.connection, id, on_unreachable=_raise):
                began = True
                platform.is_up()
                yield run
        except Unavailable as error:
            if not began:  # nothing says that there was a platform
                raise
            platform.wait(error, tell)
        else:
            return


def _raise(error: Unavailable) -> None:
    raise error


def _follow_live(platform: FollowedPlatform, id: ExecutionId) -> RunView:
    from rich.console import Console  # lazy: only for a live tree
    from rich.live import Live  # lazy: as above

    console = Console(stderr=True)
    latest: list[RunView] = []

    def draw() -> object:
        return renderable(latest[0], time.time(), height=max(console.height - 1, 3)) if latest else ""

    with Live(get_renderable=draw, console=console, refresh_per_second=FRAMES_PER_SECOND) as live:  # pyright: ignore[reportArgumentType]  # any renderable is fine

        def tell(what: str) -> None:
            live.console.print(what, style="yellow")

        for run in _looks(platform, id, tell):
            latest[:] = [run]
        live.refresh()
    return latest[0]


def _follow_plainly(platform: FollowedPlatform, id: ExecutionId) -> RunView:
    shown: dict[str, str] = {}
    run: RunView | None = None
    for run in _looks(platform, id, say):
        for line in lines(run, time.time()):
            _say_change(line, shown)
    assert run is not None, "following yields at least once"
    now = time.time()
    say(f"{run.id.name} {run.phase.name} {run_duration(run, now):.1f}s")
    for row in plain_tree(run, now, height=PLAIN_ROWS):
        say(row)
    return run


def _say_change(line: Line, shown: dict[str, str]) -> None:
    """One line for each new phase of a node, and for each new attempt."""
    if line.phase is NodePhase.UNDEFINED or (
        len(shown) >= PLAIN_NODES and line.node_id not in shown and not line.phase.has_failed
    ):
        return
    state = f"{line.phase.name} {line.notes}"
    if shown.get(line.node_id) != state:
        shown[line.node_id] = state
        say(plain(line))
