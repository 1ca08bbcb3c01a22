"""A folder of objects that the nodes of the cluster share with the platform, as pods see it.

All of it is there to be read, and only the attempt's own folders to be written. A task of this machine may have put a
link in the place of one: mounting it would open another folder of the node to the pod, so that is refused.
"""

from __future__ import annotations

import os
from pathlib import Path

from alula.core.errors import FailedPrecondition, InvalidInput
from alula.server.executor import AttemptSpec
from alula.server.executors.kubernetes.plugin import Mount
from alula.server.untrusted import Tree, Unreadable


class SharedFolder:
    """`root` is the platform's folder of objects, `on_nodes` the same folder on each node."""

    def __init__(self, root: str, on_nodes: str) -> None:
        self._root = root
        self._on_nodes = on_nodes.rstrip("/")
        self._tree = Tree(root)

    def prepare(self, spec: AttemptSpec) -> tuple[Mount, ...]:
        """Make the attempt's folders. Gives what its pod has to mount. Raises OSError, `InvalidInput`."""
        own = [each for each in (spec.output_prefix, spec.raw_prefix) if each.startswith(f"{self._root}/")]
        for path in own:
            Path(path).mkdir(parents=True, exist_ok=True)
            try:
                with self._tree.folder(path):
                    pass
            except Unreadable as unreadable:
                raise InvalidInput("NotAFolder", f"the attempt's folder can't be mounted: {unreadable}") from unreadable
        return (
            Mount(self._on_nodes, self._root, read_only=True),
            *(Mount(self._on_nodes + path.removeprefix(self._root), path) for path in own),
        )

    def owner(self) -> tuple[int, int]:
        """The user and group that have to write there."""
        return os.getuid(), os.getgid()


def shared_folder(root: str, on_nodes: str) -> SharedFolder | None:
    """The shared folder, or None if objects are where pods reach them. Raises `FailedPrecondition`."""
    if not os.path.isabs(root):
        return None
    if not on_nodes:
        raise FailedPrecondition(
            "ObjectsNotShared",
            f"pods can't reach the platform's objects, which are in the folder {root} of this machine",
            fix="keep objects in a store, or set `executors.kubernetes.shared_folder` to the path of that folder on "
            "every node",
        )
    return SharedFolder(root, on_nodes)
