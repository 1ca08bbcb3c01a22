"""A real platform with real runs, and pages of it in the Chromium of this machine.

Run by `make console-check`, which sets `ALULA_BROWSER=required`: it fails where Chromium, the console or Playwright is
missing. Left out of other runs: Playwright's event loop stays, and tests in the same process could have none then.
"""

# pyright: reportMissingImports=false
# Playwright is there for these tests alone.
from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import shutil
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bench.console.browser import launch
from tests.integration.platform import Platforms, RunningPlatform, alula

from alula.server.api.console import BUILT

FLOWS = Path(__file__).parent / "flows/steps.py"
AXE = Path(__file__).parents[2] / "console/node_modules/axe-core/axe.min.js"
PLACE = "/console/projects/flytesnacks/domains/development"
PATIENCE_MS = 30_000
"""The machine may be busy with other tests."""
RUNS = {"good-1": "good", "good-2": "good", "good-3": "good", "bad-1": "bad", "asking-1": "asking"}
INPUTS = {"good-3": ("--n", "7")}
KEY = "a key of messages"
TRIGGERS = {
    "ALULA__TRIGGERS__OBJECTS_EVERY_S": "0.2",
    "ALULA__TRIGGERS__SECRETS": json.dumps([{"name": "git", "keys": ["env:GIT_KEY"]}]),
    "GIT_KEY": KEY,
}
"""Settings for the triggers of `flows`."""
WATCHED = "objects/uploads/flytesnacks/development/inbox"
"""The folder of a platform's data in which objects start runs."""


def _missing() -> str:
    if os.environ.get("ALULA_BROWSER") != "required":
        return "they have a run of their own: make console-check"
    if not (BUILT / "index.html").exists():
        return "the console is not built: make console"
    if shutil.which("chromium") is None:
        return "there is no chromium"
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "playwright is not installed"
    return ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    if here and (reason := _missing()):
        if os.environ.get("ALULA_BROWSER") == "required":
            pytest.exit(f"tests in a browser: {reason}", returncode=1)
        for item in here:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform on which the workflows of `flows` have run."""
    platforms = Platforms(tmp_path_factory.mktemp("site"), TRIGGERS)
    platform = platforms.start()
    fill(platform)
    yield platform
    platforms.close()


def fill(platform: RunningPlatform) -> None:
    """Everything that the pages show."""
    for name, workflow in RUNS.items():
        run(platform, name, workflow, *INPUTS.get(name, ()))
    done = alula("register", "--endpoint", platform.grpc, str(FLOWS))
    assert done.returncode == 0, done.stderr
    run(platform, "source-1", "source", wait=True)
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/run.zip"
        for arguments in (("export", "source-1", "-o", file), ("import", file, "-d", "staging")):
            done = alula(*arguments, "--endpoint", platform.grpc)
            assert done.returncode == 0, done.stderr
    backfill(platform, "days", "steps.daily")
    send(platform, "steps.pulled", "push-1", {"head": {"sha": "1a2b"}})


def address(path: str) -> str:
    """The whole path of a page; most are of one project and domain."""
    return path if path.startswith("/console") else PLACE + path


def backfill(platform: RunningPlatform, name: str, plan: str) -> None:
    """Three days of a launch plan, one after the other."""
    times = ("--from", "2026-01-01", "--to", "2026-01-04")
    done = alula("backfill", plan, "--endpoint", platform.grpc, *times, "--name", name)
    assert done.returncode == 0, done.stderr


def send(platform: RunningPlatform, plan: str, id: str, body: object) -> None:
    """A signed message that starts a run of a launch plan."""
    data, now = json.dumps(body).encode(), int(time.time())
    headers = {
        "Content-Type": "application/json",
        "Alula-Id": id,
        "Alula-Timestamp": str(now),
        "Alula-Signature": "v1=" + hmac.new(KEY.encode(), f"{now}.".encode() + data, hashlib.sha256).hexdigest(),
    }
    url = f"{platform.http}/api/v1/alula/webhooks/flytesnacks/development/{plan}"
    urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30).close()


def run(platform: RunningPlatform, name: str, workflow: str, *inputs: str, wait: bool = False) -> None:
    waits = ("--wait",) if wait else ()
    done = alula("run", "--remote", "--endpoint", platform.grpc, "--name", name, *waits, str(FLOWS), workflow, *inputs)
    assert done.returncode == 0 or wait, done.stderr


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


def _is_complaint(told: Any) -> bool:
    """Other tests on this machine make and remove networks, at which Chromium gives up what it was loading."""
    return told.type == "error" and "ERR_NETWORK_CHANGED" not in told.text


Open = Callable[..., Any]


@pytest.fixture
def open_run(site: RunningPlatform) -> Iterator[str]:
    """The name of a run that has not ended. It leaves the machine to the tests that follow."""
    name = f"busy-{secrets.token_hex(3)}"
    run(site, name, "waiting")
    yield name
    alula("abort", name, "--endpoint", site.grpc)


@pytest.fixture
def platforms(tmp_path: Path) -> Iterator[Platforms]:
    """Starts platforms for one test, which may stop and kill them as it likes."""
    platforms = Platforms(tmp_path)
    yield platforms
    platforms.close()


@pytest.fixture
def visit(site: RunningPlatform, browser: Any) -> Iterator[Open]:
    """Opens pages. No page may complain: not of an error, and not of a rule of its policy that was broken. None asks
    anybody but the platform."""
    complaints: list[str] = []
    foreign: list[str] = []
    contexts: list[Any] = []

    def open_page(path: str = "", *, at: str = "", tolerant: bool = False, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, **options)
        contexts.append(context)
        own = (at or site.http, "data:", "blob:")
        context.on("request", lambda sent: None if sent.url.startswith(own) else foreign.append(sent.url))
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        if not tolerant:
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda told: complaints.append(told.text) if _is_complaint(told) else None)
        page.goto((at or site.http) + address(path))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert (complaints, foreign) == ([], [])
