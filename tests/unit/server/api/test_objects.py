"""Objects over signed URLs: what a browser may do with them, and bodies that real clients send."""

from __future__ import annotations

import hashlib
from typing import cast
from urllib.parse import unquote

import pytest
from starlette.types import ASGIApp
from tests.unit.server.api.asking import LOCAL, Answer, ask

from alula.server.api.gate import trusted
from alula.server.api.http import make_app
from alula.server.api.objects import object_routes
from alula.server.blobs.file import FileBlobs
from alula.server.services.platform import Platform

pytestmark = pytest.mark.anyio
HOST = ("Host", "localhost")


@pytest.fixture
def blobs(platform: Platform) -> FileBlobs:
    return cast(FileBlobs, platform.blobs)


@pytest.fixture
def app(blobs: FileBlobs) -> ASGIApp:
    return make_app(object_routes(blobs, lambda: 0), trusted(()), LOCAL)


def target(url: str) -> str:
    path, _, query = url.removeprefix("http://test").partition("?")
    return f"{unquote(path)}?{query}"


async def download(app: ASGIApp, blobs: FileBlobs, *name: str) -> Answer:
    uri = blobs.uri(*name)
    await blobs.put(uri, b"<script>")
    answer = await ask(app, "GET", target((await blobs.download_url(uri, ttl_s=60)).url), (HOST,))
    assert (answer.status, answer.body) == (200, b"<script>")
    return answer


@pytest.mark.parametrize("name", ["page.html", "x.svg", 'q"; x=y', "\N{SNOWMAN}", "deck.html.txt"])
async def test_objects_are_saved_and_never_shown(app: ASGIApp, blobs: FileBlobs, name: str) -> None:
    headers = (await download(app, blobs, "uploads", name)).headers
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert "\n" not in headers["content-disposition"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]


@pytest.mark.parametrize("name", ["a\nb", "\n", "a\n", "\r\n", "%0a", "a b+c;d&e", "\\", "\x7f\x01", "\u2028"])
async def test_whatever_a_file_may_be_called_it_can_be_downloaded(app: ASGIApp, blobs: FileBlobs, name: str) -> None:
    await download(app, blobs, "data", name)
    await download(app, blobs, name, "data")


async def test_a_deck_is_shown_with_an_origin_of_its_own(app: ASGIApp, blobs: FileBlobs) -> None:
    headers = (await download(app, blobs, "metadata", "deck.html")).headers
    assert headers["content-type"] == "text/html; charset=utf-8"
    policy = headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in policy


async def test_a_part_of_an_object_is_downloaded(app: ASGIApp, blobs: FileBlobs) -> None:
    uri = blobs.uri("data", "log")
    await blobs.put(uri, b"0123456789")
    url = target((await blobs.download_url(uri, ttl_s=60)).url)
    for asked, span, wanted in (("bytes=2-4", "2-4", b"234"), ("bytes=8-", "8-9", b"89"), ("bytes=-1", "9-9", b"9")):
        answer = await ask(app, "GET", url, (HOST, ("Range", asked), ("Accept-Encoding", "gzip")))
        told = (answer.status, answer.headers["content-range"], answer.headers["content-length"], answer.body)
        assert told == (206, f"bytes {span}/10", str(len(wanted)), wanted)
    beyond = await ask(app, "GET", url, (HOST, ("Range", "bytes=10-")))
    assert (beyond.status, beyond.code, beyond.headers["content-range"]) == (416, "RangeNotSatisfiable", "bytes */10")
    for headers in ((HOST, ("Range", "lines=1-2")), (HOST, ("Range", "bytes=2-4"), ("If-Range", '"x"'))):
        whole = await ask(app, "GET", url, headers)
        assert (whole.status, whole.headers["accept-ranges"], whole.body) == (200, "bytes", b"0123456789")


async def test_an_empty_file_as_flytes_clients_send_it_is_kept(app: ASGIApp, blobs: FileBlobs) -> None:
    uri = blobs.uri("uploads", "empty")
    signed = await blobs.upload_url(uri, md5=hashlib.md5(b"").digest(), ttl_s=60)
    headers = (HOST, ("Content-Length", "0"), ("Transfer-Encoding", "chunked"))
    answer = await ask(app, "PUT", target(signed.url), headers)
    assert answer.status == 200
    assert await blobs.get(uri) == b""


@pytest.mark.parametrize("md5", ["\xfcber", "nonsense", "===="])
async def test_a_malformed_digest_is_refused(app: ASGIApp, blobs: FileBlobs, md5: str) -> None:
    url = target((await blobs.upload_url(blobs.uri("uploads", "x"), md5=None, ttl_s=60)).url)
    assert (await ask(app, "PUT", url, (HOST, ("Content-MD5", md5)))).status == 400
