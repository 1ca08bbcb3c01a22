"""The files of attempts on this machine: where each stands whose object is, or will be, elsewhere.

A store in a folder needs none of this: the path of such an object is its URI. For any other store, attempts that run
here read and write below a folder of their own, under the paths that their objects have below the root of the store.
Pure.
"""

from __future__ import annotations

import os
from typing import NamedTuple

ATTEMPTS = "attempts"
"""The folder for these files, in the data folder."""


class Staging(NamedTuple):
    """`root` is the URI of the store, `folder` the place on this machine that stands for it."""

    root: str
    folder: str

    @classmethod
    def of(cls, root: str, folder: str) -> Staging:
        """That of a store: the store itself if it is a folder."""
        return cls(root, root if os.path.isabs(root) else folder)

    @property
    def is_apart(self) -> bool:
        """True if a file here is not the object itself."""
        return self.root != self.folder

    def path(self, uri: str) -> str:
        """The file that stands for an object of the store; any other URI as it is."""
        return self.folder + uri.removeprefix(self.root) if self._is_in(self.root, uri) else uri

    def uri(self, path: str) -> str:
        """The object that a file stands for."""
        return self.root + path.removeprefix(self.folder) if self._is_in(self.folder, path) else path

    def _is_in(self, place: str, name: str) -> bool:
        return self.is_apart and name.startswith(f"{place}/")


IN_PLACE = Staging("/", "/")
"""That of a store whose objects are the files themselves."""
