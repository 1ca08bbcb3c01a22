"""What pods cost in one run: the real runner on a real store, the Kubernetes executor, and simulated nodes whose pods
succeed at once.

    make bench-pods-run                                    2,000 items of one map task, then a chain of 20 steps
    make bench-pods-run PODS="--items 100000"              so many

CPU and memory of this process alone, which is the platform, for each tenth of the items: both should stay as they are
at the beginning. A pod counts half when it is made, half when its end is durable. Beside it the cores that each
part of the cluster took, which says what limits the rate. A line is written as its tenth ends, and one for what has
ended since when the bench is stopped (SIGINT, SIGTERM), or after `--minutes`.

From the end of a step's pod to the creation of its successor's, as the API server tells of them.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Coroutine, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from flyteidl.core import workflow_pb2
from tests.kubernetes.cluster import Cluster

from alula.core.ids import AttemptId
from alula.server.blobs.file import FileBlobs
from alula.server.executor import AttemptSpec
from alula.server.executors.kubernetes.executor import KubernetesExecutor
from alula.server.executors.kubernetes.measures import ATTEMPTS
from bench import in_process
from bench.in_process import InProcess
from bench.pods import PER_NODE, memory, memory_of, on_simulated_nodes
from bench.size import INTEGERS, until_ended

CHAIN = "chain"
PODS = "/api/v1/namespaces/default/pods"


class Counting(KubernetesExecutor):
    """Counts the attempts that have pods, and those whose end is durable."""

    asked = ended = 0

    @property
    def made(self) -> int:
        states = next(each.values for each in self.measure() if each.metric is ATTEMPTS)
        waits = states.get(("made",), 0)
        assert isinstance(waits, int), "a gauge of attempts"
        return self.asked - waits

    def submit(self, spec: AttemptSpec) -> None:
        self.asked += 1
        super().submit(spec)

    def acknowledge(self, attempts: Collection[AttemptId]) -> None:
        self.ended += len(attempts)
        super().acknowledge(attempts)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.pods_run", description=__doc__ and __doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=2_000, help="items of the map task (default 2,000)")
    parser.add_argument("--at-once", type=int, default=1_000, help="pods in flight (default 1,000)")
    parser.add_argument("--steps", type=int, default=20, help="steps of the chain (default 20)")
    parser.add_argument("--minutes", type=float, default=1e6, help="stop after so long, whatever is done by then")
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # simulated nodes have no logs
    os.environ.setdefault("GOGC", "300")  # the cluster shares the machine with the platform: let it collect more rarely
    with tempfile.TemporaryDirectory(prefix="alula-bench-") as folder:
        cluster = Cluster(Path(folder) / "cluster")
        try:
            cluster.start()
            cluster.add_simulated_nodes(-(-options.at_once // PER_NODE))
            cluster.end_simulated_pods()
            work = _measure(cluster, Path(folder), options.items, options.at_once, options.steps)
            asyncio.run(_stoppable(work, options.minutes * 60))
        except (TimeoutError, asyncio.CancelledError):
            print("stopped", flush=True)
        finally:
            cluster.stop()
    return 0


async def _stoppable(work: Coroutine[Any, Any, None], seconds: float) -> None:
    task = asyncio.current_task()
    assert task is not None, "it runs"
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, task.cancel)
    await asyncio.wait_for(work, seconds)


async def _measure(cluster: Cluster, folder: Path, items: int, at_once: int, steps: int) -> None:
    objects = folder / "objects"
    objects.mkdir()
    blobs = FileBlobs(objects, folder / "signing.key")
    await blobs.start()
    executor = Counting(blobs, on_simulated_nodes(cluster, shared=objects))
    bench = await in_process.start(folder, executor)
    try:
        await _map(bench, executor, cluster, items, at_once)
        await _chain(bench, cluster, steps)
    finally:
        await bench.runner.stop()
        await bench.store.stop()


async def _map(bench: InProcess, executor: Counting, cluster: Cluster, items: int, at_once: int) -> None:
    of = in_process.task("nothing", {"x": INTEGERS}, {})
    node = _node("n0", of.id)
    array = workflow_pb2.Node(id="n0", array_node=workflow_pb2.ArrayNode(node=node), inputs=node.inputs)
    await in_process.register(bench.platform, "mapped", {"xs": INTEGERS}, [array], [of])
    xs = in_process.literals_pb2.Literal()
    xs.collection.literals.extend([in_process.integer(1)] * items)
    run = await in_process.launch(bench.platform, "mapped", "mapped", at_once, xs=xs)
    ended = asyncio.create_task(until_ended(bench.store, run))
    print(*_HEAD, sep=_BETWEEN)
    seen = Sample.of(executor, cluster)
    try:
        for tenth in range(1, 11):
            try:
                while executor.ended < items * tenth // 10 and not ended.done():
                    await asyncio.sleep(0.1)
            finally:
                now = Sample.of(executor, cluster)
                print(*_row(seen, now, cluster), sep=_BETWEEN, flush=True)
            seen = Sample.of(executor, cluster)
        await ended
    finally:
        ended.cancel()


class Sample(NamedTuple):
    """What was spent up to a moment."""

    at: float
    cpu: float
    made: int
    ended: int
    parts: dict[str, float]
    """The CPU of the parts of the cluster, in seconds."""

    @classmethod
    def of(cls, executor: Counting, cluster: Cluster) -> Sample:
        parts = {name: _cpu_of(pid) for name, pid in cluster.processes().items()}
        return cls(time.monotonic(), time.process_time(), executor.made, executor.ended, parts)


_PARTS = ("apiserver", "etcd", "kwok", "scheduler", "controllers")
_BETWEEN = "  "
_HEAD = (
    "   pods",
    "CPU ms/pod",
    "pods/s",
    "   MB",
    *(f"{name:>11}" for name in _PARTS),
    "apiserver, MB",
    "etcd, MB on disk",
)


def _row(before: Sample, now: Sample, cluster: Cluster) -> Iterator[str]:
    took, pods = now.at - before.at, now.made - before.made + now.ended - before.ended
    values = [
        f"{now.ended:,}",
        f"{(now.cpu - before.cpu) * 2000 / max(pods, 1):.2f}",
        f"{(now.ended - before.ended) / took:.0f}",
        f"{memory() / 1e6:.0f}",
        *(f"{(now.parts[name] - before.parts[name]) / took:.2f}" for name in _PARTS),
        f"{memory_of(cluster.processes()['apiserver']) / 1e6:.0f}",
        f"{(cluster.folder / 'etcd/member/snap/db').stat().st_size / 1e6:.0f}",
    ]
    return (f"{value:>{len(name)}}" for value, name in zip(values, _HEAD, strict=True))


def _cpu_of(pid: int) -> float:
    """Seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _chain(bench: InProcess, cluster: Cluster, steps: int) -> None:
    of = in_process.task("step", {"x": INTEGERS}, {})
    nodes = [_node(f"n{number}", of.id, after=number) for number in range(steps)]
    await in_process.register(bench.platform, CHAIN, {"xs": INTEGERS}, nodes, [of])
    seen = Seen(cluster)
    xs = in_process.literals_pb2.Literal()
    xs.collection.SetInParent()
    run = await in_process.launch(bench.platform, CHAIN, CHAIN, xs=xs)
    await until_ended(bench.store, run)
    gaps = seen.gaps()
    print(
        f"from the end of a step's pod to the creation of its successor's: median {statistics.median(gaps) * 1000:.0f}"
        f" ms, least {min(gaps) * 1000:.0f}, most {max(gaps) * 1000:.0f}, of {len(gaps)}"
    )


def _node(id: str, task: in_process.identifier_pb2.Identifier, after: int = 0) -> workflow_pb2.Node:
    of = workflow_pb2.TaskNode(reference_id=task)
    before = [f"n{after - 1}"] if after else []
    return workflow_pb2.Node(id=id, task_node=of, inputs=[in_process.taken("x", "xs")], upstream_node_ids=before)


class Seen:
    """When the API server told of pods that were made, and of those that had succeeded."""

    def __init__(self, cluster: Cluster) -> None:
        self._made: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self._changes = cluster.watch(PODS, cluster.call(f"{PODS}?limit=1")["metadata"]["resourceVersion"])
        threading.Thread(target=self._read, daemon=True).start()

    def gaps(self) -> list[float]:
        """Seconds from each end to the creation that followed it, in a run that has one pod at a time."""
        made, ended = sorted(self._made.values()), sorted(self._ended.values())
        return [later - end for end, later in zip(ended, made[1:], strict=False)]

    def _read(self) -> None:
        for change in self._changes:
            now, pod = time.monotonic(), change["object"]
            name, labels = pod["metadata"]["name"], pod["metadata"]["labels"]
            if labels["execution-id"] != CHAIN:  # the last pods of the map are still going
                continue
            self._made.setdefault(name, now)
            if pod["status"].get("phase") == "Succeeded":
                self._ended.setdefault(name, now)


if __name__ == "__main__":
    sys.exit(main())
