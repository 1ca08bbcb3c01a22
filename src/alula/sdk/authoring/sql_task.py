"""Queries as tasks: `SQLTask` for what a platform's executors run, `SQLite3Task` for a database in a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Unpack

from alula.sdk.absent_members import lacks_members
from alula.sdk.authoring.instance import InstanceTask
from alula.sdk.authoring.kind import AnyTask, PythonKind, Writing
from alula.sdk.authoring.task_metadata import TaskMetadata
from alula.sdk.authoring.task_settings import TaskOptions
from alula.sdk.mistake import caller, mistake
from alula.sdk.types.structured_dataset import StructuredDataset

if TYPE_CHECKING:
    from alula.sdk.authoring.kind import Target

_INPUT = re.compile(r"\{\{\s*\.inputs\.(\w+)\s*\}\}", re.IGNORECASE)


class SQLTask(InstanceTask):
    """A query with typed inputs, named in it as `{{.inputs.x}}`. A platform runs it by the type of the task."""

    def __init__(
        self,
        name: str,
        query_template: str,
        *,
        task_type: str = "sql_task",
        inputs: Mapping[str, object] | None = None,
        outputs: Mapping[str, object] | None = None,
        metadata: TaskMetadata | None = None,
        **options: Unpack[TaskOptions],
    ) -> None:
        self.query_template = " ".join(query_template.split())
        _check_query(name, self.query_template, inputs or {})
        super().__init__(
            name,
            self._not_here,
            what="SQLTask",
            kind=_Kind(task_type, self.query_template),
            inputs=inputs,
            outputs=outputs,
            metadata=metadata,
            **options,
        )

    def get_query(self, **inputs: object) -> str:
        """The query for these inputs."""
        return filled_in(self.query_template, inputs)

    def _not_here(self, **_inputs: object) -> NoReturn:
        raise mistake(
            "QueryNotLocal",
            f"SQLTask `{self.name}` runs on a platform that knows tasks of type `{self.kind.type}`, not here",
            at=self.location,
            fix="in a test, use `alula.testing.task_mock`",
        )


class SQLite3Config(NamedTuple):
    """The database of a `SQLite3Task`."""

    uri: str
    """A file of this machine, or an address from which it is fetched."""
    compressed: bool = False
    """True for an archive with the database as its only file."""


class SQLite3Task(InstanceTask):
    """A query on a database in a file, with its rows as a data frame.

    ```python
    tracks = SQLite3Task(
        "tracks",
        query_template="select TrackId, Name from tracks limit {{.inputs.limit}}",
        inputs=kwtypes(limit=int),
        task_config=SQLite3Config("chinook.db"),
    )
    ```

    Inputs are put into the query as texts. pandas must be installed.
    """

    def __init__(
        self,
        name: str,
        query_template: str,
        inputs: Mapping[str, object] | None = None,
        task_config: SQLite3Config | None = None,
        output_schema_type: object = None,
        *,
        metadata: TaskMetadata | None = None,
        **options: Unpack[TaskOptions],
    ) -> None:
        if task_config is None:
            raise mistake(
                "InvalidSetting",
                f"SQLite3Task `{name}` has no database",
                at=caller(),
                fix='write `task_config=SQLite3Config("file.db")`',
            )
        self.query_template = " ".join(query_template.split())
        self.config = task_config
        _check_query(name, self.query_template, inputs or {})
        super().__init__(
            name,
            self._run,
            what="SQLite3Task",
            inputs=inputs,
            outputs={"results": output_schema_type or StructuredDataset},
            metadata=metadata,
            **options,
        )

    def get_query(self, **inputs: object) -> str:
        """The query for these inputs."""
        return filled_in(self.query_template, inputs)

    def _run(self, **inputs: object) -> object:
        from alula.sdk.task_context.databases import rows_of  # lazy: only where a query runs

        return rows_of(self.config.uri, self.get_query(**inputs), compressed=self.config.compressed)


_QUERY = "`get_query(...)` gives the query for inputs"
lacks_members(SQLTask, {"interpolate_query": _QUERY})
lacks_members(
    SQLite3Task,
    {
        "interpolate_query": _QUERY,
        "output_columns": "take `interface.outputs`",
        **dict.fromkeys(("executor", "executor_type", "task_template"), "take `config` and `query_template`"),
    },
)


def filled_in(query: str, inputs: Mapping[str, object]) -> str:
    """A query with the texts of its inputs."""
    return _INPUT.sub(lambda found: str(inputs[found[1]]), query)


def _check_query(name: str, query: str, inputs: Mapping[str, object]) -> None:
    """Raise `InvalidInput` unless the query and its declared inputs name the same."""
    named = set(_INPUT.findall(query))
    for each in sorted(named ^ inputs.keys()):
        which = "names no input" if each in inputs else "has no input"
        why = f"the query of `{name}` {which} `{each}`"
        fix = f"name it in the query as `{{{{.inputs.{each}}}}}`, and declare it in `inputs`"
        raise mistake("UnknownArgument", why, at=caller(), fix=fix)


class _Kind(PythonKind):
    def __init__(self, type: str, query: str) -> None:
        self.type = type
        self._query = query

    def target(self, task: AnyTask, writing: Writing) -> Target:
        from flyteidl.core.tasks_pb2 import Sql  # lazy: declaring loads no protobuf

        return Sql(statement=self._query, dialect=Sql.ANSI)
