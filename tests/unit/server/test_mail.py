"""Mail over TLS and with a login, to a real server; and one clear error for each way in which that is refused."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from alula.server.notifications.channels import Undelivered, deliver
from alula.server.notifications.options import Channel, NotificationOptions
from alula.server.notifications.writing import Message

HOST = "127.0.0.1"
OPS = Channel("ops", "email", to=("ops@example.org",))
MESSAGE = Message(id="m1", subject="bad FAILED", text="no cheese", facts={})

Serve = Callable[..., "Server"]


class Server:
    """A mail server that keeps what it gets."""

    def __init__(self, **options: Any) -> None:
        self.got: list[Any] = []
        self._controller = Controller(
            self, hostname=HOST, port=_free_port(), authenticator=_authenticate, ready_timeout=60, **options
        )

    async def handle_DATA(self, _server: object, session: Any, envelope: Any) -> str:
        self.got.append((bool(session.authenticated), envelope))
        return "250 OK"

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        return self._controller.port


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as taken:
        return taken.getsockname()[1]


def _authenticate(_server: object, _session: object, _envelope: object, _mechanism: str, given: Any) -> AuthResult:
    assert isinstance(given, LoginPassword)
    return AuthResult(success=(given.login, given.password) == (b"alula", b"s3cret"), handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate that is its own authority, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", f"subjectAltName=IP:{HOST}"]
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subprocess.run([*made, *subject, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


@pytest.fixture
def tls(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Of a server whose certificate is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def serve() -> Iterator[Serve]:
    started: list[Server] = []

    def start(**options: Any) -> Server:
        server = Server(**options)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


# `Any`: fields of the options.
def send(server: Server, **given: Any) -> None:
    options = NotificationOptions(smtp_host=HOST, smtp_port=server.port, channels=(OPS,), **given)
    deliver(options, OPS, MESSAGE, now_s=1)


@pytest.mark.parametrize("way", ["starttls", "tls"])
@pytest.mark.parametrize("user", ["", "alula"])
def test_mail_is_encrypted_and_logged_in(serve: Serve, tls: ssl.SSLContext, way: str, user: str) -> None:
    if way == "tls":
        server = serve(ssl_context=tls, auth_require_tls=False)  # it counts STARTTLS only
    else:
        server = serve(tls_context=tls, require_starttls=True, auth_required=bool(user))
    send(server, smtp_tls=way, smtp_user=user, smtp_password="s3cret")
    ((is_logged_in, envelope),) = server.got
    assert (is_logged_in, envelope.rcpt_tos) == (bool(user), ["ops@example.org"])


def test_a_wrong_password_is_named(serve: Serve, tls: ssl.SSLContext) -> None:
    server = serve(tls_context=tls, auth_required=True)
    with pytest.raises(Undelivered, match=r"does not take the login of `alula` \(535 .*smtp_password") as caught:
        send(server, smtp_user="alula", smtp_password="guess")
    assert "guess" not in str(caught.value)
    assert not server.got


@pytest.mark.parametrize("way", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_named(
    serve: Serve, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    server = serve(**({"ssl_context": tls} if way == "tls" else {"tls_context": tls}))
    with pytest.raises(Undelivered, match=r"certificate of 127.0.0.1:\d+ is not trusted \(self.signed"):
        send(server, smtp_tls=way)
    assert not server.got


def test_a_server_without_tls_gets_neither_mail_nor_password(serve: Serve) -> None:
    server = serve()
    with pytest.raises(Undelivered, match=r"STARTTLS extension not supported .*smtp_tls"):
        send(server, smtp_user="alula", smtp_password="s3cret")
    with pytest.raises(Undelivered, match=r"does not speak TLS from the beginning .*starttls"):
        send(server, smtp_tls="tls")
    assert not server.got


def test_a_login_that_a_server_does_not_offer_is_named(serve: Serve, tls: ssl.SSLContext) -> None:
    server = serve(tls_context=tls, auth_exclude_mechanism=["LOGIN", "PLAIN"])
    with pytest.raises(Undelivered, match="smtp_user"):
        send(server, smtp_user="alula", smtp_password="s3cret")
