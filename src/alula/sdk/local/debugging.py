"""An attempt of a platform, run again in this process from a copy of it: by itself, or under a debugger.

    python -m alula.sdk.local.debugging FOLDER [--no-pdb | --shell]

The platform is told nothing: results stay in the folder, and what an eager task calls runs here. The code is that in
the folder, as it is now.
"""

from __future__ import annotations

import bdb
import inspect
import os
import pdb  # noqa: T100  # this is where one debugs
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import msgspec
from flyteidl.core.literals_pb2 import Literal, LiteralMap

from alula.core.literals.text import outputs_text
from alula.sdk.client.attempt_copy import BUNDLE, DOCUMENT, INPUTS, ITEM_VARIABLE, AttemptCopy
from alula.sdk.client.connection import Connection
from alula.sdk.client.upload import RemoteStore
from alula.sdk.local.attempt import LOCAL
from alula.sdk.local.run import call_in_eager_task
from alula.sdk.runtime.arguments import Arguments, parse
from alula.sdk.runtime.entrypoint import identity, publish
from alula.sdk.runtime.expanding import Expanded, expand
from alula.sdk.runtime.failure import TaskFailed
from alula.sdk.runtime.loading import load_task, unpack_code
from alula.sdk.runtime.results import read_inputs, write_error, write_graph, write_outputs
from alula.sdk.runtime.running import AnyTask, execute, item_inputs
from alula.sdk.store import FileStore, is_local, local_path
from alula.sdk.task_context.context import ExecutionParameters

CODE = "code"
RESULTS = "results"
_WAYS_TO_PLATFORM = ("ALULA_ENDPOINT", "FLYTE_PLATFORM_URL", "FLYTE_PLATFORM_INSECURE")


class CopiedStore(FileStore):
    """Writes below a folder of this machine. Reads what is on this machine, and all else through the platform."""

    def __init__(self, raw_prefix: str, scratch: str, copy: AttemptCopy) -> None:
        super().__init__(raw_prefix, scratch)
        self._copy = copy

    def readable(self, uri: str) -> str:
        if not _is_here(uri) and uri not in self._copies:
            self._copies[uri] = self.download(uri)
        return super().readable(uri)

    def download(self, uri: str, *, at_once: int | None = None) -> str:
        if _is_here(uri):
            return super().download(uri, at_once=at_once)
        with Connection(self._copy.endpoint) as connection:
            return RemoteStore(connection, project=self._copy.project, domain=self._copy.domain).download(uri)

    def parts(self, uri: str) -> None:
        """None: the platform signs whole objects."""


def main(argv: list[str] | None = None) -> int:
    """Run the copy in a folder. 0 if the attempt has succeeded, 1 if it has failed."""
    path, *mode = sys.argv[1:] if argv is None else argv
    folder = Path(path).resolve()
    copy = msgspec.json.decode((folder / DOCUMENT).read_bytes(), type=AttemptCopy)
    for name in _WAYS_TO_PLATFORM:
        os.environ.pop(name, None)
    os.environ.update(copy.variables)
    _enter_code(folder)
    if "--shell" in mode:
        shell = os.environ.get("SHELL") or "/bin/sh"
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (os.getcwd(), os.environ.get("PYTHONPATH"))))
        print(f"run the attempt: {sys.executable} -m alula.sdk.local.debugging {folder}", file=sys.stderr, flush=True)
        os.execvp(shell, [shell])
    arguments = _arguments(copy, folder)
    try:
        result = _run(copy, arguments, stops="--no-pdb" not in mode)
    except TaskFailed as failed:
        write_error(arguments.output_prefix, failed.error)
        if isinstance(failed.__cause__, bdb.BdbQuit):
            return 1
        print(f"error[{failed.error.code}]: {failed.error.message}", file=sys.stderr, flush=True)
        if failed.__cause__ is not None and "--no-pdb" not in mode:
            pdb.post_mortem(failed.__cause__.__traceback__)
        return 1
    if isinstance(result, LiteralMap):
        write_outputs(arguments.output_prefix, result)
        print(outputs_text(result))
    else:
        write_graph(arguments.output_prefix, result.job)
        print(f"made a graph of {len(result.job.nodes)} nodes: {', '.join(node.id for node in result.job.nodes)}")
    return 0


def _enter_code(folder: Path) -> None:
    """Go to the folder of the code, which is unpacked the first time."""
    code = folder / CODE
    is_new = not code.exists()
    code.mkdir(exist_ok=True)
    os.chdir(code)
    if is_new and (folder / BUNDLE).exists():
        unpack_code(str(folder / BUNDLE))
    else:
        sys.path.insert(0, str(code))


def _arguments(copy: AttemptCopy, folder: Path) -> Arguments:
    places = {
        "{{.input}}": str(folder / INPUTS),
        "{{.outputPrefix}}": str(folder / RESULTS),
        "{{.rawOutputDataPrefix}}": str(folder / RESULTS / "raw"),
        "{{.checkpointOutputPrefix}}": str(folder / RESULTS / "checkpoint"),
        "{{.prevCheckpointPrefix}}": "",
    }
    return parse([places.get(word, word) for word in copy.words])


def _run(copy: AttemptCopy, arguments: Arguments, *, stops: bool) -> Expanded | LiteralMap:
    """The outputs of the attempt, or the graph that it makes. Raises `TaskFailed`."""
    task = load_task(arguments.module, arguments.name)
    inputs: Mapping[str, Literal] = read_inputs(arguments.inputs).literals
    if arguments.bound is not None:
        inputs = item_inputs(inputs, arguments.bound, int(copy.variables[ITEM_VARIABLE]))
    context = ExecutionParameters(
        identity,
        CopiedStore(arguments.raw_output_prefix, os.getcwd(), copy),
        working_directory=os.getcwd(),
        raw_output_prefix=arguments.raw_output_prefix,
        checkpoint_path=arguments.checkpoint_path,
        enable_deck=task.settings.enable_deck,
        publish=partial(publish, arguments),
        calls_run_by=call_in_eager_task if task.is_eager else None,
    )
    if stops:
        _stop_in(task)
    try:
        return expand(task, inputs, context, LOCAL) if task.kind.makes_graph else execute(task, inputs, context)
    finally:
        sys.settrace(None)
        context.publish_decks()


def _stop_in(task: AnyTask) -> None:
    """Let the debugger stop at the first line of the body."""
    function: Callable[..., object] = inspect.unwrap(task.function)
    code = function.__code__
    body = [line for _, _, line in code.co_lines() if line is not None and line > code.co_firstlineno]
    debugger = pdb.Pdb()
    debugger.reset()
    debugger.set_break(code.co_filename, min(body, default=code.co_firstlineno), temporary=True)
    debugger.botframe = sys._getframe()  # pyright: ignore[reportPrivateUsage]  # as `bdb` does in `run`
    debugger.set_continue()
    sys.settrace(debugger.trace_dispatch)


def _is_here(uri: str) -> bool:
    return is_local(uri) and os.path.exists(local_path(uri))


if __name__ == "__main__":
    sys.exit(main())
