"""What every object store must do."""

from __future__ import annotations

import hashlib

import pytest

from alula.core.errors import AlreadyExists, InvalidInput, NotFound, PermissionDenied
from alula.server.blob import Blobs

pytestmark = pytest.mark.anyio


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
        await blobs.delete(uri)
    with pytest.raises(InvalidInput):
        blobs.upload_url(uri, md5=None, ttl_s=1)
    with pytest.raises(InvalidInput):
        blobs.download_url(uri, ttl_s=1)


async def test_a_signed_upload_writes_its_object_and_a_signed_download_reads_it(objects):
    blobs = objects.blobs
    uri = blobs.uri("p", "====")
    upload = blobs.upload_url(uri, md5=hashlib.md5(b"data").digest(), ttl_s=60)
    await objects.send("PUT", upload.url, b"data")
    assert await blobs.get(uri) == b"data"
    assert await objects.send("GET", blobs.download_url(uri, ttl_s=60).url) == b"data"


async def test_a_signed_url_allows_nothing_else(objects):
    blobs = objects.blobs
    uri = blobs.uri("a")
    await blobs.put(uri, b"data")
    upload, download = blobs.upload_url(uri, md5=None, ttl_s=60), blobs.download_url(uri, ttl_s=60)
    for method, url in (("GET", upload.url), ("PUT", download.url), ("DELETE", download.url), ("GET", "x:/a?b=c")):
        with pytest.raises(PermissionDenied):
            await objects.send(method, url, b"data")
    for method, signed in (("PUT", upload), ("GET", download)):
        with pytest.raises(PermissionDenied):
            await objects.send(method, signed.url, b"data", now=signed.expires_at)


async def test_content_other_than_announced_is_refused_and_leaves_nothing(objects):
    blobs = objects.blobs
    upload = blobs.upload_url(blobs.uri("a"), md5=hashlib.md5(b"data").digest(), ttl_s=60)
    with pytest.raises(InvalidInput):
        await objects.send("PUT", upload.url, b"other")
    assert await blobs.list(blobs.uri()) == []


async def test_a_signed_upload_of_a_folder_makes_it_and_is_no_object(objects):
    blobs = objects.blobs
    folder = blobs.uri("a", "empty")
    upload = blobs.upload_url(f"{folder}/", md5=hashlib.md5(b"").digest(), ttl_s=60)
    for _ in range(2):
        await objects.send("PUT", upload.url)
    assert await blobs.list(blobs.uri()) == []
    assert await blobs.size(folder) is None
    with pytest.raises(InvalidInput):
        await objects.send("PUT", blobs.upload_url(f"{folder}/", md5=None, ttl_s=60).url, b"content")
    await blobs.put(f"{folder}/file", b"1")
    assert await blobs.list(folder) == [f"{folder}/file"]


@pytest.mark.parametrize("name", ["../", "a/../", "/"])
def test_a_signed_upload_of_a_folder_never_leaves_the_store(blobs: Blobs, name: str):
    with pytest.raises(InvalidInput):
        blobs.upload_url(f"{blobs.uri()}/{name}", md5=None, ttl_s=60)


async def test_an_upload_replaces_nothing(objects):
    blobs = objects.blobs
    await blobs.put(blobs.uri("a"), b"one")
    upload = blobs.upload_url(blobs.uri("a"), md5=None, ttl_s=60)
    with pytest.raises(AlreadyExists):
        await objects.send("PUT", upload.url, b"two")
    assert await blobs.get(blobs.uri("a")) == b"one"
