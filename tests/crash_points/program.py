"""Platforms that count their effects and may die at one: `program.py DATA MARK`.

Imports everything once. Each line of standard input, `TRACE [EFFECT HIT]` with tabs between, is one platform: a fork
of this process, composed by the platform's own composition root, with counted ports. Its process id is printed when it
has been started, its status when it has ended.
"""

from __future__ import annotations

import asyncio
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.crash_points.points import CountedExecutor, CountedPort, Point, Points
from tests.crash_points.records import CONSUMER, TOLD
from tests.integration.processes import MARK

from alula.server.adapters import Adapters
from alula.server.delivery import Subscription
from alula.server.main import serve
from alula.server.settings.loading import load_settings
from alula.server.store.outbox import Consumer, OutboxMessage


def consumer(told: Path, points: Points) -> Subscription:
    """Writes to a file what it is told of runs and nodes."""

    async def deliver(messages: Sequence[OutboxMessage]) -> None:
        points.reach(["before deliver"])
        with told.open("a") as file:
            file.writelines(f"{each.execution.name} {each.phase} {each.node_id}\n" for each in messages)
        points.reach(["after deliver"])

    return Subscription(Consumer(CONSUMER, nodes=True), deliver)


async def run(data: str, trace: str, *deadly: str) -> None:
    points = Points(Path(trace), Point(deadly[0], int(deadly[1])) if deadly else None)
    usual = Adapters()
    counted = Adapters(
        store=lambda settings: CountedPort(usual.store(settings), "store", points),  # type: ignore[arg-type]
        blobs=lambda *given: CountedPort(usual.blobs(*given), "blobs", points),  # type: ignore[arg-type]
        executor=lambda *given: CountedExecutor(usual.executor(*given), points),
        consumers=lambda *_: [consumer(Path(trace).with_name(TOLD), points)],
    )
    settings = load_settings({"data": data, "grpc_port": 0, "http_port": 0, "inherit": [MARK]}, {})
    await serve(settings, ready=lambda _endpoints: None, stop=asyncio.Event(), adapters=counted)


def main(data: str, mark: str) -> None:
    while line := sys.stdin.readline():
        pid = os.fork()
        if not pid:
            os.environ[MARK] = mark
            try:
                asyncio.run(run(data, *line.rstrip("\n").split("\t")))
            except Exception:  # noqa: BLE001  (the process ends before Python would say it)
                traceback.print_exc()
            finally:
                os._exit(1)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


main(*sys.argv[1:])
