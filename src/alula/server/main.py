"""The composition root: builds the platform of its adapters, runs it, and takes it down.

Ports are bound and the data folder is locked before anything else is done, so that a bad start fails at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import secrets
import socket
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from importlib.metadata import version

from alula.server import data_folder, descriptors, heap
from alula.server.adapters import BY_SETTINGS, Adapters, refuse_of, traces_of, wall_clock_us, watched
from alula.server.blob import Blobs
from alula.server.delivery import Subscription
from alula.server.disk import Disk
from alula.server.duties import Duties
from alula.server.executor import Executor
from alula.server.listening import Endpoints, answer, endpoints_of, listen, listen_for_metrics
from alula.server.notifications.occasions import Occasions
from alula.server.process_measures import measured
from alula.server.retention.duty import Retention
from alula.server.runner.children import Children
from alula.server.runner.runner import Runner
from alula.server.scheduler.arrivals import Arrivals
from alula.server.scheduler.backfills import Backfills
from alula.server.scheduler.run_ends import RunEnds
from alula.server.scheduler.scheduler import Scheduler
from alula.server.services.home import require_objects
from alula.server.services.platform import Platform
from alula.server.services.retention import RETENTION
from alula.server.services.runnable import Runnable
from alula.server.services.watch import Hub
from alula.server.settings.schema import Settings
from alula.server.store import Store
from alula.server.store.news import News
from alula.server.store.outbox import Consumer
from alula.server.store.triggers import RUN_ENDS
from alula.server.traces import Traces

FOLDER_CHECK_S = 2.0
"""The interval at which the data folder is looked for, as it may be gone."""
_log = logging.getLogger(__name__)


@contextlib.contextmanager
def _held(settings: Settings) -> Generator[data_folder.Holding]:
    """Hold the data folder for the roles of this process. Raises as `data_folder.held`."""
    with contextlib.ExitStack() as stack:
        locks = [lock for role, lock in data_folder.LOCKS.items() if role in settings.roles]
        holdings = [stack.enter_context(data_folder.held(settings.data_folder, lock)) for lock in locks]
        yield holdings[0]


async def serve(
    settings: Settings,
    *,
    ready: Callable[[Endpoints], None],
    stop: asyncio.Event,
    adapters: Adapters = BY_SETTINGS,
) -> None:
    """Run the platform, or one of its roles, until `stop`; `ready` is called once when it answers, or runs.

    Raises `FailedPrecondition` for a taken port, a data folder in use or a store that is too new, and the store's
    errors if it can't be opened.
    """
    heap.share_one_arena()
    folder = settings.data_folder
    with _held(settings) as holding:
        async with contextlib.AsyncExitStack() as stack:
            metrics = stack.enter_context(listen_for_metrics(settings)) if settings.metrics.address else None
            listening = listen(stack, settings, descriptors.connections()) if "api" in settings.roles else None
            endpoints = endpoints_of(settings, listening, metrics)
            store = adapters.store(settings)
            traces = traces_of(settings, store)
            disk = Disk(folder, settings.disk.low_bytes)
            blobs = adapters.blobs(settings, endpoints.http, traces)
            platform = await stack.enter_async_context(
                _platform(settings, adapters, store, blobs, traces, endpoints, holding, disk)
            )
            stack.push_async_callback(traces.stop)
            platform.measures.add(blobs)
            platform.measures.add(disk)
            stack.enter_context(measured(platform.measures))
            process = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
            duties = await _duties(settings, platform, process) if "scheduler" in settings.roles else None
            if duties is not None:
                await duties.deliver(adapters.consumers(settings, platform))
                store.on_news(duties.hear, duties.miss)
            runner = None
            if "runner" in settings.roles:
                executor = adapters.executor(settings, endpoints, platform)
                runner = await stack.enter_async_context(_running(settings, platform, executor, process))
                platform.measures.add(runner)
            descriptors.raise_limit()  # after the executor was made, whose attempts keep the limit that there was
            await answer(stack, settings, adapters.authentication(settings), listening, metrics, platform, blobs)
            if listening is not None:
                stack.callback(data_folder.remove_info, folder)
                _write_info(settings, endpoints, platform.clock())
            ready(endpoints)
            if duties is not None:
                duties.start()
                stack.push_async_callback(duties.stop)
            heap.give_back()
            gc.freeze()  # looking through all that stays took a sixth of the time of a busy platform
            try:
                await _until(stop, [each for each in (runner, duties) if each is not None], holding, disk)
            finally:
                platform.hub.close()  # ends streams and held calls, which would otherwise wait out the grace


async def _duties(settings: Settings, platform: Platform, process: str) -> Duties:
    duties = Duties(
        platform.store, platform.measures, process, lease_us=_lease_us(settings), recheck_s=platform.recheck_s
    )
    _backfill(platform, duties)
    ends = RunEnds(platform)
    await duties.deliver([Subscription(Consumer(RUN_ENDS), ends.hear, ends.is_wanted, ends.concerns)])
    occasions = Occasions(platform, settings.notifications)
    duties.add("scheduler", Scheduler(platform, catch_up_max=settings.scheduler.catch_up_max, tell=occasions.skipped))
    duties.add("arrivals", Arrivals(platform, every_s=settings.triggers.objects_every_s))
    duties.add(RETENTION, Retention(platform, settings.retention))
    if settings.notifications.is_used:
        from alula.server.notifications.channels import require_usable  # lazy: the libraries of mail and HTTP
        from alula.server.notifications.sending import Sending  # lazy: as above

        require_usable(settings.notifications, os.environ)
        duties.add("notifications", Sending(platform, settings.notifications, occasions))
        consumer = Consumer("notifications", nodes=occasions.wants_nodes)
        await duties.deliver([Subscription(consumer, occasions.hear)])
    else:
        await platform.store.outbox.forget("notifications")
    return duties


def _backfill(platform: Platform, duties: Duties) -> None:
    backfills = Backfills(platform)
    leadership = duties.add("backfills", backfills)

    def hear(news: News) -> None:
        if backfills.awaits(news):
            leadership.wake()

    platform.store.on_news(hear, leadership.wake)


def _lease_us(settings: Settings) -> int:
    return round(settings.runner.lease_s * 1_000_000)


@contextlib.asynccontextmanager
async def _platform(
    settings: Settings,
    adapters: Adapters,
    store: Store,
    blobs: Blobs,
    traces: Traces,
    endpoints: Endpoints,
    holding: data_folder.Holding,
    disk: Disk,
) -> AsyncGenerator[Platform]:
    """The platform for use cases, with store and objects opened."""
    await blobs.start()
    await store.start()
    try:
        platform = Platform(
            store=store,
            blobs=blobs,
            logs=adapters.logs(settings, blobs),
            access=adapters.access(settings),
            hub=Hub(),
            traces=traces,
            clock=wall_clock_us,
            random_bytes=secrets.token_bytes,
            check_health=holding.check,
            scratch=str(settings.data_folder),
            disk_trouble=disk.trouble,
            disk_use=disk.use,
            http_endpoint=endpoints.http,
            domains=settings.runs.domains,
            max_parallelism=settings.runs.max_parallelism,
            system_retries=settings.runs.system_retries,
            memory_growth=settings.runs.memory_growth,
            tiers=settings.quality_of_service,
            runnable=Runnable(refuse_of(settings)),
            inline_max_bytes=settings.runs.inline_max_bytes,
            zones=settings.scheduler.zones,
            triggers=settings.triggers,
            watched=tuple(map(watched, settings.objects.watched)),
            retention_rules=settings.retention.rules,
            settled_s=settings.retention.settled_s,
            notification_rules={rule.name: rule.channels for rule in settings.notifications.rules},
        )
        store.on_news(platform.hub.publish, platform.hub.miss)
        if settings.store.database or settings.objects.url:
            await require_objects(platform)
        yield platform
    finally:
        await store.stop()
        await blobs.stop()


@contextlib.asynccontextmanager
async def _running(
    settings: Settings, platform: Platform, executor: Executor, runner_id: str
) -> AsyncGenerator[Runner]:
    """The runner and its executor, which the runner starts and stops."""
    folder = settings.data_folder
    # The folder's lock is ours, so an earlier server here is dead, and its claims need not wait for their lease: in the
    # folder's own database all claims, in another those of its runner.
    before = data_folder.last_runner(folder) if settings.store.database else None
    await platform.store.ownership.release(before)
    await platform.store.leases.release(before)
    data_folder.write_runner(folder, runner_id)

    runner = Runner(
        store=platform.store,
        executor=executor,
        blobs=platform.blobs,
        children=Children(platform),
        clock=platform.clock,
        runner_id=runner_id,
        platform_id=settings.runner.id or data_folder.platform_id(folder),
        lease_us=_lease_us(settings),
        traces=platform.traces,
        runnable=platform.runnable,
    )
    await runner.start()
    try:
        yield runner
    finally:
        await runner.stop()


async def _until(
    stop: asyncio.Event, lasting: Sequence[Runner | Duties], holding: data_folder.Holding, disk: Disk
) -> None:
    """Return when asked to stop; raise the error that ended one of these or took the folder away, for a platform that
    runs nothing must not look alive."""
    waits = (stop.wait(), *(each.wait() for each in lasting), _until_lost(holding), disk.watch())
    ends = [asyncio.ensure_future(work) for work in waits]
    try:
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in done:
            end.result()
    finally:
        for end in ends:
            end.cancel()


async def _until_lost(holding: data_folder.Holding) -> None:
    while True:
        holding.check()
        await asyncio.sleep(FOLDER_CHECK_S)


def _write_info(settings: Settings, endpoints: Endpoints, now: int) -> None:
    folder = settings.data_folder
    info = data_folder.ServerInfo(
        pid=os.getpid(),
        grpc=endpoints.grpc,
        http=endpoints.http,
        version=version("alula"),
        data=str(folder),
        started_at=now,
        low_bytes=settings.disk.low_bytes,
    )
    data_folder.write_info(folder, info)
