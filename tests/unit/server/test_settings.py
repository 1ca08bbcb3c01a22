"""Where settings come from, which one wins, and how a mistake is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from alula.core.errors import InvalidInput
from alula.core.policy.routing import Route
from alula.server.settings import data_folder, load_settings


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_defaults_are_those_that_flyte_clients_expect() -> None:
    settings = load_settings({}, {})
    assert (settings.host, settings.grpc_port, settings.http_port) == ("127.0.0.1", 8089, 8088)
    assert settings.data_folder == Path.home() / ".alula"
    assert settings.caller.principal == "anonymous"


def test_flags_beat_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    file = write(
        tmp_path / "s.toml",
        "grpc_port = 1\nhttp_port = 1001\nhost = '127.0.0.2'\n[process]\nfork_servers = 2\n",
    )
    environment = {"ALULA_GRPC_PORT": "2", "ALULA_HTTP_PORT": "1002", "ALULA_ENVIRONMENTS": "a=/x, b=/y"}
    settings = load_settings({"grpc_port": 3}, environment, file=file)
    assert (settings.grpc_port, settings.http_port, settings.host) == (3, 1002, "127.0.0.2")
    assert settings.process_options.environments == ("a=/x", "b=/y")
    assert settings.process_options.fork_servers == 2


def test_the_file_of_the_data_folder_is_read_unless_another_is_named(tmp_path: Path) -> None:
    write(tmp_path / "settings.toml", "grpc_port = 7\n")
    assert load_settings({"data": str(tmp_path)}, {}).grpc_port == 7
    assert load_settings({}, {"ALULA_DATA": str(tmp_path)}).grpc_port == 7
    other = write(tmp_path / "other.toml", "http_port = 8\n")
    assert load_settings({"data": str(tmp_path)}, {"ALULA_SETTINGS": other}).grpc_port == 8089


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("grpc_prot = 1", "grpc_prot"),
        ("grpc_port = 'x'", "grpc_port"),
        ("grpc_port = 70000", "grpc_port"),
        ("[process]\ncpus = 1", "process.cpus"),
        ("[process]\nmemory_control = 'magic'", "memory_control"),
        ("[anonymous]\nname = 'x'", "name"),
        ("environments = ['nothing']", "environments"),
        ("grpc_port = 9\nhttp_port = 9", "http_port"),
        ("log_level = 'LOUD'", "log_level"),
        ("max_parallelism = -1", "max_parallelism"),
        ("lease_s = 0", "lease_s"),
        ("memory_growth = 0.5", "memory_growth"),
        ("inline_max_bytes = -1", "inline_max_bytes"),
        ("max_parallelism = 3000000000", "max_parallelism"),
        ("domains = ['']", "domains"),
        ("domains = ['a b']", "domains"),
        ("domains = ['development', 'x/y']", "x/y"),
        ("[process]\nlog_limit_bytes = -5", "process.log_limit_bytes"),
        ("[process]\nkill_grace_s = -1", "process.kill_grace_s"),
        ("[process]\nkill_grace_s = nan", "process.kill_grace_s"),
        ("[process]\nimport_timeout_s = inf", "process.import_timeout_s"),
        ("[process]\nenvironments = ['nothing']", "process.environments"),
        ("[quality_of_service]\nhigh_s = -1", "quality_of_service.high_s"),
        ("this is not toml", "TOML"),
    ],
)
def test_a_mistake_in_a_file_names_the_file_and_the_key(tmp_path: Path, text: str, key: str) -> None:
    file = write(tmp_path / "s.toml", text)
    with pytest.raises(InvalidInput) as caught:
        load_settings({}, {}, file=file)
    assert file in caught.value.message
    assert key in caught.value.message


def test_a_mistake_in_the_environment_names_the_variable() -> None:
    with pytest.raises(InvalidInput) as caught:
        load_settings({}, {"ALULA_GRPC_PORT": "eighty"})
    assert "ALULA_GRPC_PORT" in caught.value.message


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        load_settings({}, {}, file=str(tmp_path / "none.toml"))


def test_a_data_folders_own_file_can_not_name_another_folder(tmp_path: Path) -> None:
    write(tmp_path / "settings.toml", "data = '/elsewhere'\n")
    with pytest.raises(InvalidInput):
        load_settings({"data": str(tmp_path)}, {})


def test_the_data_folder_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert data_folder("here", {}) == tmp_path / "here"


def test_what_tasks_inherit_is_said_in_both_places(tmp_path: Path) -> None:
    file = write(tmp_path / "s.toml", "[process]\ninherit = ['B']\n")
    assert load_settings({}, {"ALULA_INHERIT": "A*, C"}, file=file).process_options.inherit == ("A*", "C", "B")


def test_routes_are_a_table_of_the_file(tmp_path: Path) -> None:
    text = "[[routes]]\nexecutor = 'process'\ntask_types = ['python-*']\n[[routes]]\nexecutor = 'process'\n"
    settings = load_settings({}, {}, file=write(tmp_path / "s.toml", text))
    assert settings.routes == (Route("process", task_types=("python-*",)), Route("process"))


@pytest.mark.parametrize(
    ("text", "says"),
    [("executor = 'cluster'", "cluster"), ("task_types = []", "executor"), ("executor = 'process'\nkind = 1", "kind")],
)
def test_a_route_that_leads_nowhere_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        load_settings({}, {}, file=write(tmp_path / "s.toml", f"[[routes]]\n{text}\n"))
