"""`alula up`, `down` and `status`: the platform of a data folder.

`up` and the server are one process; a detached one is the same command in the background, which reports over a pipe
that it is ready, or why it is not. What holds the folder's lock is the platform; `server.json` is only where it is.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alula.cli.console_links import console_url, open_in_browser
from alula.cli.failures import UNREACHABLE, CommandEnded, say
from alula.cli.output import print_document
from alula.core.errors import AlulaError, FailedPrecondition, InvalidInput, Unavailable
from alula.core.statuses import STATUSES

if TYPE_CHECKING:
    from alula.server.data_folder import ServerInfo
    from alula.server.disk import DiskUse
    from alula.server.listening import Endpoints
    from alula.server.settings.schema import Settings

DETACHED_READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
STOP_GRACE_S = 10.0
"""The time in seconds that a platform may take to stop, whatever its threads do."""
POLL_INTERVAL_S = 0.05
_NOTIFY_VARIABLE = "ALULA_NOTIFY_FD"
"""Number of the pipe on which a detached platform reports to `alula up --detach`."""

_data_option = click.option(
    "--data",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Data folder of the platform.  [env: ALULA_DATA; default: ~/.alula]",
)


@click.command()
@_data_option
@click.option(
    "--grpc-port", type=int, metavar="PORT", help="0 takes a free one.  [env: ALULA_GRPC_PORT; default: 8089]"
)
@click.option(
    "--http-port", type=int, metavar="PORT", help="0 takes a free one.  [env: ALULA_HTTP_PORT; default: 8088]"
)
@click.option(
    "--role",
    metavar="ROLE",
    help="The parts of this process: all, or some of api,runner,scheduler where several share a PostgreSQL database.  "
    "[default: all]",
)
@click.option("--host", metavar="ADDRESS", help="Address to listen on.  [env: ALULA_HOST; default: 127.0.0.1]")
@click.option(
    "--database-url",
    metavar="URL",
    help="A PostgreSQL database instead of SQLite in the data folder.  [env: ALULA_DATABASE_URL]",
)
@click.option(
    "--environment",
    "environments",
    multiple=True,
    metavar="PATTERN=DIR",
    help="Run tasks whose image matches PATTERN with the Python environment in DIR; repeatable.  "
    "[env: ALULA_ENVIRONMENTS, comma-separated]",
)
@click.option(
    "--executor",
    metavar="NAME",
    help="Run tasks that no route is for on this executor: process, container or kubernetes.  [default: process]",
)
@click.option(
    "--settings",
    "settings_file",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="TOML file of settings.  [env: ALULA_SETTINGS; default: settings.toml in the data folder]",
)
@click.option(
    "--log-level",
    metavar="LEVEL",
    help="DEBUG, INFO, WARNING, ERROR or CRITICAL: the least that is logged.  [env: ALULA_LOG_LEVEL; default: WARNING]",
)
@click.option(
    "--log-format",
    metavar="FORMAT",
    help="text, or json for one object a line.  [env: ALULA_LOG_FORMAT; default: text]",
)
@click.option("--show-settings", is_flag=True, help="Print all settings, each with where it comes from, and end.")
@click.option("--detach", is_flag=True, help="Run in the background; return when the platform is ready.")
@click.option("--open", "opens", is_flag=True, help="Show the console in a browser when the platform is ready.")
def up(
    settings_file: str | None,
    *,
    show_settings: bool,
    detach: bool,
    opens: bool,
    environments: tuple[str, ...],
    executor: str | None,
    **flags: Any,
) -> None:
    """Start the platform, until Ctrl-C.

    Prints one line with both endpoints when it is ready. A second Ctrl-C stops it at once.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    if environments:
        given["environments"] = environments
    if executor:
        given["executors.default"] = executor
    from alula.server.settings.loading import load  # lazy: other commands need nothing of the platform

    loaded = load(given, os.environ, file=settings_file)
    if show_settings:
        from alula.server.settings.showing import shown  # lazy: as above

        click.echo(shown(loaded))
        return
    settings = loaded.settings
    if loaded.renamed:
        say(f"warning: old names of settings: {'; '.join(loaded.renamed)}")
    if settings.is_open:
        say(
            f"warning: {settings.host} may be reached from other machines, and there is no login: all that can connect "
            "may run code as this user"
        )
    if detach:
        _start_detached(settings, _arguments(given, settings_file), _secrets(given), opens=opens)
    else:
        _run(settings, opens=opens)


@click.command()
@_data_option
def down(data: str | None) -> None:
    """Stop the platform that runs on a data folder.

    It may take a moment to end what it is doing; after 15 s it is killed (nothing is lost by that). It is no error
    when none runs.
    """
    folder = _folder(data)
    from alula.server.data_folder import LOCKS, holder  # lazy: as in `up`

    holders = {pid: lock for lock in LOCKS.values() if (pid := holder(folder, lock)) is not None}
    if not holders:
        click.echo(f"no platform runs on {folder}")
        return
    for pid, lock in holders.items():
        _stop(pid, lock, folder)
    click.echo(f"stopped the platform on {folder}")


def _stop(pid: int, lock: str, folder: Path) -> None:
    """End the process that holds a lock of a data folder."""
    if pid == 0:
        raise FailedPrecondition("PlatformUnknown", f"a process that can't be named holds {folder}")
    _signal(pid, signal.SIGTERM, folder)
    if not _wait_for_release(folder, lock, STOP_TIMEOUT_S):
        say(f"process {pid} did not end within {STOP_TIMEOUT_S:g} s and is killed")
        _signal(pid, signal.SIGKILL, folder)
        _wait_for_release(folder, lock, STOP_TIMEOUT_S)
    _wait_for_exit(pid, STOP_TIMEOUT_S)


@click.command()
@_data_option
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["table", "json", "yaml"]),
    default="table",
    show_default=True,
    help="How to print.",
)
def status(data: str | None, form: str) -> None:
    """Say whether a platform runs on a data folder, where, and how much of the disk it uses. Exit status 3 when none
    does."""
    folder = _folder(data)
    from alula.server.data_folder import holder, read_info  # lazy: as in `up`
    from alula.server.disk import disk_use  # lazy: as in `up`

    info, pid = read_info(folder), holder(folder)
    use = disk_use(folder) if folder.is_dir() else None
    state = "running" if info else "starting" if pid is not None else "stopped"
    if form != "table":
        print_document(_status_document(folder, state, info, use), form)
    elif info:
        since = datetime.fromtimestamp(info.started_at / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        click.echo(f"running on {folder}: gRPC {info.grpc}, HTTP {info.http}")
        click.echo(f"process {info.pid}, Alula {info.version}, since {since}")
    else:
        click.echo(f"{state} on {folder}" if pid is not None else f"no platform runs on {folder}")
    if use and form == "table":
        click.echo(f"disk: {use}")
        if info and use.free < info.low_bytes:
            say("warning: the disk is nearly full; free some room, or have retention remove runs")
    if state != "running":
        raise CommandEnded(UNREACHABLE)


def _status_document(folder: Path, state: str, info: ServerInfo | None, use: DiskUse | None) -> dict[str, Any]:
    document: dict[str, Any] = {"state": state, "data": str(folder)}
    if use:
        document["disk"] = {name: getattr(use, name) for name in use.__struct_fields__}
    if info:
        document |= {
            "grpc": info.grpc,
            "http": info.http,
            "pid": info.pid,
            "version": info.version,
            "started_at": datetime.fromtimestamp(info.started_at / 1e6, UTC).isoformat(),
        }
    return document


def _folder(flag: str | None) -> Path:
    from alula.server.settings.loading import data_folder  # lazy: as in `up`

    return data_folder(flag, os.environ)


def _not_installed(error: ImportError) -> InvalidInput:
    return InvalidInput(
        "ServerNotInstalled",
        f"the platform's part of Alula is not installed ({error.name} is missing)",
        fix="pip install 'alula[server]'",
    )


# In the foreground


def _run(settings: Settings, *, opens: bool) -> None:
    notify = _Notify()
    gc.disable()  # what is imported stays: it is looked through neither now nor later
    try:
        from alula.server.log_format import formatter  # lazy: of the platform
        from alula.server.log_limit import LogLimit  # lazy: of the platform
        from alula.server.main import serve  # lazy: everything of the platform
    except ImportError as error:
        raise _not_installed(error) from error
    gc.freeze()
    gc.enable()
    log = logging.StreamHandler(sys.stderr)
    log.addFilter(LogLimit())
    log.setFormatter(formatter(settings.log.format))
    logging.basicConfig(level=settings.log.level.upper(), handlers=[log])
    logging.captureWarnings(True)  # they are lines of the log, too

    async def run() -> None:
        stop = asyncio.Event()
        _stop_by_signals(stop)
        await serve(settings, ready=lambda endpoints: _announce(endpoints, settings, notify, opens=opens), stop=stop)

    try:
        asyncio.run(run())
    except AlulaError as error:
        notify.failed(error)
        raise


def _stop_by_signals(stop: asyncio.Event) -> None:
    """Stop at the first signal; leave at the second, or when stopping takes too long. Whatever is open then is
    recovered at the next start.

    Not by the event loop's own handlers, as it is the loop or a thread that may be what does not end.
    """
    loop = asyncio.get_running_loop()
    leaving = threading.Timer(STOP_GRACE_S, _leave, (f"it has not stopped within {STOP_GRACE_S:g} s, and ends now",))
    leaving.daemon = True
    is_asked = False

    def stop_or_leave(_number: int, _frame: object) -> None:
        nonlocal is_asked
        if is_asked:
            _leave("asked twice, it ends now")
        is_asked = True  # before all else: the second signal may arrive while the first is handled
        leaving.start()
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop_or_leave)


def _leave(why: str) -> None:
    os.write(2, f"{why}\n".encode())
    os._exit(130)


def _announce(endpoints: Endpoints, settings: Settings, notify: _Notify, *, opens: bool) -> None:
    metrics = f", metrics {endpoints.metrics}" if endpoints.metrics else ""
    answers = "api" in settings.roles
    clients = _addresses(endpoints.grpc, endpoints.http) if answers else f"role {settings.role}"
    ready = f"Alula is ready: {clients}{metrics}, data in {settings.data_folder}"
    if settings.log.format == "json":  # standard output and the log may be one stream, in which all lines are objects
        from alula.server.log_format import formatter  # lazy: of the platform

        ready = formatter("json").format(logging.LogRecord(__name__, logging.INFO, __file__, 0, ready, None, None))
    click.echo(ready)
    sys.stdout.flush()
    notify.ready(endpoints)
    if opens and answers:
        threading.Thread(target=open_in_browser, args=(console_url(endpoints.http),), daemon=True).start()


def _addresses(grpc: str, http: str) -> str:
    return f"gRPC {grpc}, HTTP {http}, console {console_url(http)}"


# In the background


class _Notify:
    """The detached platform's end of the pipe; does nothing in the foreground."""

    def __init__(self) -> None:
        number = os.environ.pop(_NOTIFY_VARIABLE, "")
        self._descriptor = int(number) if number.isdigit() else -1

    def ready(self, endpoints: Endpoints) -> None:
        self._tell({"grpc": endpoints.grpc, "http": endpoints.http})

    def failed(self, error: AlulaError) -> None:
        self._tell({"kind": type(error).__name__, "code": error.code, "message": error.message, "fix": error.fix})

    def _tell(self, news: dict[str, str]) -> None:
        if self._descriptor >= 0:
            os.write(self._descriptor, json.dumps(news).encode())
            os.close(self._descriptor)
            self._descriptor = -1


def _start_detached(settings: Settings, arguments: list[str], secrets: dict[str, str], *, opens: bool) -> None:
    from alula.server.data_folder import LOG, open_log  # lazy: as above

    folder = settings.data_folder
    log = os.fdopen(open_log(folder), "ab")
    reader, writer = os.pipe()
    with log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", "from alula.cli.main import main; main()", "up", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(writer,),
            env={**os.environ, **secrets, _NOTIFY_VARIABLE: str(writer)},
            start_new_session=True,
        )
    os.close(writer)
    try:
        news = _hear(reader)
    except KeyboardInterrupt:
        process.terminate()
        raise
    finally:
        os.close(reader)
    if "code" in news:
        kind = next((kind for kind in STATUSES if kind.__name__ == news["kind"]), FailedPrecondition)
        raise kind(news["code"], news["message"], fix=news["fix"])
    if "grpc" not in news:
        process.kill()
        raise Unavailable("PlatformNotReady", "the platform did not start", fix=f"see {folder / LOG}")
    click.echo(f"Alula is ready: {_addresses(news['grpc'], news['http'])}, data in {folder}")
    if opens:
        open_in_browser(console_url(news["http"]))


def _arguments(flags: dict[str, Any], settings_file: str | None) -> list[str]:
    """The flags of this command, to be given to the one in the background, but for `_secrets`."""
    arguments = ["--settings", settings_file] if settings_file else []
    for name, value in flags.items():
        if name == "database_url":
            continue
        if name == "environments":
            arguments += [part for entry in value for part in ("--environment", entry)]
        elif name == "executors.default":
            arguments += ["--executor", str(value)]
        else:
            arguments += [f"--{name.replace('_', '-')}", str(value)]
    return arguments


def _secrets(flags: dict[str, Any]) -> dict[str, str]:
    """Flags that may hold a password, as variables: all users of the machine can read a command line."""
    return {"ALULA_DATABASE_URL": flags["database_url"]} if "database_url" in flags else {}


def _hear(reader: int) -> dict[str, str]:
    """The message of the background process; empty if it ends or takes too long without one."""
    ready, _, _ = select.select([reader], [], [], DETACHED_READY_TIMEOUT_S)
    said = os.read(reader, 65536) if ready else b""
    return json.loads(said) if said else {}


def _signal(pid: int, number: signal.Signals, folder: Path) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise FailedPrecondition(
            "NotYourPlatform", f"process {pid}, which runs on {folder}, belongs to another user"
        ) from error


def _wait_for_exit(pid: int, timeout_s: float) -> None:
    """Until the process is gone: it lets go of the folder a moment before. One that nobody reaps counts as gone."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except ProcessLookupError:
            return
        except OSError:
            pass  # another user's, or no /proc: keep looking
        time.sleep(POLL_INTERVAL_S)


def _wait_for_release(folder: Path, lock: str, timeout_s: float) -> bool:
    from alula.server.data_folder import holder  # lazy: as above

    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if holder(folder, lock) is None:
            return True
        time.sleep(POLL_INTERVAL_S)
    return False
