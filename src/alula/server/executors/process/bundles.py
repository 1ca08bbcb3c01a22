"""Packed code, unpacked once per digest into a folder in which nothing runs: attempts see copies of it.

A seal beside the folder says what its files were like. A folder that is not like that any more is unpacked anew.
One is unpacked at a time. A member that would land outside the folder is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from alula.core.errors import AlulaError, InvalidInput, ResourceExhausted
from alula.server.blob import FULL_DISK
from alula.server.executors.process.copies import Code, marks_of

READ_BYTES = 1 << 20
CODE, SEAL = "code", "seal"
"""What is in the folder of a bundle."""


class Bundles:
    """The folder of unpacked bundles."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Code] = {}
        self._one = asyncio.Lock()

    def known(self, uri: str) -> Code | None:
        """A bundle that was asked for before. Objects never change, so a URI names one content."""
        return self._known.get(uri)

    async def unpacked(self, uri: str) -> Code:
        """The code of a bundle. Raises `InvalidInput` for what is no bundle or can't be read here."""
        async with self._one:
            if uri not in self._known:
                self._known[uri] = await asyncio.to_thread(unpack, Path(uri.removeprefix("file://")), self._folder)
            return self._known[uri]

    def forget(self, uri: str) -> None:
        """Somebody has changed what was unpacked: look at it again when it is asked for."""
        self._known.pop(uri, None)


def unpack(archive: Path, into: Path) -> Code:
    """Unpack `archive` under its digest in `into`, where it is not there yet as it was unpacked. Blocks."""
    if not archive.is_absolute():
        raise InvalidInput(
            "BundleNotReadable", f"the code bundle {archive} is not a file of this platform", fix="register again"
        )
    try:
        folder = into / digest_of(archive)
        code = sealed_code(folder)
        if code is None:
            into.mkdir(parents=True, exist_ok=True)
            set_aside(folder)
            fill(archive, folder)
            code = Code(str(folder / CODE), marks_of(str(folder / CODE)))
    except FileNotFoundError as error:
        raise InvalidInput(
            "BundleNotFound", f"the code bundle {archive} is not there any more", fix="register again"
        ) from error
    except OSError as error:
        raise failure(archive, error) from error
    return code


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
    code = temporary / CODE
    try:
        code.mkdir()
        if archive.name.endswith("pkl.gz"):
            shutil.copyfile(archive, code / archive.name)
        else:
            try:
                with tarfile.open(archive, "r:*") as tar:
                    tar.extractall(code, filter=_without_links_outside)
            except tarfile.FilterError as error:
                raise InvalidInput(
                    "UnsafeBundle", f"the code bundle {archive} has a member outside its folder: {error}"
                ) from error
            except (tarfile.TarError, EOFError) as error:
                raise InvalidInput("BadBundle", f"the code bundle {archive} is no tar archive: {error}") from error
        (temporary / SEAL).write_text(seal_of(marks_of(str(code))))
        temporary.chmod(0o755)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def set_aside(folder: Path) -> None:
    """Remove a folder, which is gone at once."""
    with contextlib.suppress(FileNotFoundError):
        aside = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}")
        folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)


def _without_links_outside(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """A link out of the bundle is left out: a folder that was packed with a virtual environment has many, and no task
    can mean what they point to here. Anything else outside is an error."""
    try:
        return tarfile.data_filter(member, folder)
    except (tarfile.AbsoluteLinkError, tarfile.LinkOutsideDestinationError):
        if member.issym():
            return None
        raise


def sealed_code(folder: Path) -> Code | None:
    """The code that was unpacked there; None where there is none, or not any more as it was unpacked."""
    code = str(folder / CODE)
    try:
        marks = marks_of(code)
        return Code(code, marks) if (folder / SEAL).read_text() == seal_of(marks) else None
    except (OSError, UnicodeDecodeError):
        return None


def seal_of(marks: Mapping[str, int]) -> str:
    return hashlib.sha256(ascii(sorted(marks.items())).encode()).hexdigest()
