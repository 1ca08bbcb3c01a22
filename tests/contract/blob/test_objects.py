"""What every object store must do."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator

import msgspec
import pytest

from alula.core.errors import AlreadyExists, InvalidInput, NotFound, PermissionDenied
from alula.server.blob import Blobs, SignedUrl

pytestmark = pytest.mark.anyio


async def in_pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def unsigned(signed: SignedUrl) -> SignedUrl:
    """The URL with another signature, or without one."""
    return msgspec.structs.replace(signed, url=signed.url[:-6])


async def test_what_was_put_is_got(blobs: Blobs):
    uri = blobs.uri("a", "b/c.pb")
    await blobs.put(uri, b"data")
    assert await blobs.get(uri) == b"data"
    assert await blobs.size(uri) == 4
    assert [piece async for piece in blobs.read(uri, offset=1)] == [b"ata"]
    assert [piece async for piece in blobs.read(uri, offset=4)] == []


async def test_an_empty_object_is_one(blobs: Blobs):
    uri = blobs.uri("empty")
    await blobs.put(uri, b"")
    assert (await blobs.get(uri), await blobs.size(uri), await blobs.list(uri)) == (b"", 0, [uri])


async def test_reads_come_in_pieces_of_bounded_size(blobs: Blobs):
    uri = blobs.uri("big")
    await blobs.put(uri, b"x" * 600_000)
    sizes = [len(piece) async for piece in blobs.read(uri)]
    assert sum(sizes) == 600_000
    assert max(sizes) <= 256 * 1024


async def test_an_object_is_never_replaced(blobs: Blobs):
    uri = blobs.uri("a")
    await blobs.put(uri, b"one")
    await blobs.put(uri, b"one")
    with pytest.raises(AlreadyExists):
        await blobs.put(uri, b"two")
    assert await blobs.get(uri) == b"one"


async def test_an_object_is_written_piece_by_piece(blobs: Blobs):
    uri = blobs.uri("streamed")
    for _ in range(2):
        assert await blobs.put_stream(uri, in_pieces(b"one ", b"", b"two")) == 7
    assert await blobs.get(uri) == b"one two"
    with pytest.raises(AlreadyExists):
        await blobs.put_stream(uri, in_pieces(b"other"))
    assert await blobs.put_stream(blobs.uri("empty"), in_pieces()) == 0
    assert await blobs.get(blobs.uri("empty")) == b""


async def test_an_object_whose_pieces_end_with_an_error_is_not_written(blobs: Blobs):
    async def broken() -> AsyncIterator[bytes]:
        yield b"one"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await blobs.put_stream(blobs.uri("a"), broken())
    assert not await blobs.exists(blobs.uri())


async def test_more_than_is_wanted_is_not_read(blobs: Blobs):
    uri = blobs.uri("large")
    await blobs.put(uri, b"12345")
    assert await blobs.get(uri, limit_bytes=5) == b"12345"
    with pytest.raises(InvalidInput) as refused:
        await blobs.get(uri, limit_bytes=4)
    assert refused.value.code == "ObjectTooLarge"


async def test_a_missing_object(blobs: Blobs):
    uri = blobs.uri("nothing")
    assert await blobs.size(uri) is None
    with pytest.raises(NotFound):
        await blobs.get(uri)
    with pytest.raises(NotFound):
        _ = [piece async for piece in blobs.read(uri)]
    await blobs.delete(uri)


async def test_lists_are_sorted_and_hold_what_is_below_the_prefix_only(blobs: Blobs):
    for name in ("p/b", "p/a/x", "p2/c", "q/c"):
        await blobs.put(blobs.uri(name), b"1")
    assert await blobs.list(blobs.uri("p")) == [blobs.uri("p/a/x"), blobs.uri("p/b")]
    assert await blobs.list(blobs.uri("p/b")) == [blobs.uri("p/b")]
    assert await blobs.list(blobs.uri("nothing")) == []
    assert len(await blobs.list(blobs.uri())) == 4


async def test_a_list_comes_in_pages(blobs: Blobs):
    uris = [blobs.uri("p", name) for name in ("a", "b-c", "b/c", "b/d", "b0", "\N{SNOWMAN}")]
    for uri in reversed(uris):
        await blobs.put(uri, b"1")
    assert await blobs.list(blobs.uri("p"), limit=4) == uris[:4]
    assert await blobs.list(blobs.uri("p"), after=uris[3], limit=4) == uris[4:]
    assert await blobs.list(blobs.uri("p"), after=uris[-1]) == []
    assert await blobs.list(blobs.uri("p", "b"), after=uris[2]) == [uris[3]]


async def test_a_look_tells_objects_from_others_of_their_names(blobs: Blobs):
    names = ["in/a", "in/b/c", "in/b.d", "in/b-e", "in/é", "other/x"]
    for name in names:
        await blobs.put(blobs.uri(name), name.encode())
    folder = blobs.uri("in")
    found = await blobs.look(folder)
    below = sorted(blobs.uri(name) for name in names if name.startswith("in/"))
    assert [each.uri for each in found] == below
    assert [each.size for each in found] == [len(uri.removeprefix(f"{blobs.uri()}/").encode()) for uri in below]
    assert await blobs.look(folder) == found
    now = time.time_ns() // 1000
    assert all(each.tag and abs(now - each.changed_at) < 300_000_000 for each in found)
    assert await blobs.look(blobs.uri("nothing")) == []


async def test_a_look_comes_in_pages(blobs: Blobs):
    uris = [blobs.uri("in", *name.split("/")) for name in ("a", "b-", "b/a", "b/b/c", "b/c", "b0", "c/d")]
    for uri in uris:
        await blobs.put(uri, b"x")
    assert sorted(uris) == uris
    for after, wanted in zip(["", *uris], [*uris, None], strict=True):
        page = await blobs.look(blobs.uri("in"), after=after, limit=1)
        assert [each.uri for each in page] == ([wanted] if wanted else [])
    assert [each.uri for each in await blobs.look(blobs.uri("in"), limit=100)] == uris


async def test_what_is_written_anew_has_another_tag(blobs: Blobs):
    uri = blobs.uri("in/a")
    await blobs.put(uri, b"one")
    (before,) = await blobs.look(blobs.uri("in"))
    await blobs.delete(uri)
    await blobs.put(uri, b"two")
    (after,) = await blobs.look(blobs.uri("in"))
    assert before.mark != after.mark


async def test_there_is_an_object_or_something_under_its_name(blobs: Blobs):
    for name in ("p/b/c", "p/b-c", "q"):
        await blobs.put(blobs.uri(name), b"1")
    there = [await blobs.exists(blobs.uri(name)) for name in ("p", "p/b", "p/b/c", "p/b-c", "q")]
    assert all(there)
    assert not any([await blobs.exists(blobs.uri(name)) for name in ("p/a", "p/b-", "p/b/c/d", "r")])


@pytest.mark.parametrize("name", ["a b", "a+b", "50%", "%2F", "a#b?c=d&e", "\N{SNOWMAN}", "~'()*!", "{x}", "=[]"])
async def test_whatever_an_object_is_called_it_is_found_by_that_name(objects, name: str):
    blobs = objects.blobs
    uri = blobs.uri("p", name, name)
    await blobs.put(uri, b"data")
    assert uri.endswith(f"/p/{name}/{name}")
    assert (await blobs.get(uri), await blobs.list(blobs.uri())) == (b"data", [uri])
    assert await blobs.exists(blobs.uri("p", name))
    assert await objects.send("GET", await blobs.download_url(uri, ttl_s=60)) == b"data"


async def test_what_is_below_a_prefix_is_deleted_and_nothing_else(blobs: Blobs):
    for name in ("p/b", "p/a/x", "p2/c", "q"):
        await blobs.put(blobs.uri(name), b"1")
    await blobs.delete(blobs.uri("p"))
    await blobs.delete(blobs.uri("q"))
    assert await blobs.list(blobs.uri()) == [blobs.uri("p2/c")]
    await blobs.put(blobs.uri("p/b"), b"another")


@pytest.mark.parametrize("part", ["..", "a/../../b", "", "a//b", ".", "nul\0", "x" * 300])
def test_a_segment_never_leaves_the_store(blobs: Blobs, part: str):
    with pytest.raises(InvalidInput):
        blobs.uri("a", part)


@pytest.mark.parametrize("uri", ["/etc/passwd", "relative", "{store}/../a", "{store}", "{store}x/a", "", "s3://a/b"])
async def test_a_uri_outside_the_store_is_refused_by_every_method(blobs: Blobs, uri: str):
    uri = uri.format(store=blobs.uri())
    with pytest.raises(InvalidInput):
        await blobs.put(uri, b"")
    with pytest.raises(InvalidInput):
        await blobs.get(uri)
    with pytest.raises(InvalidInput):
        _ = [piece async for piece in blobs.read(uri)]
    with pytest.raises(InvalidInput):
        await blobs.size(uri)
    with pytest.raises(InvalidInput):
        await blobs.put_stream(uri, in_pieces())
    with pytest.raises(InvalidInput):
        await blobs.delete(uri)
    with pytest.raises(InvalidInput):
        await blobs.upload_url(uri, md5=None, ttl_s=1)
    with pytest.raises(InvalidInput):
        await blobs.download_url(uri, ttl_s=1)


async def test_a_signed_upload_writes_its_object_and_a_signed_download_reads_it(objects):
    blobs = objects.blobs
    uri = blobs.uri("p", "====")
    upload = await blobs.upload_url(uri, md5=hashlib.md5(b"data").digest(), ttl_s=60)
    await objects.send("PUT", upload, b"data")
    assert await blobs.get(uri) == b"data"
    assert await objects.send("GET", await blobs.download_url(uri, ttl_s=60)) == b"data"


async def test_a_signed_url_allows_nothing_else(objects):
    blobs = objects.blobs
    uri = blobs.uri("a")
    await blobs.put(uri, b"data")
    upload, download = await blobs.upload_url(uri, md5=None, ttl_s=60), await blobs.download_url(uri, ttl_s=60)
    for method, signed in (("GET", upload), ("PUT", download), ("DELETE", download), ("GET", unsigned(download))):
        with pytest.raises((PermissionDenied, InvalidInput)):
            await objects.send(method, signed, b"data")
    assert await blobs.get(uri) == b"data"


async def test_a_signed_url_expires(objects):
    blobs = objects.blobs
    uri = blobs.uri("a")
    await blobs.put(uri, b"data")
    upload, download = await blobs.upload_url(uri, md5=None, ttl_s=1), await blobs.download_url(uri, ttl_s=1)
    for method, signed in (("PUT", upload), ("GET", download)):
        with pytest.raises(PermissionDenied):
            await objects.send(method, signed, b"data", now=signed.expires_at)


async def test_content_other_than_announced_is_refused_and_leaves_nothing(objects):
    blobs = objects.blobs
    upload = await blobs.upload_url(blobs.uri("a"), md5=hashlib.md5(b"data").digest(), ttl_s=60)
    with pytest.raises(InvalidInput):
        await objects.send("PUT", upload, b"other")
    assert await blobs.list(blobs.uri()) == []


async def test_a_signed_upload_of_a_folder_makes_it_and_is_no_object(objects):
    blobs = objects.blobs
    folder = blobs.uri("a", "empty")
    upload = await blobs.upload_url(f"{folder}/", md5=hashlib.md5(b"").digest(), ttl_s=60)
    for _ in range(2):
        await objects.send("PUT", upload)
    assert await blobs.list(blobs.uri()) == []
    assert await blobs.size(folder) is None
    with pytest.raises(InvalidInput):
        await objects.send("PUT", await blobs.upload_url(f"{folder}/", md5=None, ttl_s=60), b"content")
    await blobs.put(f"{folder}/file", b"1")
    assert await blobs.list(folder) == [f"{folder}/file"]


@pytest.mark.parametrize("name", ["../", "a/../", "/"])
async def test_a_signed_upload_of_a_folder_never_leaves_the_store(blobs: Blobs, name: str):
    with pytest.raises(InvalidInput):
        await blobs.upload_url(f"{blobs.uri()}/{name}", md5=None, ttl_s=60)


async def test_an_upload_replaces_nothing(objects):
    blobs = objects.blobs
    await blobs.put(blobs.uri("a"), b"one")
    upload = await blobs.upload_url(blobs.uri("a"), md5=None, ttl_s=60)
    with pytest.raises(AlreadyExists):
        await objects.send("PUT", upload, b"two")
    assert await blobs.get(blobs.uri("a")) == b"one"
