"""What a late page of a long list costs beside the first: runs of a project, newest first, as clients ask for them.

    make bench-lists                                  100,000 runs in pages of 100
    make bench-lists LISTS="--runs 10000"             so many

The last page is found by the token of the page before it, and beside that by the number of rows to leave out.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from flyteidl.admin import common_pb2, execution_pb2

from alula.core.ids import EntityId, ExecutionId
from alula.server.services.executions import list_executions
from alula.server.services.platform import Platform
from alula.server.services.tokens import token_of
from alula.server.store.audits import Audit
from alula.server.store.executions import EXECUTIONS, ExecutionRecord
from alula.server.store.query import Query
from bench import in_process
from bench.in_process import ADA, DOMAIN, PROJECT, InstantExecutor
from bench.report import aligned, spread

PAGE = 100
AT_ONCE = 1_000
INPUTS_BYTES = 2_000
FLOW = EntityId(PROJECT, DOMAIN, "flow", "1")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.lists", description=__doc__ and __doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100_000, help="runs in the list (default 100,000)")
    parser.add_argument("--repeat", type=int, default=15, metavar="N", help="repetitions (default 15)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="alula-bench-") as folder:
        print(asyncio.run(_measured(Path(folder), options.runs, options.repeat)))
    return 0


async def _measured(folder: Path, runs: int, repeat: int) -> str:
    store, _, platform, runner = await in_process.start(folder, InstantExecutor())
    try:
        await runner.stop()
        for start in range(0, runs, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, runs))
            await asyncio.gather(*(_launch(platform, number) for number in numbers))
        # The row before the last page, in the list that has the newest first.
        before = _record(PAGE)
        token = token_of(Query(limit=PAGE), EXECUTIONS.position(before, "created_at"))
        tokens = {"first page": "", "last page, by its token": token, "last page, by an offset": str(runs - PAGE)}
        taken: dict[str, list[float]] = {name: [] for name in tokens}
        for _ in range(repeat):
            for name, each in tokens.items():
                taken[name].append(await _page_ms(platform, each))
    finally:
        await store.stop()
    first = statistics.median(taken["first page"])
    rows: list[tuple[str, ...]] = [(f"{runs:,} runs", "ms", "beside the first")]
    rows += [(name, spread(times, 2), f"{statistics.median(times) / first:.2f}") for name, times in taken.items()]
    return aligned(rows)


async def _page_ms(platform: Platform, token: str) -> float:
    request = common_pb2.ResourceListRequest(limit=PAGE, token=token)
    request.id.project, request.id.domain = PROJECT, DOMAIN
    began = time.perf_counter()
    listed = await list_executions(platform, ADA, request)
    taken = (time.perf_counter() - began) * 1_000
    if len(listed.executions) != PAGE:
        raise AssertionError(f"{len(listed.executions)} runs are on the page, not {PAGE}")
    return taken


async def _launch(platform: Platform, number: int) -> None:
    record = _record(number)
    await platform.store.executions.create(record, b"", Audit(number, "bench", "launch", str(record.id)))


def _record(number: int) -> ExecutionRecord:
    values = bytes(INPUTS_BYTES)
    return ExecutionRecord(
        id=ExecutionId(PROJECT, DOMAIN, f"run-{number}"),
        spec=execution_pb2.ExecutionSpec().SerializeToString(),
        inputs=values,
        user_inputs=values,
        workflow=FLOW,
        launch_entity="launch_plan",
        launch_plan=FLOW,
        principal="bench",
        mode=0,
        created_at=1_700_000_000_000_000 + number,
        updated_at=1_700_000_000_000_000 + number,
        outputs=values,
    )


if __name__ == "__main__":
    sys.exit(main())
