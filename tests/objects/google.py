"""Google's XML interface for writing and its signed URLs, in front of a server that knows its JSON interface.

fake-gcs-server answers all that reads, by either interface, but takes objects by JSON only and believes every
signature.
"""

from __future__ import annotations

import datetime
import hashlib
import http.client
import itertools
import json
import subprocess
import threading
import urllib.parse
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_INITIATED = "<InitiateMultipartUploadResult><UploadId>{}</UploadId></InitiateMultipartUploadResult>"
_COMPLETED = "<CompleteMultipartUploadResult><ETag>{}</ETag></CompleteMultipartUploadResult>"
_HOST = "storage.googleapis.com"
"""The host that clients sign for, whichever server they ask."""
_PASSED_ON = ("content-type", "content-length", "etag", "last-modified", "content-range", "x-goog-generation")


class Front(ThreadingHTTPServer):
    """Listens on a port of its own. `behind` is the port of the server, `public_key` a file that verifies URLs."""

    daemon_threads = True

    def __init__(self, behind: int, public_key: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = behind
        self.public_key = public_key
        self.parts: dict[str, dict[int, bytes]] = {}
        self.numbers = itertools.count(1)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Front

    def do_GET(self) -> None:
        self._handle()

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        return None

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, text = self.path.partition("?")
        query = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
        if "X-Goog-Signature" in query and not self._is_signed(path, query):
            self._answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        elif path.startswith("/storage/") or (self.command in ("GET", "HEAD", "DELETE") and "uploadId" not in query):
            self._pass_on(path if "X-Goog-Signature" in query else self.path, body)
        else:
            bucket, _, name = path.lstrip("/").partition("/")
            self._write(bucket, name, query, body)

    def _write(self, bucket: str, name: str, query: Mapping[str, str], body: bytes) -> None:
        parts, id = self.server.parts, query.get("uploadId", "")
        if "uploads" in query:
            id = str(next(self.server.numbers))
            parts[id] = {}
            self._answer(200, _INITIATED.format(id).encode())
        elif "partNumber" in query:
            parts[id][int(query["partNumber"])] = body
            self._answer(200, b"", {"ETag": f'"{len(parts[id])}"'})
        elif self.command == "DELETE":
            del parts[id]
            self._answer(204, b"")
        elif id:
            whole = b"".join(part for _, part in sorted(parts.pop(id).items()))
            self._create(bucket, name, whole, completed=True)
        else:
            self._create(bucket, name, body)

    def _create(self, bucket: str, name: str, data: bytes, *, completed: bool = False) -> None:
        announced = self.headers.get("Content-MD5")
        if announced and urllib.parse.quote(announced) != urllib.parse.quote(_md5(data)):
            self._answer(400, b"<Error><Code>BadDigest</Code></Error>")
            return
        only_new = "&ifGenerationMatch=0" if self.headers.get("x-goog-if-generation-match") == "0" else ""
        target = f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}{only_new}"
        type_ = self.headers.get("Content-Type", "")
        status, headers, answer = self._ask("POST", target, data, {"Content-Type": type_} if type_ else {})
        if status == 200:
            made = json.loads(answer)
            tag = f'"{made["etag"].strip(chr(34))}"'
            body = _COMPLETED.format(tag).encode() if completed else b""
            self._answer(200, body, {"ETag": tag, "x-goog-generation": str(made["generation"])})
        else:
            self._answer(status, answer, headers)

    def _pass_on(self, target: str, body: bytes) -> None:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "authorization")}
        status, answered, answer = self._ask(self.command, target, body, headers)
        kept = {name: value for name, value in answered.items() if name.lower() in _PASSED_ON}
        self._answer(status, answer, kept)

    def _ask(
        self, method: str, target: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.behind)
        try:
            connection.request(method, target, body or None, dict(headers))
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        given = {name: value for name, value in (headers or {}).items() if name.lower() != "transfer-encoding"}
        if not any(name.lower() == "content-length" for name in given):
            self.send_header("Content-Length", str(len(body)))
        for name, value in given.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _is_signed(self, path: str, query: Mapping[str, str]) -> bool:
        """True if the owner of the key has signed this, and it has not expired. As Google describes it."""
        signed = [pair for pair in self.path.partition("?")[2].split("&") if not pair.startswith("X-Goog-Signature=")]
        names = query["X-Goog-SignedHeaders"].split(";")
        given = {**{name.lower(): value for name, value in self.headers.items()}, "host": _HOST}
        headers = "".join(f"{name}:{given.get(name, '')}\n" for name in names)
        request = "\n".join(
            (self.command, path, "&".join(sorted(signed)), headers, ";".join(names), "UNSIGNED-PAYLOAD")
        )
        at, scope = query["X-Goog-Date"], query["X-Goog-Credential"].split("/", 1)[1]
        digest = hashlib.sha256(request.encode()).hexdigest()
        began = datetime.datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
        ends = began + datetime.timedelta(seconds=int(query["X-Goog-Expires"]))
        if datetime.datetime.now(datetime.UTC) >= ends:
            return False
        return verified(self.server.public_key, f"GOOG4-RSA-SHA256\n{at}\n{scope}\n{digest}", query["X-Goog-Signature"])


def _md5(data: bytes) -> str:
    import base64

    return base64.b64encode(hashlib.md5(data).digest()).decode()


def verified(public_key: Path, text: str, signature: str) -> bool:
    """True if the hexadecimal signature of a text is by the owner of the key."""
    file = public_key.with_name(f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.signature")
    try:
        file.write_bytes(bytes.fromhex(signature))
    except ValueError:
        return False
    command = ["openssl", "dgst", "-sha256", "-verify", str(public_key), "-signature", str(file)]
    return subprocess.run(command, check=False, input=text.encode(), capture_output=True).returncode == 0


def make_keys(folder: Path) -> tuple[str, Path]:
    """A private key as a text, and the file of its public key."""
    private, public = folder / "private.pem", folder / "public.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-out", str(private)], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", str(private), "-pubout", "-out", str(public)], check=True)
    return private.read_text(), public
