"""Servers of object stores that run on this machine: S3, Google Cloud Storage and Azure, over real HTTP.

`make object-servers` builds them once, in a cache outside the checkout. Where one could not be built its tests are left
out; with `ALULA_OBJECT_SERVERS=required` they fail.
"""

from __future__ import annotations

import base64
import contextlib
import email.utils
import hashlib
import hmac
import http.client
import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.objects.google import Front, make_keys

from alula.server.blobs.options import ObjectOptions

PROGRAMS = Path(os.environ.get("ALULA_TEST_SERVERS", "~/.cache/alula-test-servers")).expanduser()
BUCKET = "alula-tests"
READY_S = 60.0
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = base64.b64encode(b"a key of tests alone" * 3).decode()
S3_KEYS = "tests", "a secret of tests alone"


@contextlib.contextmanager
def s3_server(folder: Path, host: str = "127.0.0.1") -> Iterator[ObjectOptions]:
    """An S3 server with a bucket."""
    (folder / "s3" / BUCKET).mkdir(parents=True)
    port = free_port()
    command = [str(_program("bin/versitygw")), "--port", f"{host}:{port}", "posix", str(folder / "s3")]
    keys = {"ROOT_ACCESS_KEY": S3_KEYS[0], "ROOT_SECRET_KEY": S3_KEYS[1]}
    with _running(command, port, folder, keys, host=host):
        yield ObjectOptions(
            url=f"s3://{BUCKET}",
            endpoint=f"http://{host}:{port}",
            region="us-east-1",
            access_key=S3_KEYS[0],
            secret_key=S3_KEYS[1],
        )


@contextlib.contextmanager
def google_server(folder: Path) -> Iterator[ObjectOptions]:
    """A server of Google Cloud Storage with a bucket."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    private, public = make_keys(folder)
    command = [str(_program("bin/fake-gcs-server")), "-scheme", "http", "-host", "127.0.0.1", "-port", str(port)]
    with _running([*command, "-backend", "memory", "-public-host", address], port, folder):
        _request(port, "POST", "/storage/v1/b", json.dumps({"name": BUCKET}), {"Content-Type": "application/json"})
        front = Front(port, public)
        account = {
            "gcs_base_url": front.address,
            "disable_oauth": False,
            "client_email": "tests@example.com",
            "private_key": private,
            "private_key_id": "1",
        }
        try:
            yield ObjectOptions(url=f"gs://{BUCKET}", endpoint=front.address, secret_key=json.dumps(account))
        finally:
            front.shutdown()
            front.server_close()


@contextlib.contextmanager
def azure_server(folder: Path) -> Iterator[ObjectOptions]:
    """A server of Azure Blob Storage with a container."""
    port = free_port()
    command = ["node", str(_program("azurite/node_modules/azurite/dist/src/blob/main.js")), "--inMemoryPersistence"]
    command += ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--skipApiVersionCheck", "--disableTelemetry"]
    with _running(command, port, folder, {"AZURITE_ACCOUNTS": f"{AZURE_ACCOUNT}:{AZURE_KEY}"}):
        _make_container(port)
        yield ObjectOptions(
            url=f"az://{BUCKET}",
            endpoint=f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}",
            access_key=AZURE_ACCOUNT,
            secret_key=AZURE_KEY,
        )


SERVERS: dict[str, Callable[[Path], contextlib.AbstractContextManager[ObjectOptions]]] = {
    "s3": s3_server,
    "google": google_server,
    "azure": azure_server,
}


def fresh(options: ObjectOptions) -> ObjectOptions:
    """The same store with an empty prefix of its own."""
    import msgspec

    return msgspec.structs.replace(options, retry_s=5, url=f"{options.url}/{secrets.token_hex(6)}/store")


def settings_of(options: ObjectOptions) -> dict[str, str]:
    """The variables that give a platform this store."""
    given = {name: getattr(options, name) for name in ("url", "endpoint", "region", "access_key", "secret_key")}
    return {f"ALULA__OBJECTS__{name.upper()}": value for name, value in given.items() if value}


def _program(name: str) -> Path:
    path = PROGRAMS / name
    if not path.exists():
        missing = f"{path} is not there: `make object-servers` builds it, with Go or Node.js"
        assert os.environ.get("ALULA_OBJECT_SERVERS") != "required", missing
        pytest.skip(missing)
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@contextlib.contextmanager
def _running(
    command: list[str], port: int, folder: Path, variables: dict[str, str] | None = None, *, host: str = "127.0.0.1"
) -> Iterator[None]:
    """A server while it is needed, once it answers."""
    log = folder / "server.log"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **(variables or {})}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder, env=environment)
    try:
        deadline = time.monotonic() + READY_S
        while not answers(port, host):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


def answers(port: int, host: str = "127.0.0.1") -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _request(port: int, method: str, target: str, body: str, headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        assert answer.status < 300, answer.read()
    finally:
        connection.close()


def _make_container(port: int) -> None:
    """By a request that the account's key signs, as Azure describes it."""
    version, at = "2021-08-06", email.utils.formatdate(usegmt=True)
    named = f"/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/{BUCKET}\nrestype:container"
    text = "PUT" + "\n" * 12 + f"x-ms-date:{at}\nx-ms-version:{version}\n{named}"
    signature = base64.b64encode(hmac.new(base64.b64decode(AZURE_KEY), text.encode(), hashlib.sha256).digest()).decode()
    headers = {"x-ms-date": at, "x-ms-version": version, "Authorization": f"SharedKey {AZURE_ACCOUNT}:{signature}"}
    _request(port, "PUT", f"/{AZURE_ACCOUNT}/{BUCKET}?restype=container", "", headers)
