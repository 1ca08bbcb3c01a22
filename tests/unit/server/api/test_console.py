"""The console: any path of its own shows it, and its pages can run, load and be framed by nothing but themselves."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from starlette.types import ASGIApp
from tests.policies import ByHeader
from tests.unit.server.api.asking import LOCAL, ask

from alula.server.api.console import console_routes
from alula.server.api.gate import trusted
from alula.server.api.http import make_app

pytestmark = pytest.mark.anyio
PAGE = (
    '<html><head><meta property="csp-nonce" nonce="CONSOLE-NONCE">'
    '<script src="/console/assets/main-1.js"></script></head></html>'
)
SCRIPT = b"console.log(1)"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    assets = tmp_path / "assets"
    assets.mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (assets / "main-1.js.br").write_bytes(b"as brotli")
    (assets / "main-1.js.gz").write_bytes(gzip.compress(SCRIPT))
    (assets / "font-1.woff2").write_bytes(b"a font")
    (tmp_path / "secret.txt").write_text("not an asset")
    return tmp_path


@pytest.fixture
def app(built: Path) -> ASGIApp:
    return make_app(console_routes(built), trusted(()), LOCAL)


def accepting(encodings: str) -> list[tuple[str, str]]:
    return [("host", "127.0.0.1:8088"), ("accept-encoding", encodings)]


@pytest.mark.parametrize("path", ["", "/", "/projects/p/domains/d/executions/run-1", "/projects/p/a.b"])
async def test_each_path_is_a_page_of_the_program(app: ASGIApp, path: str) -> None:
    answer = await ask(app, "GET", f"/console{path}")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-cache"


async def asked_ahead(app: ASGIApp, page: str) -> list[str]:
    told = (await ask(app, "GET", page)).body.decode()
    return re.findall(r'<link rel="preload" as="fetch" crossorigin href="([^"]+)">', told)


async def test_the_page_of_a_run_has_the_browser_ask_for_it_at_once(app: ASGIApp) -> None:
    page = "/console/projects/p/domains/d/executions/run-1"
    asked = await asked_ahead(app, page)
    assert asked == [f"/api/v1/alula/runs/p/d/run-1/{part}" for part in ("skeleton", "graph")]
    for other in ("/console", f"{page}/nodeId/n0", "/console/projects/p/domains/d/executions/%22%3E%3Cscript%3E"):
        assert b"preload" not in (await ask(app, "GET", other)).body


async def test_a_list_of_runs_is_asked_for_at_once_if_it_has_no_filter(app: ASGIApp) -> None:
    page = "/console/projects/p/domains/d/executions"
    assert await asked_ahead(app, page) == ["/api/v1/alula/runs/p/d?limit=100"]
    assert await asked_ahead(app, f"{page}?phase=failed") == []


async def test_the_address_of_the_platform_leads_to_it(app: ASGIApp) -> None:
    answer = await ask(app, "GET", "/")
    assert (answer.status, answer.headers["location"]) == (307, "/console")


async def test_a_page_runs_nothing_but_the_build(app: ASGIApp) -> None:
    answers = [await ask(app, "GET", "/console") for _ in range(2)]
    policies = [answer.headers["content-security-policy"] for answer in answers]
    for answer, policy in zip(answers, policies, strict=True):
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "require-trusted-types-for 'script'" in policy
        assert "frame-ancestors 'none'" in policy
        nonce = re.search(r"'nonce-([^']+)'", policy)
        assert nonce is not None
        assert f'nonce="{nonce[1]}"'.encode() in answer.body
    assert policies[0] != policies[1]
    assert answers[0].headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("accepted", "encoding", "body"),
    [
        ("gzip, deflate, br", "br", b"as brotli"),
        ("gzip;q=1.0", "gzip", None),
        ("br;q=0, gzip", "gzip", None),
        ("", "", SCRIPT),
        ("identity", "", SCRIPT),
    ],
)
async def test_an_asset_comes_in_the_best_form_that_the_browser_takes(
    app: ASGIApp, accepted: str, encoding: str, body: bytes | None
) -> None:
    answer = await ask(app, "GET", "/console/assets/main-1.js", accepting(accepted))
    assert answer.status == 200
    assert answer.headers.get("content-encoding", "") == encoding
    assert (gzip.decompress(answer.body) if body is None else answer.body) == (body or SCRIPT)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["vary"] == "Accept-Encoding"


async def test_a_worker_has_the_policy_of_the_console(app: ASGIApp) -> None:
    policy = (await ask(app, "GET", "/console/assets/main-1.js")).headers["content-security-policy"]
    assert "connect-src 'self'" in policy
    assert "nonce" not in policy


@pytest.mark.parametrize("name", ["main-2.js", "..", "../secret.txt", "%00", "main-1.js.gz/", "a" * 5000])
async def test_only_files_of_the_build_are_assets(app: ASGIApp, name: str) -> None:
    answer = await ask(app, "GET", f"/console/assets/{name}".replace("%00", "\0"))
    assert b"not an asset" not in answer.body
    assert answer.code == "NoSuchAsset" or answer.body.startswith(b"<html>")


async def test_it_needs_no_login(built: Path) -> None:
    app = make_app(console_routes(built), trusted(()), ByHeader())
    for path in ("/", "/console", "/console/x", "/console/assets/font-1.woff2"):
        assert (await ask(app, "GET", path)).status in (200, 307)


async def test_a_page_of_another_site_can_only_lead_to_it(app: ASGIApp) -> None:
    foreign = [("host", "127.0.0.1:8088"), ("sec-fetch-site", "cross-site")]
    followed = [*foreign, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")]
    assert (await ask(app, "GET", "/console", followed)).status == 200
    framed = [*foreign, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")]
    assert (await ask(app, "GET", "/console", framed)).code == "ForeignOrigin"


async def test_a_copy_that_was_not_built_says_so(tmp_path: Path) -> None:
    app = make_app(console_routes(tmp_path), trusted(()), LOCAL)
    answer = await ask(app, "GET", "/console")
    assert (answer.status, answer.code) == (404, "ConsoleNotBuilt")
    assert b"make console" in answer.body
