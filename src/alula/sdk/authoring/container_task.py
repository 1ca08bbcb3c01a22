"""`ContainerTask`: an image of any language as a task. An executor for containers runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Flag, IntEnum, auto
from typing import TYPE_CHECKING, NoReturn, Unpack, cast

from alula.sdk.authoring.image_spec import ImageSpec
from alula.sdk.authoring.instance import InstanceTask
from alula.sdk.authoring.kind import AnyTask, PythonKind, Writing
from alula.sdk.authoring.settings import check_names
from alula.sdk.authoring.task_metadata import TaskMetadata
from alula.sdk.authoring.task_settings import TaskOptions
from alula.sdk.mistake import caller, mistake

if TYPE_CHECKING:
    from alula.sdk.authoring.kind import Target


class MetadataFormat(IntEnum):
    """The form of a container's inputs and outputs, with the numbers of `core.DataLoadingConfig`."""

    JSON = 0
    YAML = 1
    PROTO = 2


class IOStrategy(Flag):
    """The ways of a container's files, folders and data sets: one for inputs, one for outputs, joined by `|`.

    Each is brought before the container begins and taken when it has ended, or, with DO_NOT_DOWNLOAD and DO_NOT_UPLOAD,
    is a text with its URI.
    """

    DOWNLOAD_EAGER = auto()
    DOWNLOAD_STREAM = auto()
    DO_NOT_DOWNLOAD = auto()
    UPLOAD_ON_EXIT = auto()
    UPLOAD_EAGER = auto()
    DO_NOT_UPLOAD = auto()


_DOWNLOADS = IOStrategy.DOWNLOAD_EAGER | IOStrategy.DOWNLOAD_STREAM | IOStrategy.DO_NOT_DOWNLOAD


class ContainerTask(InstanceTask):
    """A command in an image, with typed inputs and outputs as files.

    ```python
    area = ContainerTask(
        name="area",
        image="python:3.12-alpine",
        command=["python", "-c", "open('/var/outputs/area', 'w').write(str({{.inputs.a}} * {{.inputs.b}}))"],
        inputs=kwtypes(a=float, b=float),
        outputs=kwtypes(area=float),
        output_data_dir="/var/outputs",
    )
    ```

    Inputs are in the command as `{{.inputs.a}}`, or files of their names in `input_data_dir`. An output is a file of
    its name in `output_data_dir`.
    """

    MetadataFormat = MetadataFormat  # pyright: ignore[reportUnannotatedClassAttribute]  # flytekit's place of it
    IOStrategy = IOStrategy  # pyright: ignore[reportUnannotatedClassAttribute]  # flytekit's place of it

    def __init__(
        self,
        name: str,
        image: str | ImageSpec,
        command: Sequence[str],
        inputs: Mapping[str, object] | None = None,
        metadata: TaskMetadata | None = None,
        arguments: Sequence[str] | None = None,
        outputs: Mapping[str, object] | None = None,
        *,
        input_data_dir: str | None = None,
        output_data_dir: str | None = None,
        metadata_format: MetadataFormat = MetadataFormat.JSON,
        io_strategy: IOStrategy | None = None,
        **options: Unpack[TaskOptions],
    ) -> None:
        for what, words in (("command", command), ("arguments", arguments)):
            if isinstance(words, str):
                why = f"`{what}` of ContainerTask `{name}` is {words!r}, expected a list of texts"
                raise mistake("InvalidSetting", why, at=caller())
            check_names(at=caller(), **{what: words})
        self.command = tuple(command)
        self.arguments = tuple(arguments or ())
        self.input_data_dir = input_data_dir or ""
        self.output_data_dir = output_data_dir or ""
        self.metadata_format = metadata_format
        self.io_strategy = io_strategy or IOStrategy(0)
        for which in (self.io_strategy & _DOWNLOADS, self.io_strategy & ~_DOWNLOADS):
            if len(which) > 1:
                why = f"`io_strategy` of ContainerTask `{name}` is {which!r}, expected one for inputs, one for outputs"
                raise mistake("InvalidSetting", why, at=caller())
        super().__init__(
            name,
            self._not_here,
            what="ContainerTask",
            kind=_Kind(self),
            inputs=inputs,
            outputs=outputs,
            metadata=metadata,
            **cast("TaskOptions", {"container_image": image, **options}),
        )

    def _not_here(self, **_inputs: object) -> NoReturn:
        raise mistake(
            "ContainerNotLocal",
            f"ContainerTask `{self.name}` runs in a container, which there is not in this process",
            at=self.location,
            fix="run it on a platform with an executor for containers; in a test, use `alula.testing.task_mock`",
        )


class _Kind(PythonKind):
    type = "raw-container"

    def __init__(self, declared: ContainerTask) -> None:
        self._declared = declared

    def target(self, task: AnyTask, writing: Writing) -> Target:
        from flyteidl.core import tasks_pb2  # lazy: declaring loads no protobuf

        declared = self._declared
        container = writing.container()
        del container.args[:]
        container.command.extend(declared.command)
        container.args.extend(declared.arguments)
        downloads, uploads = declared.io_strategy & _DOWNLOADS, declared.io_strategy & ~_DOWNLOADS
        strategy = tasks_pb2.IOStrategy(download_mode=downloads.name, upload_mode=uploads.name)
        data = tasks_pb2.DataLoadingConfig(
            enabled=True,
            input_path=declared.input_data_dir,
            output_path=declared.output_data_dir,
            format=tasks_pb2.DataLoadingConfig.LiteralMapFormat.Name(declared.metadata_format),
            io_strategy=strategy if declared.io_strategy else None,
        )
        container.data_config.CopyFrom(data)
        return container
