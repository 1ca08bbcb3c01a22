"""The `alula` command: the group, its subcommands by name, and how every failure becomes a message and a status.

Nothing of a subcommand is imported before it is called, so that `alula run` of a local workflow starts in a moment.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from alula.cli.failures import report

_COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("alula.cli.run:run", "Run a task or workflow of a file, here or on the platform."),
    "launch": ("alula.cli.launch:launch_", "Start a run of something that is registered."),
    "register": ("alula.cli.register:register", "Register what files and folders declare."),
    "build": ("alula.cli.build:build", "Build the images that tasks of files run in."),
    "compile": ("alula.cli.compile:compile_", "Check and compile specifications that other tools wrote."),
    "port": ("alula.cli.port:port_", "Rewrite code for flytekit, and say what it lacks here."),
    "get": ("alula.cli.get:get", "Show one thing or a list of them."),
    "list": ("alula.cli.get:list_", "List things of one kind."),
    "search": ("alula.cli.search:search", "Find runs, workflows, tasks and launch plans by name."),
    "describe": ("alula.cli.describe:describe", "Explain a run in full, or show what an entity takes and gives."),
    "explain": ("alula.cli.explain:explain", "Say why a run or a step of it is as it is."),
    "compare": ("alula.cli.compare:compare", "Show how two runs differ."),
    "watch": ("alula.cli.watch:watch", "Follow a run until it ends."),
    "logs": ("alula.cli.logs:logs", "Print what tasks of a run have written."),
    "debug": ("alula.cli.debug:debug", "Run an attempt of a run again here, under the debugger."),
    "abort": ("alula.cli.abort:abort", "Stop a run."),
    "relaunch": ("alula.cli.again:relaunch", "Start a run again with the same inputs."),
    "recover": ("alula.cli.again:recover", "Start a run again without doing again what succeeded."),
    "fork": ("alula.cli.again:fork", "Start a run from any node of an earlier one, with changes."),
    "approve": ("alula.cli.signals:approve", "Let a run pass an approval that it waits for."),
    "reject": ("alula.cli.signals:reject", "Refuse an approval that a run waits for."),
    "signal": ("alula.cli.signals:signal_", "List what gates of a run ask, and give them values."),
    "export": ("alula.cli.moving:export_", "Write a run to a file, with all that it needs."),
    "import": ("alula.cli.moving:import_", "Keep the run of a file that was exported elsewhere."),
    "schedule": ("alula.cli.schedule:schedule", "Show when a schedule runs."),
    "backfill": ("alula.cli.backfill:backfill", "Run a launch plan for times in the past."),
    "notify": ("alula.cli.notify:notify", "Show what was told of runs, and send it again."),
    "cache": ("alula.cli.cache:cache", "Show what is kept of cached tasks, and forget it."),
    "retention": ("alula.cli.retention:retention", "Show what the rules of retention remove, and have it removed."),
    "keep": ("alula.cli.retention:keep", "Have runs stay, whatever the rules of retention say."),
    "unkeep": ("alula.cli.retention:unkeep", "Have runs stay no longer than the rules of retention say."),
    "project": ("alula.cli.project:project", "Create projects, change them, and put them away."),
    "up": ("alula.cli.platform:up", "Start the platform."),
    "down": ("alula.cli.platform:down", "Stop the platform."),
    "status": ("alula.cli.platform:status", "Say whether the platform runs, and where."),
}


class _LazyGroup(click.Group):
    """Knows its subcommands by name; imports one when it is called. Other names are looked for in packages."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            from alula.cli.installed import installed_command  # lazy: reads the metadata of all packages

            return installed_command(cmd_name)
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        return getattr(import_module(module), attribute)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _COMMANDS.items()])
        from alula.cli.installed import command_rows  # lazy: as above

        rows = command_rows(_COMMANDS)
        if rows:
            with formatter.section("Commands of packages"):
                formatter.write_dl(rows)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="alula", message="alula %(version)s")
def cli() -> None:
    """Typed workflows, compatible with Flyte.

    Run a workflow here with `alula run FILE.py NAME`, or start a platform with `alula up` and add --remote.

    Exit status: 0 success, 1 the run failed or was aborted, 2 bad input, 3 the platform can't be reached,
    130 interrupted.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Console entry point: run one command and leave the process with its status."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its own log lines on stderr say nothing to a user
    gc.set_threshold(50_000, 20, 20)  # importing makes no garbage: looking for it takes a quarter of a short run
    try:
        status = cli.main(args=arguments, prog_name="alula", standalone_mode=False)
    except BaseException as error:  # noqa: BLE001 the one place where any failure becomes a message
        status = report(error)
    try:
        sys.stdout.flush()
    except OSError as error:  # the reader of a pipe has seen enough, or the disk is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = status or report(error)
    sys.exit(status if isinstance(status, int) else 0)
