"""Packed code, unpacked once per digest into a folder that never changes again.

Several attempts, or two platforms on one folder, may want the same bundle at once: each unpacks into a folder of its
own, and the first to rename it wins. A member that would land outside the folder is refused.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

from alula.core.errors import AlulaError, InvalidInput, ResourceExhausted
from alula.server.blob import FULL_DISK

READ_BYTES = 1 << 20


class Code(NamedTuple):
    """Unpacked code: its folder (empty for none), and what of it must stand in an attempt's working folder."""

    folder: str = ""
    links: tuple[tuple[str, str], ...] = ()


NO_CODE = Code()


class Bundles:
    """The folder of unpacked bundles."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Code] = {}
        self._unpacking: dict[str, asyncio.Task[Path]] = {}

    def known(self, uri: str) -> Code | None:
        """A bundle that was asked for before. Objects never change, so a URI names one content."""
        return self._known.get(uri)

    async def unpacked(self, uri: str) -> Code:
        """The code of a bundle. Raises `InvalidInput` for what is no bundle or can't be read here."""
        if uri in self._known:
            return self._known[uri]
        task = self._unpacking.get(uri)
        if task is None:
            task = asyncio.ensure_future(asyncio.to_thread(unpack, Path(uri.removeprefix("file://")), self._folder))
            self._unpacking[uri] = task
        try:
            folder = await asyncio.shield(task)
        finally:
            if task.done():
                self._unpacking.pop(uri, None)
        self._known[uri] = Code(str(folder), links_of(folder))
        return self._known[uri]


def unpack(archive: Path, into: Path) -> Path:
    """Unpack `archive` under its digest in `into`, where it is not there yet. Blocks."""
    if not archive.is_absolute():
        raise InvalidInput(
            "BundleNotReadable", f"the code bundle {archive} is not a file of this platform", fix="register again"
        )
    try:
        folder = into / digest_of(archive)
        if not folder.is_dir():
            into.mkdir(parents=True, exist_ok=True)
            fill(archive, folder)
    except FileNotFoundError as error:
        raise InvalidInput(
            "BundleNotFound", f"the code bundle {archive} is not there any more", fix="register again"
        ) from error
    except OSError as error:
        raise failure(archive, error) from error
    return folder


def failure(archive: Path, error: OSError) -> AlulaError:
    if error.errno in FULL_DISK:
        return ResourceExhausted("DiskFull", f"no room to unpack the code bundle {archive}", fix="free some space")
    return InvalidInput("BundleNotReadable", f"the code bundle {archive} can't be unpacked: {error}")


def digest_of(archive: Path) -> str:
    digest = hashlib.sha256()
    with archive.open("rb") as file:
        while data := file.read(READ_BYTES):
            digest.update(data)
    return digest.hexdigest()[:32]


def fill(archive: Path, folder: Path) -> None:
    """Make `folder`, whole or not at all. A pickled task (`pkl.gz`) is not an archive and is kept as it is."""
    temporary = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=folder.parent))
    try:
        if archive.name.endswith("pkl.gz"):
            shutil.copyfile(archive, temporary / archive.name)
        else:
            try:
                with tarfile.open(archive, "r:*") as tar:
                    tar.extractall(temporary, filter=_without_links_outside)
            except tarfile.FilterError as error:
                raise InvalidInput(
                    "UnsafeBundle", f"the code bundle {archive} has a member outside its folder: {error}"
                ) from error
            except (tarfile.TarError, EOFError) as error:
                raise InvalidInput("BadBundle", f"the code bundle {archive} is no tar archive: {error}") from error
        temporary.chmod(0o755)
        try:
            temporary.rename(folder)
        except OSError:
            if not folder.is_dir():  # else somebody else was first
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _without_links_outside(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """A link out of the bundle is left out: a folder that was packed with a virtual environment has many, and no task
    can mean what they point to here. Anything else outside is an error."""
    try:
        return tarfile.data_filter(member, folder)
    except (tarfile.AbsoluteLinkError, tarfile.LinkOutsideDestinationError):
        if member.issym():
            return None
        raise


def links_of(folder: Path) -> tuple[tuple[str, str], ...]:
    """What of a bundle must stand in an attempt's working folder: all but modules, which are imported.

    In a container the code is unpacked into the working folder, and tasks open files relative to it.
    """
    names = (each.name for each in os.scandir(folder))
    return tuple((name, str(folder / name)) for name in sorted(names) if not name.endswith((".py", "__pycache__")))
