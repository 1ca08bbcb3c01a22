"""Where the client finds the platform."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

import pytest

from alula.core.errors import InvalidInput, Unavailable
from alula.sdk.client.endpoint import find_endpoint, parse_endpoint


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def running(home: Path):
    """A data folder that a server holds."""
    folder = home / ".alula"
    folder.mkdir(parents=True)
    facts = {"pid": 1, "grpc": "127.0.0.1:4000", "http": "http://127.0.0.1:4001", "version": "0"}
    (folder / "server.json").write_text(json.dumps(facts))
    with (folder / "server.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def flyte_configuration(path: Path, **admin: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"admin": admin}))


@pytest.mark.parametrize(
    ("text", "address", "tls"),
    [
        ("localhost:8089", "localhost:8089", False),
        ("localhost", "localhost:8089", False),
        ("dns:///flyte.example.org:81", "flyte.example.org:81", False),
        ("http://10.0.0.1:8089/", "10.0.0.1:8089", False),
        ("https://flyte.example.org", "flyte.example.org:443", True),
        ("flyte.example.org:443", "flyte.example.org:443", True),
        ("[::1]:8089", "[::1]:8089", False),
    ],
)
def test_endpoints_are_read_in_every_usual_spelling(text, address, tls):
    endpoint = parse_endpoint(text, "--endpoint")
    assert (endpoint.address, endpoint.tls) == (address, tls)


@pytest.mark.parametrize("text", ["ftp://a:1", "a:b", "a:99999", ":8089", "host:1/path"])
def test_what_is_no_endpoint_is_refused(text):
    with pytest.raises(InvalidInput) as raised:
        parse_endpoint(text, "--endpoint")
    assert raised.value.code == "BadEndpoint"


def test_the_option_comes_first_then_the_variable_then_the_data_folder_then_flyte(home, running):
    flyte_configuration(home / ".flyte" / "config.yaml", endpoint="dns:///flyte:81", insecure=True)
    variable = {"ALULA_ENDPOINT": "variable:2"}
    assert find_endpoint("option:1", environment=variable, home=home).address == "option:1"
    assert find_endpoint(None, environment=variable, home=home).address == "variable:2"
    found = find_endpoint(None, environment={}, home=home)
    assert (found.address, found.http) == ("127.0.0.1:4000", "http://127.0.0.1:4001")
    (running / "server.json").unlink()
    assert find_endpoint(None, environment={}, home=home).address == "flyte:81"


def test_a_named_data_folder_comes_before_the_variables(home, running):
    found = find_endpoint(None, data=str(running), environment={"ALULA_ENDPOINT": "variable:2"}, home=home / "x")
    assert found.address == "127.0.0.1:4000"


def test_what_a_killed_server_left_behind_is_no_platform(home):
    folder = home / ".alula"
    folder.mkdir(parents=True)
    (folder / "server.json").write_text(json.dumps({"pid": 1, "grpc": "127.0.0.1:4000", "http": "http://x"}))
    (folder / "server.lock").write_text("1")
    with pytest.raises(Unavailable) as raised:
        find_endpoint(None, environment={}, home=home)
    assert raised.value.code == "PlatformNotFound"
    assert "alula up" in raised.value.fix


def test_flytes_configuration_says_tls_and_certificate(home, tmp_path):
    path = tmp_path / "flyte.yaml"
    flyte_configuration(path, endpoint="dns:///flyte:81", caCertFilePath="~/ca.pem")
    found = find_endpoint(None, environment={"FLYTECTL_CONFIG": str(path)}, home=home)
    assert (found.address, found.tls, found.ca_certificate) == ("flyte:81", True, str(home / "ca.pem"))


@pytest.mark.parametrize("content", [None, "admin: [", "admin: {}", "- 1"])
def test_a_bad_flyte_configuration_is_an_error(home, tmp_path, content):
    path = tmp_path / "flyte.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InvalidInput) as raised:
        find_endpoint(None, environment={"FLYTECTL_CONFIG": str(path)}, home=home)
    assert raised.value.code == "BadFlyteConfiguration"
