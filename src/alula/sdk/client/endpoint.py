"""The address of the platform: the first of `--endpoint`, `ALULA_ENDPOINT`, a running platform of the data folder,
and Flyte's own configuration file.

Reads files and the environment that it is given; never connects.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec

from alula.core.errors import InvalidInput, Unavailable

DATA_DIRECTORY = "~/.alula"
_PLAIN_SCHEMES = frozenset(("http", "grpc", "dns"))
_TLS_SCHEMES = frozenset(("https", "grpcs"))


class Endpoint(msgspec.Struct, frozen=True):
    """A platform's gRPC address and how to speak to it."""

    address: str
    """`host:port`, as gRPC takes it."""
    tls: bool
    source: str
    """The origin of the address, in words, for messages."""
    ca_certificate: str = ""
    """Path of a PEM file; empty for the system's."""
    http: str = ""
    """Base URL of the HTTP side, empty when not known before the first answer."""


def find_endpoint(
    explicit: str | None,
    *,
    data: str | None = None,
    environment: Mapping[str, str] | None = None,
    home: Path | None = None,
) -> Endpoint:
    """The platform to use.

    Raises `Unavailable` code `PlatformNotFound` when nothing names one and `InvalidInput` for an address or
    a file that can't be read.
    """
    environment = os.environ if environment is None else environment
    if explicit:
        return parse_endpoint(explicit, "--endpoint")
    if not data and environment.get("ALULA_ENDPOINT"):
        return parse_endpoint(environment["ALULA_ENDPOINT"], "ALULA_ENDPOINT")
    home = home or Path.home()
    folder = _expand(data or environment.get("ALULA_DATA") or DATA_DIRECTORY, home)
    running = _running_platform(folder)
    if running is not None:
        return running
    if not data:
        configured = _flyte_configuration(environment, home)
        if configured is not None:
            return configured
    raise Unavailable(
        "PlatformNotFound",
        f"no platform is running in {folder} and no endpoint is configured",
        fix="start it with `alula up`, or name one with --endpoint HOST:PORT",
    )


def parse_endpoint(text: str, source: str) -> Endpoint:
    """`host:port`, or with `http://` or `dns:///` for plain text, `https://` for TLS.

    Without a scheme, port 443 means TLS and every other one plain text.
    """
    scheme, separator, rest = text.strip().partition("://")
    if not separator:
        scheme, rest = "", text.strip()
    if scheme and scheme not in _PLAIN_SCHEMES | _TLS_SCHEMES:
        raise _bad_endpoint(text, source, f"unknown scheme `{scheme}`")
    address = rest.strip("/")
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _bad_endpoint(text, source, str(error)) from error
    if not host or parts.path:
        raise _bad_endpoint(text, source, "it should be HOST:PORT")
    if port is None:
        port = 443 if scheme in _TLS_SCHEMES else 8089
    host = f"[{host}]" if ":" in host else host
    tls = scheme in _TLS_SCHEMES or (not scheme and port == 443)
    return Endpoint(address=f"{host}:{port}", tls=tls, source=source)


def _running_platform(folder: Path) -> Endpoint | None:
    """The platform that `server.json` of a data folder describes, if one still holds the folder."""
    try:
        facts = json.loads((folder / "server.json").read_bytes())
        grpc, http = str(facts["grpc"]), str(facts["http"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not _is_held(folder / "server.lock"):
        return None
    endpoint = parse_endpoint(grpc, f"the platform of {folder}")
    return msgspec.structs.replace(endpoint, http=http.rstrip("/"))


def _is_held(lock: Path) -> bool:
    """True if a server holds the lock: the kernel lets go of it however the server ended."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _flyte_configuration(environment: Mapping[str, str], home: Path) -> Endpoint | None:
    """`admin` of Flyte's YAML file; None if there is no file."""
    named = environment.get("FLYTECTL_CONFIG")
    path = _expand(named, home) if named else home / ".flyte" / "config.yaml"
    if not named and not path.exists():
        return None
    return endpoint_of_file(path, home)


def endpoint_of_file(file: Path | str, home: Path | None = None) -> Endpoint:
    """The platform that a configuration file of Flyte names. Raises `InvalidInput`."""
    home = home or Path.home()
    path = _expand(str(file), home)
    import yaml  # lazy: only where a Flyte configuration is used

    try:
        document: Any = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidInput(
            "BadFlyteConfiguration",
            f"Flyte's configuration {path} can't be read: {error}",
            fix="correct the file, or name the platform with --endpoint HOST:PORT",
        ) from error
    admin = _mapping(_mapping(document).get("admin"))
    if not admin.get("endpoint"):
        raise InvalidInput(
            "BadFlyteConfiguration",
            f"Flyte's configuration {path} has no `admin.endpoint`",
            fix="add it, or name the platform with --endpoint HOST:PORT",
        )
    endpoint = parse_endpoint(str(admin["endpoint"]), str(path))
    certificate = str(admin.get("caCertFilePath") or "")
    return msgspec.structs.replace(
        endpoint,
        tls=not admin.get("insecure", False),
        ca_certificate=str(_expand(certificate, home)) if certificate else "",
    )


def _mapping(value: Any) -> dict[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _expand(path: str, home: Path) -> Path:
    if path == "~" or path.startswith("~/"):
        return home / path[2:]
    return Path(path).absolute()


def _bad_endpoint(text: str, source: str, reason: str) -> InvalidInput:
    message = f"{source}: `{text}` is no endpoint: {reason}"
    return InvalidInput("BadEndpoint", message, fix="give it as HOST:PORT, e.g. localhost:8089")
