"""What the embedded object store does besides the contract: files, links, and URLs that it verifies itself."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import stat
import urllib.parse
from pathlib import Path

import pytest
from tests.hostile import NO_FILES, sparse

from alula.core.errors import AlreadyExists, AlulaError, InvalidInput, NotFound, PermissionDenied, ResourceExhausted
from alula.server.blobs.file import FileBlobs

HOUR_US = 3600 * 1_000_000


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    store = FileBlobs(tmp_path / "objects", tmp_path / "objects.key", base_url="http://localhost:1")
    asyncio.run(store.start())
    return store


async def pieces(*data: bytes):
    for each in data:
        yield each


def request_of(url: str) -> tuple[str, dict[str, str]]:
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.unquote(parts.path), dict(urllib.parse.parse_qsl(parts.query))


def test_an_object_is_read_only(blobs):
    asyncio.run(blobs.put(blobs.uri("a"), b"one"))
    assert stat.S_IMODE(os.stat(blobs.uri("a")).st_mode) == 0o400


def test_a_link_out_of_the_store_is_not_followed(blobs, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    Path(blobs.uri("link")).symlink_to(secret)
    Path(blobs.uri("folder")).symlink_to(tmp_path)

    async def scenario():
        for name in ("link", "folder/secret"):
            with pytest.raises(InvalidInput):
                await blobs.get(blobs.uri(name))
            with pytest.raises(InvalidInput):
                await blobs.delete(blobs.uri("folder/secret"))
        with pytest.raises(InvalidInput):
            await blobs.put(blobs.uri("folder/new"), b"")
        with pytest.raises(AlreadyExists):
            await blobs.put(blobs.uri("link"), b"secret")

    asyncio.run(scenario())
    assert secret.read_text() == "secret"


@pytest.mark.parametrize("kind", NO_FILES)
def test_what_a_task_left_that_is_no_file_is_no_object(blobs, kind):
    path = Path(blobs.uri("left"))
    NO_FILES[kind](path)

    async def scenario():
        for read in (blobs.get, blobs.size, lambda uri: anext(blobs.read(uri))):
            try:
                assert await read(str(path)) is None
            except AlulaError as error:
                assert isinstance(error, NotFound | InvalidInput)
        with pytest.raises((AlreadyExists, InvalidInput)):
            await blobs.put(str(path), b"new")
        assert len(await blobs.list(blobs.uri())) == (kind == "folder")

    asyncio.run(scenario())


@pytest.mark.parametrize("name", ["x" * 255, "\udcff", "\n", "/".join(["d" * 200] * 30)])
def test_odd_names_are_objects_or_refused(blobs, name):
    async def scenario():
        with contextlib.suppress(InvalidInput):
            assert await blobs.size(f"{blobs.uri()}/{name}") is None
            assert await blobs.list(f"{blobs.uri()}/{name}") == []

    asyncio.run(scenario())


def test_an_endless_object_is_not_read_into_memory(blobs):
    sparse(Path(blobs.uri("left")))
    with pytest.raises(InvalidInput) as caught:
        asyncio.run(blobs.get(blobs.uri("left")))
    assert caught.value.code == "ObjectTooLarge"


def test_a_signed_upload_and_download(blobs):
    md5 = hashlib.md5(b"data").digest()
    upload = asyncio.run(blobs.upload_url(blobs.uri("p", "===="), md5=md5, ttl_s=60))
    path, query = request_of(upload.url)

    async def scenario():
        grant = blobs.verify("PUT", path, query, upload.expires_at - 1)
        assert await blobs.write(grant, pieces(b"da", b"ta")) == 4
        assert await blobs.write(grant, pieces(b"data"), md5=md5) == 4
        download = await blobs.download_url(blobs.uri("p", "===="), ttl_s=60)
        got = blobs.verify("HEAD", *request_of(download.url), download.expires_at - 1)
        assert await blobs.get(blobs.uri_of(got)) == b"data"

    asyncio.run(scenario())


def test_content_other_than_announced_is_refused_and_leaves_nothing(blobs, tmp_path):
    upload = asyncio.run(blobs.upload_url(blobs.uri("a"), md5=hashlib.md5(b"data").digest(), ttl_s=60))
    grant = blobs.verify("PUT", *request_of(upload.url), 0)

    async def broken():
        yield b"dat"
        raise ConnectionResetError

    async def scenario():
        with pytest.raises(InvalidInput) as caught:
            await blobs.write(grant, pieces(b"other"))
        assert caught.value.code == "DigestMismatch"
        with pytest.raises(ConnectionResetError):
            await blobs.write(grant, broken())
        assert await blobs.size(blobs.uri("a")) is None

    asyncio.run(scenario())
    assert [each for each in (tmp_path / "objects").rglob("*") if each.is_file()] == []


def test_any_change_of_a_signed_url_is_refused(blobs):
    signed = asyncio.run(blobs.upload_url(blobs.uri("a"), md5=b"1" * 16, ttl_s=60))
    path, query = request_of(signed.url)
    now = signed.expires_at - HOUR_US
    blobs.verify("PUT", path, query, now)
    flipped = query["signature"][:-1] + ("0" if query["signature"][-1] != "0" else "1")
    for method, changed_path, changed in [
        ("GET", path, query),
        ("DELETE", path, query),
        ("PUT", path + "b", query),
        ("PUT", "/other/a", query),
        ("PUT", path, {**query, "expires": str(signed.expires_at + 1)}),
        ("PUT", path, {**query, "expires": "soon"}),
        ("PUT", path, {**query, "md5": "00" * 16}),
        ("PUT", path, {**query, "md5": "zz"}),
        ("PUT", path, {key: value for key, value in query.items() if key != "md5"}),
        ("PUT", path, {**query, "signature": flipped}),
        ("PUT", path, {**query, "signature": "é\ud800"}),
        ("PUT", path, {}),
    ]:
        with pytest.raises(PermissionDenied) as caught:
            blobs.verify(method, changed_path, changed, now)
        assert caught.value.code == "BadSignature"


def test_an_expired_url_is_refused(blobs):
    signed = asyncio.run(blobs.download_url(blobs.uri("a"), ttl_s=60))
    with pytest.raises(PermissionDenied) as caught:
        blobs.verify("GET", *request_of(signed.url), signed.expires_at)
    assert caught.value.code == "UrlExpired"


def test_the_key_outlives_the_platform_and_is_private(tmp_path, blobs):
    signed = asyncio.run(blobs.download_url(blobs.uri("a"), ttl_s=60))
    again = FileBlobs(tmp_path / "objects", tmp_path / "objects.key")
    asyncio.run(again.start())
    assert again.verify("GET", *request_of(signed.url), 0).name == "a"
    assert stat.S_IMODE((tmp_path / "objects.key").stat().st_mode) == 0o600


def test_what_was_being_written_at_a_crash_is_removed_at_the_next_start(tmp_path, blobs):
    (tmp_path / "objects/.incoming/half").write_bytes(b"half")
    asyncio.run(FileBlobs(tmp_path / "objects", tmp_path / "objects.key").start())
    assert list((tmp_path / "objects/.incoming").iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, blobs, request):
    incoming = tmp_path / "objects/.incoming"
    mounted = os.system(f"mount -t tmpfs -o size=64k tmpfs {tmp_path}/objects 2>/dev/null") == 0
    if not mounted:
        pytest.skip("may not mount a small file system")
    request.addfinalizer(lambda: os.system(f"umount {tmp_path}/objects"))
    asyncio.run(blobs.start())
    grant = blobs.verify("PUT", *request_of(asyncio.run(blobs.upload_url(blobs.uri("b"), md5=None, ttl_s=60)).url), 0)

    async def scenario():
        with pytest.raises(ResourceExhausted):
            await blobs.put(blobs.uri("a"), b"x" * 100_000)
        with pytest.raises(ResourceExhausted):
            await blobs.write(grant, pieces(b"x" * 100_000))
        assert await blobs.list(blobs.uri()) == []

    asyncio.run(scenario())
    assert list(incoming.iterdir()) == []
