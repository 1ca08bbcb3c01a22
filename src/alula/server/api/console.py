"""The console: the built pages of the folder `console/`, answered at `/console`, and the headers that protect them.

The pages are one program for the browser, which asks the platform as any other client does, so they need no caller.
A build leaves each text compressed twice and not as it is. Owns which file answers a path, and in which form.
"""

from __future__ import annotations

import gzip
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from alula.core.errors import NotFound

HOME = "/console"
OPEN = ("/", HOME, f"{HOME}/")
"""The paths of the console that need no caller."""
BUILT = Path(__file__).parent.parent / "console"
_NONCE = b"CONSOLE-NONCE"
"""The text in the page that stands for the nonce of one answer."""
_PAGE = "index.html"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; worker-src 'self'; frame-src 'self'; manifest-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types console"
)
"""Scripts are files of the build alone, and none is made of text. The nonce is for the styles of overlays."""
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
_HEAD_END = b"</head>"
_RUNS = re.compile(r"projects/([\w.-]+)/domains/([\w.-]+)/executions(?:/([\w.-]+))?")
"""The path of a list of runs, or with a name that of a run's page."""
_AHEAD = '<link rel="preload" as="fetch" crossorigin href="/api/v1/alula/runs/{}">'
_LIST_LIMIT = 100
"""As many runs as the console asks for at a time."""
_FOREVER = "public, max-age=31536000, immutable"


def console_routes(folder: Path = BUILT) -> list[Route]:
    """The routes of the console that was built into a folder."""
    files = _Files(folder)

    async def root(_: Request) -> Response:
        return RedirectResponse(HOME)

    async def asset(request: Request) -> Response:
        return files.asset(request.path_params["name"], request.headers.get("accept-encoding", ""))

    async def page(request: Request) -> Response:
        return files.page(_ahead(request.path_params.get("path", ""), filtered=bool(request.url.query)))

    return [
        Route("/", root),
        Route(f"{HOME}/assets/{{name}}", asset),
        Route(HOME, page),
        Route(f"{HOME}/{{path:path}}", page),
    ]


class _Files:
    """The files of one build. They are small and browsers keep them, so none is held in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def page(self, ahead: bytes) -> Response:
        """The page, the same for every path but for what it has loaded `ahead`: the program in it reads the path."""
        html = self._read(_PAGE)
        if html is None:
            raise NotFound(
                "ConsoleNotBuilt",
                "this copy of Alula has no console",
                fix="run `make console` in the source folder, or install a package of Alula",
            )
        nonce = secrets.token_urlsafe(16)
        return Response(
            html.replace(_NONCE, nonce.encode()).replace(_HEAD_END, ahead + _HEAD_END, 1),
            headers={**_guards(nonce), "Cache-Control": "no-cache"},
            media_type="text/html",
        )

    def asset(self, name: str, accepted: str) -> Response:
        """A file whose name changes with its content."""
        content, encoding = self._encoded(name, _encodings(accepted))
        if content is None:
            raise NotFound("NoSuchAsset", f"the console has no file `{name}`", fix="load the page again")
        headers = {**_guards(""), "Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
        if encoding:
            headers["Content-Encoding"] = encoding
        return Response(content, headers=headers, media_type=_TYPES.get(Path(name).suffix, "application/octet-stream"))

    def _encoded(self, name: str, accepted: frozenset[str]) -> tuple[bytes | None, str]:
        for encoding, suffix in (("br", ".br"), ("gzip", ".gz")):
            if encoding in accepted and (content := self._read(f"assets/{name}{suffix}")) is not None:
                return content, encoding
        if (content := self._read(f"assets/{name}")) is not None:
            return content, ""
        packed = self._read(f"assets/{name}.gz")
        return (None if packed is None else gzip.decompress(packed)), ""

    def _read(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except (OSError, ValueError):  # ValueError for a name that no file can have
            return None


def _ahead(path: str, *, filtered: bool) -> bytes:
    """What the browser is to ask for beside the program: the program would ask for it once it has arrived."""
    found = _RUNS.fullmatch(path)
    if found is None:
        return b""
    project, domain, name = found.groups()
    if name:
        asked = [f"{project}/{domain}/{name}/{part}" for part in ("skeleton", "graph")]
    else:
        asked = [] if filtered else [f"{project}/{domain}?limit={_LIST_LIMIT}"]
    return "".join(map(_AHEAD.format, asked)).encode()


def _encodings(accepted: str) -> frozenset[str]:
    parts = (part.partition(";") for part in accepted.lower().split(","))
    return frozenset(name.strip() for name, _, weight in parts if weight.replace(" ", "") not in ("q=0", "q=0.0"))


def _guards(nonce: str) -> Mapping[str, str]:
    return {
        "Content-Security-Policy": _POLICY.format(nonce=nonce) if nonce else _POLICY.replace(" 'nonce-{nonce}'", ""),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
