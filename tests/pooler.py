"""PgBouncer in transaction mode before a PostgreSQL of tests. Where it is missing (`apt install pgbouncer` on Debian),
its tests are left out."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url
from tests.objects.servers import answers, free_port

CONNECTIONS = 5
"""Few, so that clients have each other's all the time."""
START_S = 20.0
_SETTINGS = """
[databases]
* = host={server} user={user}
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {connections}
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
"""


@contextlib.contextmanager
def pooled(
    url: str, host: str = "127.0.0.1", *, mode: str = "transaction", connections: int = CONNECTIONS
) -> Iterator[str]:
    """The URL of a database by way of a pooler, which answers at an address of this machine."""
    program = shutil.which("pgbouncer")
    if program is None:
        pytest.skip("there is no pgbouncer here: apt install pgbouncer")
    direct = make_url(url)
    server, port = str(direct.query["host"]), free_port()
    with tempfile.TemporaryDirectory(prefix="alula-pooler-") as folder:
        settings = Path(folder, "pgbouncer.ini")
        given = {"host": host, "server": server, "user": direct.username, "port": port}
        settings.write_text(_SETTINGS.format(**given, mode=mode, connections=connections))
        user = Path(server).owner()  # the user of the socket; the pooler refuses to be root
        for path in (Path(folder), settings):
            shutil.chown(path, user)
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen([program, "-u", user, settings], stdout=log, stderr=log)
        try:
            until = time.monotonic() + START_S
            while not answers(port, host):
                assert process.poll() is None and time.monotonic() < until, Path(folder, "log").read_text()
                time.sleep(0.02)
            query = {name: value for name, value in direct.query.items() if name != "host"}
            way = direct.set(host=host, port=port, query=query)
            yield way.render_as_string(hide_password=False)
        finally:
            process.kill()
            process.wait()
