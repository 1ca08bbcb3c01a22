"""Links to the console, as the platform tells where it is, and opening them in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from alula.cli.failures import say
from alula.core.ids import ExecutionId

if TYPE_CHECKING:
    from alula.sdk.client.connection import Connection


def console_url(http: str) -> str:
    """The console of the platform whose HTTP side is at this URL."""
    return f"{http.rstrip('/')}/console"


def run_url(connection: Connection, id: ExecutionId) -> str:
    """The page of a run; empty for a platform that does not tell where its HTTP side is."""
    http = connection.http_endpoint()
    place = "/".join(("projects", quote(id.project, ""), "domains", quote(id.domain, ""), "executions", id.name))
    return f"{console_url(http)}/{place}" if http else ""


def open_in_browser(url: str) -> None:
    """Open a page in the user's browser, or say that there is none."""
    import webbrowser  # lazy: few have a page opened

    if not webbrowser.open(url):
        say(f"warning: no browser was found; open {url}")
