"""`ShellTask`: a script of the shell as a task."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Unpack, cast

from alula.sdk.absent_members import lacks_members
from alula.sdk.authoring.instance import InstanceTask
from alula.sdk.authoring.task_metadata import TaskMetadata
from alula.sdk.authoring.task_settings import TaskOptions
from alula.sdk.failures import RecoverableError
from alula.sdk.mistake import caller, mistake


class OutputLocation(NamedTuple):
    """An output that a script writes as a file or folder."""

    var: str
    var_type: object
    """`FlyteFile` or `FlyteDirectory`."""
    location: str
    """Its path; may name inputs, as the script may."""


class ProcessResult(NamedTuple):
    """The end of a process."""

    returncode: int
    output: str
    error: str


class ShellTask(InstanceTask):
    """A script with typed inputs, whose outputs are files and folders.

    ```python
    count = ShellTask(
        name="count",
        script="wc -l < {inputs.text} > {outputs.lines}",
        inputs=kwtypes(text=FlyteFile),
        output_locs=[OutputLocation("lines", FlyteFile, "lines.txt")],
    )
    ```

    `{inputs.x}` and `{outputs.y}` are filled in as they are, so quote what may have blanks. Braces of the shell are
    written twice: `$${{HOME}}`. A status other than 0 is a failure that retries may cure.
    """

    def __init__(
        self,
        name: str,
        debug: bool = False,
        script: str | None = None,
        script_file: str | os.PathLike[str] | None = None,
        *,
        shell: str = "/bin/sh",
        inputs: Mapping[str, object] | None = None,
        output_locs: Sequence[OutputLocation] = (),
        metadata: TaskMetadata | None = None,
        **options: Unpack[TaskOptions],
    ) -> None:
        self.debug = debug
        self.shell = shell
        self.output_locs = tuple(output_locs or ())
        self.script = _script(name, script, script_file)
        super().__init__(
            name,
            self._run,
            what="ShellTask",
            inputs=inputs,
            outputs={each.var: each.var_type for each in self.output_locs},
            metadata=metadata,
            **options,
        )

    def _run(self, **inputs: object) -> Any:  # Any: of the types that were given
        """Run the script; gives its outputs."""
        from alula.sdk.task_context.scripts import filled_in, run_script  # lazy: only where a script runs

        paths = {each.var: filled_in(each.location, inputs=inputs) for each in self.output_locs}
        script = filled_in(self.script, inputs=inputs, outputs=paths)
        if self.debug:
            print(script)
        status, errors = run_script(script, self.shell)
        if status:
            raise RecoverableError(f"script of task `{self.name}` ended with status {status}: {errors}")
        made = tuple(cast("type", each.var_type)(paths[each.var]) for each in self.output_locs)
        return made if len(made) != 1 else made[0]


lacks_members(
    ShellTask,
    {"script_file": "take `script`, its content", "result": "have the script write what is of use into a file"},
)


def _script(name: str, script: str | None, file: str | os.PathLike[str] | None) -> str:
    if (script is None) == (file is None):
        raise mistake(
            "InvalidSetting", f"ShellTask `{name}` has {'two scripts' if script else 'no script'}", at=caller(),
            fix="give either `script` or `script_file`",
        )  # fmt: skip
    if script is not None:
        return script
    assert file is not None, "one of them is there"
    try:
        with open(file, encoding="utf-8") as opened:
            return opened.read()
    except OSError as error:
        why = f"`script_file` of ShellTask `{name}` can't be read: {error}"
        raise mistake("InvalidSetting", why, at=caller()) from error
