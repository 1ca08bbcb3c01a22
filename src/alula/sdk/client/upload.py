"""Files of the user's machine into the platform's store, through signed URLs."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from flyteidl.service import dataproxy_pb2

from alula.core.errors import InvalidInput
from alula.sdk.client import http
from alula.sdk.client.connection import Connection
from alula.sdk.client.rpcs import CREATE_DOWNLOAD_LOCATION, CREATE_UPLOAD_LOCATION
from alula.sdk.folders import files_in
from alula.sdk.store import local_path, name_of


def upload(connection: Connection, data: bytes, *, project: str, domain: str, filename: str, folder: str = "") -> str:
    """Store `data`; its native URL. The same bytes under the same name and folder are stored once.

    `folder` is the object's folder in the store, the digest of the bytes when empty.
    """
    md5 = hashlib.md5(data, usedforsecurity=False).digest()
    location = connection.call(
        CREATE_UPLOAD_LOCATION,
        dataproxy_pb2.CreateUploadLocationRequest(
            project=project,
            domain=domain,
            filename=filename,
            filename_root=folder,
            content_md5=md5,
            add_content_md5_metadata=True,
        ),
    )
    headers = {
        "Content-Length": str(len(data)),
        "Content-Type": "application/octet-stream",
        "Content-MD5": base64.b64encode(md5).decode(),
        **location.headers,
    }
    http.put(location.signed_url, data, headers)
    return location.native_url


class RemoteStore:
    """The platform's store as a task's values see it: local files are uploaded, remote ones fetched.

    Fulfils `alula.sdk.store.Store`.
    """

    def __init__(self, connection: Connection, *, project: str, domain: str) -> None:
        self._connection = connection
        self._project = project
        self._domain = domain

    def upload(self, local: str, *, to: str | None = None, at_once: int | None = None) -> str:
        """Store a file or folder, one file after the other; its URI.

        Raises `InvalidInput` when a place is asked for.
        """
        if to is not None:
            raise InvalidInput("RemotePathUnsupported", f"`{local}` can't be stored as `{to}` from here")
        path = Path(local)
        if not path.is_dir():
            return self._put(path, path.name, "")
        own = os.path.basename(os.path.abspath(local))  # a folder, too, is stored under its own name
        named = {f"{own}/{name}": entry for name, entry in _entries(path).items()} or {f"{own}/": path}
        digest = hashlib.sha256()
        for name, entry in named.items():
            digest.update(os.fsencode(f"{name}\0") + hashlib.sha256(_content(entry)).digest())
        folder = digest.hexdigest()[:32]
        uris = {name: self._put(entry, name, folder) for name, entry in named.items()}
        name, uri = next(iter(uris.items()))
        return uri.removesuffix(name) + own

    @contextmanager
    def new_folder(self, *, to: str | None = None) -> Generator[tuple[str, str]]:
        """A local folder to write into, and the URI under which its files are stored when the block ends."""
        if to is not None:
            raise InvalidInput("RemotePathUnsupported", f"nothing can be stored as `{to}` from here")
        root = uuid.uuid4().hex
        base = self._native_url(root)
        with tempfile.TemporaryDirectory(prefix="alula-") as folder:
            yield folder, base
            for name, entry in _entries(Path(folder)).items():
                self._put(entry, name, root)

    def readable(self, uri: str) -> str:
        """A local path with the content: the store's own on this machine, else a downloaded copy."""
        path = local_path(uri)
        return path if os.path.exists(path) else self.download(uri)

    def download(self, uri: str, *, at_once: int | None = None) -> str:
        """A local copy of the content."""
        folder = Path(tempfile.mkdtemp(prefix="alula-"))
        target = folder / name_of(uri)
        path = local_path(uri)
        if os.path.isdir(path):
            shutil.copytree(path, target)
        elif os.path.exists(path):
            shutil.copyfile(path, target)
        else:
            target.write_bytes(http.get(self._signed(uri)))
        return str(target)

    def parts(self, uri: str) -> None:
        """None: the platform signs whole objects."""

    def _signed(self, uri: str) -> str:
        if uri.startswith(("http://", "https://")):
            return uri
        request = dataproxy_pb2.CreateDownloadLocationRequest(native_url=uri)
        return self._connection.call(CREATE_DOWNLOAD_LOCATION, request).signed_url

    def _native_url(self, folder: str) -> str:
        """The URL of the store's folder `folder`, as the platform names it."""
        request = dataproxy_pb2.CreateUploadLocationRequest(
            project=self._project, domain=self._domain, filename_root=folder, filename="0"
        )
        return self._connection.call(CREATE_UPLOAD_LOCATION, request).native_url.removesuffix("/0")

    def _put(self, entry: Path, name: str, folder: str) -> str:
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise InvalidInput(
                "FileNameNotText", f"the name of {str(entry)!r} is no UTF-8, so it can't be sent", fix="rename it"
            ) from error
        return upload(
            self._connection,
            _content(entry),
            project=self._project,
            domain=self._domain,
            filename=name,
            folder=folder,
        )


def _entries(folder: Path) -> dict[str, Path]:
    """The entries of a folder by name, links followed: its files, and with `/` at the end its folders without files."""
    files, empty = files_in(str(folder))
    named = {Path(file).relative_to(folder).as_posix(): Path(file) for file in files}
    return named | {f"{Path(each).relative_to(folder).as_posix()}/": Path(each) for each in empty}


def _content(entry: Path) -> bytes:
    return b"" if entry.is_dir() else entry.read_bytes()
