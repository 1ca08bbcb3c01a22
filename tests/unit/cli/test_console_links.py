"""Links to the console lead to where the platform says that it is."""

from __future__ import annotations

import webbrowser
from typing import Any, cast

import pytest

from alula.cli.console_links import console_url, open_in_browser, run_url
from alula.core.ids import ExecutionId


class Telling:
    def __init__(self, http: str) -> None:
        self._http = http

    def http_endpoint(self) -> str:
        return self._http


def url(http: str, id: ExecutionId) -> str:
    return run_url(cast(Any, Telling(http)), id)


def test_a_run_has_the_address_that_flytes_clients_print() -> None:
    told = url("https://alula.example", ExecutionId("p", "d", "run-1"))
    assert told == "https://alula.example/console/projects/p/domains/d/executions/run-1"


def test_names_are_parts_of_a_path() -> None:
    assert "/projects/a%2Fb/domains/c%20d/" in url("http://h", ExecutionId("a/b", "c d", "r"))


def test_a_platform_that_does_not_tell_has_no_links() -> None:
    assert url("", ExecutionId("p", "d", "r")) == ""
    assert console_url("http://h/") == "http://h/console"


def test_where_no_browser_is_the_link_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    open_in_browser("http://h/console")
    assert "http://h/console" in capsys.readouterr().err
