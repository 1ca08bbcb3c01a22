"""Moving data between clients and the object store: signed places to upload to and download from."""

from __future__ import annotations

import base64
import hashlib
from typing import assert_never

import msgspec
from flyteidl.core import identifier_pb2, literals_pb2
from google.protobuf import duration_pb2

from alula.core.engine.records import AttemptPhase
from alula.core.errors import AlreadyExists, InvalidInput, NotFound
from alula.core.ids import ExecutionId
from alula.server.access import Action
from alula.server.blob import SignedUrl
from alula.server.identity import Caller
from alula.server.services import layout
from alula.server.services.code_uploads import ask_for
from alula.server.services.flyte_url import FlyteUrl, parse_flyte_url
from alula.server.services.messages.names import execution_id
from alula.server.services.nodes import read_attempt
from alula.server.services.platform import Platform
from alula.server.services.projects import require_place

TTL_MAX_S = 3600
MD5_BYTES = 16


class Upload(msgspec.Struct, frozen=True):
    """The URL to which to PUT an object, and the URI that it will have."""

    signed: SignedUrl
    native_url: str


async def create_upload(
    platform: Platform,
    caller: Caller,
    *,
    project: str,
    domain: str,
    filename: str = "",
    filename_root: str = "",
    content_md5: bytes = b"",
    ttl: duration_pb2.Duration | None = None,
) -> Upload:
    """A place for one object: `<project>/<domain>/<root>/<file name>`, where the root is the given one or the
    base32 of the content's MD5, and a missing file name is random. A file name with a `/` at its end is a folder
    without files.

    Raises `InvalidInput` where both root and MD5 are missing, `AlreadyExists` when another object stands there, and
    `Unavailable` while it is being removed.
    """
    await require_place(platform, caller, project, domain, Action.REGISTER, Action.LAUNCH)
    if not content_md5 and not filename_root:
        raise InvalidInput("UploadUnnamed", "an upload needs `content_md5` or `filename_root`", fix="give one of them")
    if content_md5 and len(content_md5) != MD5_BYTES:
        raise InvalidInput("InvalidContentMd5", f"`content_md5` has {len(content_md5)} bytes, not {MD5_BYTES}")
    ttl_s = _ttl_s(ttl)
    root = filename_root or base64.b32encode(content_md5).decode()
    name = filename or base64.b32encode(platform.random_bytes(15)).decode().lower()[:20]
    uri = platform.blobs.uri(layout.UPLOADS, project, domain, *_segments(root), *_segments(name))
    uri += "/" if name.endswith("/") else ""
    await ask_for(platform, uri)
    if await platform.blobs.size(uri) is not None and await _md5(platform, uri) != content_md5:
        raise AlreadyExists(
            "ObjectExists", f"another object `{name}` stands under `{root}`", fix="upload under another root"
        )
    signed = await platform.blobs.upload_url(uri, md5=content_md5 or None, ttl_s=ttl_s)
    return Upload(signed=signed, native_url=uri)


async def create_download(
    platform: Platform, caller: Caller, native_url: str, *, ttl: duration_pb2.Duration | None
) -> SignedUrl:
    """A signed URL of an object of the store. Raises `NotFound`."""
    await platform.require(caller, layout.place_of(platform.blobs, native_url), Action.VIEW)
    if await platform.blobs.size(native_url) is None:
        raise NotFound("ObjectNotFound", f"there is no object `{native_url}`")
    return await platform.blobs.download_url(native_url, ttl_s=_ttl_s(ttl))


async def create_deck_link(
    platform: Platform,
    caller: Caller,
    id: identifier_pb2.NodeExecutionIdentifier,
    *,
    ttl: duration_pb2.Duration | None,
) -> SignedUrl:
    """A signed URL of the deck of a node. Raises `NotFound` when the node or its deck is not there."""
    execution = execution_id(id.execution_id)
    await platform.require(caller, execution.place, Action.VIEW)
    node = await platform.store.nodes.get(execution, id.node_id)
    if node is None or not node.deck_uri:
        raise NotFound("DeckNotFound", f"node `{id.node_id}` of execution `{execution}` has no deck")
    return await create_download(platform, caller, node.deck_uri, ttl=ttl)


async def get_data(
    platform: Platform, caller: Caller, flyte_url: str
) -> literals_pb2.LiteralMap | literals_pb2.Literal | SignedUrl:
    """The data that a `flyte://` URL names: all inputs or outputs, one of them, or a link to the deck.

    Raises `InvalidInput` for a malformed URL and `NotFound`.
    """
    url = parse_flyte_url(flyte_url)
    if url.part == "d":
        id = identifier_pb2.NodeExecutionIdentifier(node_id=url.node_id)
        id.execution_id.project, id.execution_id.domain, id.execution_id.name = url.execution
        return await create_deck_link(platform, caller, id, ttl=None)
    await platform.require(caller, url.execution.place, Action.VIEW)
    literals = literals_pb2.LiteralMap.FromString(await _literals(platform, url))
    if not url.variable:
        return literals
    if url.variable not in literals.literals:
        known = ", ".join(sorted(literals.literals)) or "none"
        raise NotFound("DataNotFound", f"`{flyte_url}`: no such variable (there is: {known})")
    return literals.literals[url.variable]


async def _literals(platform: Platform, url: FlyteUrl) -> bytes:
    node = await platform.store.nodes.get(url.execution, url.node_id)
    if node is None:
        raise NotFound("DataNotFound", f"execution `{url.execution}` has no node `{url.node_id}`")
    match url.part:
        case "i":
            data = node.inputs
        case "o" if url.attempt is None or await _succeeded(platform, url.execution, node.node_id, url.attempt):
            data = node.outputs
        case "o" | "d":
            data = None
        case _:
            assert_never(url.part)
    if data is None:
        raise NotFound("DataNotFound", f"node `{url.node_id}` of execution `{url.execution}` has none yet")
    return data


async def _succeeded(platform: Platform, execution: ExecutionId, node_id: str, attempt: int) -> bool:
    record = await read_attempt(platform, execution, node_id, attempt)
    return record is not None and record.phase is AttemptPhase.SUCCEEDED


def _ttl_s(ttl: duration_pb2.Duration | None) -> int:
    if ttl is None or (ttl.seconds == 0 and ttl.nanos == 0):
        return TTL_MAX_S
    if ttl.nanos < 0 or not (0, 0) < (ttl.seconds, ttl.nanos) <= (TTL_MAX_S, 0):
        raise InvalidInput("InvalidExpiry", f"`expires_in` must be more than 0 and at most {TTL_MAX_S} s")
    return max(1, ttl.seconds)


def _segments(path: str) -> list[str]:
    segments = [segment for segment in path.split("/") if segment]
    # Names stand in logs, headers and command lines: no line ends, no NUL, nothing else that is not to be seen.
    if not segments or any(segment in (".", "..") or not segment.isprintable() for segment in segments):
        raise InvalidInput("InvalidFileName", f"{path!r} can't name an object", fix="use printable characters")
    return segments


async def _md5(platform: Platform, uri: str) -> bytes:
    digest = hashlib.md5(usedforsecurity=False)
    async for piece in platform.blobs.read(uri):
        digest.update(piece)
    return digest.digest()
