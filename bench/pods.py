"""What an attempt as a pod costs the platform itself, on nodes that are simulated: the pods do nothing.

    make bench-pods                                   2,000 pods at once
    make bench-pods PODS="--pods 5000"                so many

CPU of this process alone, per pod: from `submit` to the pod's creation and its start, and from its end to the removal
of its object. Beside it the memory that is kept for each pod in flight, and how many requests it took.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from tests.attempts.specs import attempt
from tests.kubernetes.cluster import Cluster
from tests.objects.memory import MemoryBlobs

from alula.server.executor import AttemptSpec, AttemptUpdate
from alula.server.executors.kubernetes.executor import KubernetesExecutor
from alula.server.executors.kubernetes.measures import CALLS
from alula.server.executors.kubernetes.options import KubernetesOptions, Toleration
from bench.report import aligned

PER_NODE = 2_000
TIMEOUT_S = 600.0
LOOK_S = 1.0
"""The interval at which is looked whether a step is done: looking costs CPU of the same process."""


class Remote(MemoryBlobs):
    """Objects that pods would reach by themselves."""

    def uri(self, *parts: str) -> str:
        return super().uri(*parts) if parts else "memory:"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.pods", description=__doc__ and __doc__.splitlines()[0])
    parser.add_argument("--pods", type=int, default=2_000, help="pods in flight (default 2,000)")
    parser.add_argument("--calls", type=int, default=16, help="calls under way (default 16)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="alula-bench-") as folder:
        cluster = Cluster(Path(folder) / "cluster")
        try:
            cluster.start()
            cluster.add_simulated_nodes(-(-options.pods // PER_NODE))
            print(asyncio.run(_measured(cluster, options.pods, options.calls)))
        finally:
            cluster.stop()
    return 0


async def _measured(cluster: Cluster, pods: int, calls: int) -> str:
    options = on_simulated_nodes(cluster, calls=calls)
    logging.disable(logging.WARNING)  # simulated nodes have no logs
    executor = KubernetesExecutor(Remote(), options)
    updates: list[AttemptUpdate] = []
    await executor.start(updates.append)
    try:
        await executor.reconcile([], owner="bench")
        specs = [_spec(number) for number in range(pods)]
        before = memory()
        rows: list[tuple[str, ...]] = [("", "CPU ms/pod", "pods/s", "requests/pod")]

        def phases(*wanted: str) -> int:
            return sum(each.phase in wanted for each in updates)

        def submit() -> None:
            for spec in specs:
                executor.submit(spec)

        rows.append(await _timed("submit to running", executor, submit, lambda: phases("RUNNING") >= pods, pods))
        held = (memory() - before) / pods

        def end() -> None:
            cluster.end_simulated_pods()

        ended = ("SUCCEEDED", "FAILED")
        rows.append(await _timed("end to its report", executor, end, lambda: phases(*ended) >= pods, pods))
        ids = [spec.id for spec in specs]
        gone = lambda: not cluster.call("/api/v1/namespaces/default/pods?limit=1")["items"]  # noqa: E731
        rows.append(await _timed("acknowledged to gone", executor, lambda: executor.acknowledge(ids), gone, pods))
        return f"{aligned(rows)}\n\nmemory held per pod in flight: {held / 1024:.1f} KiB"
    finally:
        await executor.stop()


def on_simulated_nodes(cluster: Cluster, *, calls: int = 16, shared: Path | None = None) -> KubernetesOptions:
    """Settings by which pods go to the simulated nodes, which may have a folder of this machine."""
    return KubernetesOptions(
        kubeconfig=str(cluster.kubeconfig),
        namespace="default",
        node_selector={"type": "kwok"},
        tolerations=(Toleration("kwok.x-k8s.io/node", "Exists"),),
        calls=calls,
        shared_folder=str(shared or ""),
    )


async def _timed(
    name: str, executor: KubernetesExecutor, begin: Callable[[], None], is_done: Callable[[], bool], pods: int
) -> tuple[str, ...]:
    made, cpu, at = _calls(executor), time.process_time(), time.monotonic()
    begin()
    async with asyncio.timeout(TIMEOUT_S):
        while not await asyncio.to_thread(is_done):
            await asyncio.sleep(LOOK_S)
    cpu, took = time.process_time() - cpu, time.monotonic() - at
    return name, f"{cpu / pods * 1000:.2f}", f"{pods / took:.0f}", f"{(_calls(executor) - made) / pods:.1f}"


def _calls(executor: KubernetesExecutor) -> float:
    """The requests so far, without those of the watch."""
    calls = next(each.values[()] for each in executor.measure() if each.metric is CALLS)
    assert isinstance(calls, float | int), "a counter"
    return calls


def _spec(number: int) -> AttemptSpec:
    spec = attempt(Path("/"), "true", node=f"n{number}", image="registry.test/nothing:1")
    return msgspec.structs.replace(spec, incarnation="bench")


def memory() -> int:
    """What is resident of this process, in bytes."""
    gc.collect()
    return memory_of(os.getpid())


def memory_of(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    sys.exit(main())
