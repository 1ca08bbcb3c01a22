"""`FlyteContext`: flytekit's way to the files of a running task. All of it is the surroundings of `current_context`."""

from __future__ import annotations

import os
import shutil
import tempfile

from alula.sdk.absent_members import lacks_members
from alula.sdk.store import is_local, local_path
from alula.sdk.task_context.context import ExecutionParameters, current_context


class FileAccess:
    """Files of the running task, here and in the platform's store."""

    def __init__(self, context: ExecutionParameters) -> None:
        self._context = context

    @property
    def raw_output_prefix(self) -> str:
        """The place of the files of outputs."""
        return self._context.raw_output_prefix

    @property
    def local_sandbox_dir(self) -> str:
        """The folder of the attempt's own."""
        return self._context.working_directory

    def get_random_local_directory(self) -> str:
        """A new folder of this attempt."""
        return tempfile.mkdtemp(dir=self._context.working_directory)

    def get_random_local_path(self, file_path_or_file_name: str | None = None) -> str:
        """A path for a new file of this attempt, with the last name of a path if there is one."""
        name = os.path.basename(file_path_or_file_name) if file_path_or_file_name else "file"
        return os.path.join(self.get_random_local_directory(), name)

    def is_remote(self, path: str | os.PathLike[str]) -> bool:
        """True if a path is not of this machine."""
        return not is_local(os.fspath(path))

    def get_data(self, remote_path: str, local_path: str, is_multipart: bool = False) -> str:
        """Copy a file or folder of the store to a local path."""
        source = self._context.store.readable(remote_path)
        os.makedirs(os.path.dirname(os.path.abspath(local_path)), exist_ok=True)
        if os.path.isdir(source):
            return str(shutil.copytree(source, local_path, dirs_exist_ok=True))
        return str(shutil.copyfile(source, local_path))

    def put_data(self, local: str | os.PathLike[str], remote_path: str, is_multipart: bool = False) -> str:
        """Store a local file or folder under this URI."""
        return self._context.store.upload(local_path(os.fspath(local)), to=remote_path)

    def put_raw_data(self, lpath: str | os.PathLike[str]) -> str:
        """Store a local file or folder; gives its URI."""
        return self._context.store.upload(local_path(os.fspath(lpath)))


class FlyteContext:
    """The context of the running task, as flytekit's transformers take it."""

    def __init__(self, context: ExecutionParameters) -> None:
        self.user_space_params = context
        self.file_access = FileAccess(context)

    @staticmethod
    def current_context() -> FlyteContext:
        """The one of the running task."""
        return FlyteContext(current_context())


class FlyteContextManager:
    """The way to the current `FlyteContext`."""

    @staticmethod
    def current_context() -> FlyteContext:
        """The one of the running task."""
        return FlyteContext.current_context()


_UNKNOWN = "the engine has no counterpart of it; code that only declares and runs workflows needs none"
_OF_A_CONTEXT = """
    Builder new_builder level flyte_client with_client compilation_state new_compilation_state with_compilation_state
    with_new_compilation_state execution_state new_execution_state with_execution_state serialization_settings
    with_serialization_settings with_file_access in_a_condition enter_conditional_section origin_stackframe
    set_stackframe get_origin_stackframe_repr output_metadata_tracker with_output_metadata_tracker worker_queue
    with_worker_queue
"""
_OF_THE_MANAGER = """
    add_signal_handler signal_handlers get_origin_stackframe initialize push_context pop_context with_context size
"""
lacks_members(
    FlyteContext,
    {**dict.fromkeys(_OF_A_CONTEXT.split(), _UNKNOWN), "get_deck": "`Deck.publish()` shows decks while a task runs"},
)
lacks_members(FlyteContextManager, dict.fromkeys(_OF_THE_MANAGER.split(), _UNKNOWN))
