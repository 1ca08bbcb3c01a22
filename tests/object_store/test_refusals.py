"""What an object store refuses, as the platform says it: one clear error each, over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from alula.core.errors import AlulaError, FailedPrecondition, NotFound, PermissionDenied, Unavailable
from alula.server.blobs import object_store
from alula.server.blobs.object_store import ObjectStoreBlobs
from alula.server.blobs.options import ObjectOptions

pytestmark = pytest.mark.anyio

Refuse = Callable[[int, str], str]


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Iterator[Refuse]:
    """Makes a server that gives one answer to every request; returns its address."""
    monkeypatch.setattr(object_store, "START_RETRY_S", 0.1)
    servers: list[ThreadingHTTPServer] = []

    def server(status: int, code: str) -> str:
        body = f"<Error><Code>{code}</Code><Message>a &lt;long&gt; story</Message></Error>".encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_PUT = do_HEAD = do_DELETE = do_GET

            def log_message(self, format: str, *args: object) -> None:
                return None

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_address[1]}"

    yield server
    for each in servers:
        each.shutdown()
        each.server_close()


def blobs(endpoint: str) -> ObjectStoreBlobs:
    return ObjectStoreBlobs(
        ObjectOptions(
            url="s3://bucket/prefix",
            endpoint=endpoint,
            region="here",
            access_key="key",
            secret_key="secret",
            retry_s=0.1,
        )
    )


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (404, "NoSuchBucket", "BucketNotFound"),
        (403, "AccessDenied", "ObjectsForbidden"),
        (403, "RequestTimeTooSkewed", "ClockSkewed"),
        (403, "SignatureDoesNotMatch", "BadCredentials"),
        (403, "InvalidAccessKeyId", "BadCredentials"),
        (301, "PermanentRedirect", "WrongRegion"),
        (400, "AuthorizationHeaderMalformed", "WrongRegion"),
        (501, "NotImplemented", "ObjectsUnusable"),
    ],
)
async def test_a_store_that_is_set_up_wrong_is_said_at_the_start(refuse: Refuse, status: int, code: str, told: str):
    with pytest.raises(FailedPrecondition) as refused:
        await blobs(refuse(status, code)).start()
    assert refused.value.code == told
    assert refused.value.fix
    assert "secret" not in refused.value.message
    assert "\n" not in refused.value.message


async def test_a_store_that_fails_or_is_not_there_is_said_at_the_start(refuse: Refuse):
    for endpoint in (refuse(503, "SlowDown"), "http://127.0.0.1:9"):
        with pytest.raises(Unavailable) as refused:
            await blobs(endpoint).start()
        assert refused.value.code == "ObjectsUnreachable"


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (404, "NoSuchKey", NotFound),
        (404, "NoSuchBucket", Unavailable),
        (403, "AccessDenied", PermissionDenied),
        (403, "RequestTimeTooSkewed", Unavailable),
        (400, "ExpiredToken", Unavailable),
        (500, "InternalError", Unavailable),
        (503, "SlowDown", Unavailable),
    ],
)
async def test_a_refusal_later_is_the_kind_of_error_that_the_runner_goes_by(
    refuse: Refuse, status: int, code: str, error: type[AlulaError]
):
    store = blobs(refuse(status, code))
    with pytest.raises(error):
        await store.get(store.uri("a"))
    if error is not NotFound:
        with pytest.raises(error):
            await store.put(store.uri("a"), b"data")
