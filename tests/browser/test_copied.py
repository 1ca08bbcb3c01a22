"""What the console offers to copy does what its buttons do."""

# pyright: reportMissingImports=false
# Playwright is there for these tests alone.
from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.browser.conftest import Open, run
from tests.browser.looks import ended, expect
from tests.integration.platform import RunningPlatform

WAYS = ("alula", "curl", "Python")
SHELL = "bash"


def _do(site: RunningPlatform, way: str, text: str) -> str:
    """Run what was copied as a person does, and what it printed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = (
        ["python", "-c", text]
        if way == "Python"
        else [SHELL, "-c", text.replace("curl ", "curl -sS --fail-with-body ")]
    )
    environment = os.environ | {"PATH": path, "ALULA_ENDPOINT": site.grpc}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# `Any`: a place of Playwright, and JSON of the platform.
def _copied(place: Any, way: str) -> str:
    place.page.get_by_role("button", name=way, exact=True).click()
    place.get_by_role("button", name="Copy the command").click()
    expect(place.get_by_role("button", name="Copied")).to_be_visible()
    return place.page.evaluate("navigator.clipboard.readText()")


def _inputs(site: RunningPlatform, name: str) -> Any:
    url = f"{site.http}/api/v1/data/executions/flytesnacks/development/{name}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)["full_inputs"]


CLIPBOARD = ["clipboard-read", "clipboard-write"]


@pytest.mark.parametrize("way", WAYS)
def test_a_launch_is_copied(visit: Open, site: RunningPlatform, way: str) -> None:
    name = f"copied-{secrets.token_hex(3)}"
    page = visit("/launch?from=good-3", permissions=CLIPBOARD)
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Name of the run").fill(name)
    page.get_by_role("tab", name="Command").click()
    text = _copied(page.get_by_role("tabpanel"), way)
    assert "uthorization" not in text
    _do(site, way, text)
    assert _inputs(site, name) == _inputs(site, "good-3")


def test_a_run_is_forked_and_approved_by_what_is_copied(visit: Open, site: RunningPlatform) -> None:
    page = visit("/executions/bad-1?sel=n1", permissions=CLIPBOARD)
    for way in WAYS:
        told = _do(site, way, _copied(_call(page, "Run again from half[] on"), way))
        forked = re.search(r"\b[a-z][a-z0-9]{15,}\b", told)
        assert forked is not None, told
        page.keyboard.press("Escape")
    name = f"asking-{secrets.token_hex(3)}"
    run(site, name, "asking")
    page.goto(re.sub(r"bad-1.*", name, page.url))
    expect(page.get_by_role("heading", name="Asks for an answer for")).to_be_visible()
    _do(site, "Python", _copied(_call(page, "Approve looks-good"), "Python"))
    page.keyboard.press("Escape")
    ended(page, "succeeded")


def _call(page: Any, what: str) -> Any:
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Copy as").click()
    return page.get_by_role("dialog").locator("section").filter(has=page.get_by_role("heading", name=what))
