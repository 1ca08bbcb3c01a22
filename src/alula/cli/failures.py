"""From a failure to one clear message on standard error and the exit status. No traceback of ours, ever.

`ALULA_DEBUG=1` is the exception, for those who look into Alula itself.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback

import click

from alula.cli.source_lines import source_line
from alula.core.errors import AlulaError, ResourceExhausted, Unavailable
from alula.sdk.mistake import blamed

SUCCESS = 0
RUN_FAILED = 1
BAD_INPUT = 2
UNREACHABLE = 3
INTERRUPTED = 130
_SHOWN_CHARS = 80
"""So many characters of a path that is far longer are shown."""


class CommandEnded(Exception):
    """A command has said all there is to say and ends with `status`."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(status)


class UserCodeError(Exception):
    """The user's own code failed while it was loaded: `shown` is their traceback, without frames of ours."""

    def __init__(self, code: str, message: str, *, shown: str, fix: str = "") -> None:
        self.code = code
        self.message = message
        self.shown = shown
        self.fix = fix
        super().__init__(message)


def report(error: BaseException) -> int:
    """Tell of the failure on standard error; gives the exit status."""
    if os.environ.get("ALULA_DEBUG") == "1" and not isinstance(
        error, CommandEnded | click.exceptions.Exit | SystemExit
    ):
        traceback.print_exception(error)
    match error:
        case CommandEnded():
            return error.status
        case click.exceptions.Exit():
            return error.exit_code
        case SystemExit():
            return error.code if isinstance(error.code, int) else RUN_FAILED
        case KeyboardInterrupt() | click.Abort():
            say_error("Interrupted", "interrupted")
            return INTERRUPTED
        case BrokenPipeError():
            return INTERRUPTED
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT):
            place = error.filename or "where the output or the files of the run go"
            say_error("DiskFull", f"there is no room left: {place}", "make some, or write elsewhere")
            return UNREACHABLE
        case OSError() if error.errno == errno.ENAMETOOLONG:
            begun = os.fsdecode(error.filename or "")[:_SHOWN_CHARS]
            say_error("PathTooLong", f"`{begun}…` is too long for the path of a file", "give a shorter one")
            return BAD_INPUT
        case click.ClickException():
            _report_usage(error)
            return BAD_INPUT
        case UserCodeError():
            click.echo(error.shown.rstrip("\n"), err=True)
            say_error(error.code, error.message, error.fix)
            return BAD_INPUT
        case AlulaError():
            say_error(error.code, error.message, error.fix)
            return status_of(error)
        case _ if authors := blamed(error):
            from alula.sdk.runtime.failure import author_traceback, headline  # lazy: few commands load a task's types

            where, traceback_of_body = authors
            click.echo(author_traceback(error.with_traceback(traceback_of_body)).rstrip("\n"), err=True)
            say_error("WorkflowBodyFailed", f"{where} failed: {headline(error)}")
            return BAD_INPUT
        case _:
            summary = "".join(traceback.format_exception_only(error)).strip()
            say_error("InternalError", f"a bug in Alula: {summary}", "run it again with ALULA_DEBUG=1 and report it")
            return RUN_FAILED


def status_of(error: AlulaError) -> int:
    """The exit status for an error of the platform or of the input."""
    if isinstance(error, Unavailable | ResourceExhausted) or type(error) is AlulaError:
        return UNREACHABLE
    return BAD_INPUT


def say_error(code: str, message: str, fix: str = "") -> None:
    """`error[Code]: message` and, where there is one, `fix: ...`; on a terminal also the line of code that it is
    about."""
    click.echo(f"{click.style(f'error[{code}]', fg='red', bold=True)}: {message}", err=True)
    if sys.stderr.isatty() and (line := source_line(message)):
        click.echo(click.style(line, dim=True), err=True)
    if fix:
        click.echo(f"{click.style('fix', fg='cyan')}: {fix}", err=True)


def say(note: str) -> None:
    """Progress or a note: standard error, so that standard output stays a document."""
    click.echo(note, err=True)


def _report_usage(error: click.ClickException) -> None:
    if isinstance(error, click.NoSuchOption | click.exceptions.NoSuchCommand) and error.possibilities:
        close = " or ".join(f"`{option}`" for option in error.possibilities)
        wrong = error.option_name if isinstance(error, click.NoSuchOption) else error.command_name
        say_error("BadUsage", f"there is no `{wrong}`", f"did you mean {close}?")
        return
    command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "alula"
    message = error.format_message()
    if message[1:2].islower():
        message = message[:1].lower() + message[1:]
    say_error("BadUsage", message.rstrip("."), f"see `{command} --help`")
