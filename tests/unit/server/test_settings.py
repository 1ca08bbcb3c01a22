"""Where settings come from, which one wins, what they are called, and how a mistake is named."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from alula.core.errors import InvalidInput
from alula.core.policy.notifying import Rule
from alula.core.policy.retention import RetentionRule
from alula.core.policy.routing import Route
from alula.server.blobs.options import WatchedObjects
from alula.server.executors.connector.options import Endpoint
from alula.server.executors.kubernetes.options import Toleration
from alula.server.notifications.options import Channel
from alula.server.services.trigger_options import WebhookSecret
from alula.server.settings.loading import data_folder, load, load_settings
from alula.server.settings.showing import shown
from alula.server.settings.sources import FIELDS


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def mistake(options: dict[str, Any], environment: dict[str, str], file: str | None = None) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        load_settings(options, environment, file=file)
    assert caught.value.code == "BadSetting"
    return caught.value


def test_defaults_are_those_that_flyte_clients_expect() -> None:
    settings = load_settings({}, {})
    assert (settings.host, settings.grpc.port, settings.http.port) == ("127.0.0.1", 8089, 8088)
    assert settings.data_folder == Path.home() / ".alula"
    assert settings.caller.principal == "anonymous"


def test_options_beat_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    text = "host = '127.0.0.2'\n[grpc]\nport = 1\n[http]\nport = 1001\n[executors.process]\nfork_servers = 2\n"
    file = write(tmp_path / "s.toml", text)
    environment = {"ALULA__GRPC__PORT": "2", "ALULA_HTTP_PORT": "1002", "ALULA_ENVIRONMENTS": "a=/x, b=/y"}
    settings = load_settings({"grpc_port": 3}, environment, file=file)
    assert (settings.grpc.port, settings.http.port, settings.host) == (3, 1002, "127.0.0.2")
    assert settings.executors.process.environments == ("a=/x", "b=/y")
    assert settings.executors.process.fork_servers == 2


def test_the_file_of_the_data_folder_is_read_unless_another_is_named(tmp_path: Path) -> None:
    write(tmp_path / "settings.toml", "[grpc]\nport = 7\n")
    assert load_settings({"data": str(tmp_path)}, {}).grpc.port == 7
    assert load_settings({}, {"ALULA_DATA": str(tmp_path)}).grpc.port == 7
    assert load_settings({}, {"ALULA__DATA": str(tmp_path)}).grpc.port == 7
    other = write(tmp_path / "other.toml", "[http]\nport = 8\n")
    assert load_settings({"data": str(tmp_path)}, {"ALULA_SETTINGS": other}).grpc.port == 8089


def sample(path: str) -> tuple[str, str, Any]:
    """A value of a setting that it may have: as TOML, as the text of a variable, and as such."""
    default, given = FIELDS[path].default, SAMPLES.get(path)
    if given is not None:
        return given
    if isinstance(default, bool):
        return str(not default).lower(), str(not default).lower(), not default
    if isinstance(default, int | float):
        return str(default + 1), str(default + 1), default + 1
    if isinstance(default, tuple):
        return '["a", "b"]', "a,b", ("a", "b")
    return '"other"', "other", "other"


SAMPLES: dict[str, tuple[str, str, Any]] = {
    "role": ('"all"', "all", "all"),
    "http.port": ("8000", "8000", 8000),
    "http.url": ('"http://a"', "http://a", "http://a"),
    "metrics.address": ('"a:1"', "a:1", "a:1"),
    "store.password": ('""', "", ""),
    "store.pooled": ("false", "false", False),
    "store.direct_url": ('""', "", ""),
    "objects.url": ('"s3://a/b"', "s3://a/b", "s3://a/b"),
    "objects.encryption": ('"aws:kms"', "aws:kms", "aws:kms"),
    "log.level": ('"INFO"', "INFO", "INFO"),
    "log.format": ('"json"', "json", "json"),
    "traces.exporter": ('"otlp"', "otlp", "otlp"),
    "quality_of_service.domains": ('{ a = "HIGH" }', '{"a": "HIGH"}', {"a": "HIGH"}),
    "scheduler.zones": ('{ a = "UTC" }', '{"a": "UTC"}', {"a": "UTC"}),
    "notifications.smtp_tls": ('"tls"', "tls", "tls"),
    "notifications.channels": (
        '[{ name = "a", kind = "webhook", url = "http://a" }]',
        '[{"name": "a", "kind": "webhook", "url": "http://a"}]',
        (Channel("a", "webhook", url="http://a"),),
    ),
    "triggers.secrets": (
        '[{ name = "a", keys = ["env:A"] }]',
        '[{"name": "a", "keys": ["env:A"]}]',
        (WebhookSecret("a", ("env:A",)),),
    ),
    "objects.watched": (
        '[{ url = "s3://a/b", projects = ["c"] }]',
        '[{"url": "s3://a/b", "projects": ["c"]}]',
        (WatchedObjects("s3://a/b", ("c",)),),
    ),
    "notifications.rules": ('[{ name = "a", channels = [] }]', '[{"name": "a", "channels": []}]', (Rule("a", ()),)),
    "retention.rules": (
        '[{ name = "a", keep_days = 7 }]',
        '[{"name": "a", "keep_days": 7}]',
        (RetentionRule("a", keep_days=7),),
    ),
    "executors.process.environments": ('["a=/b"]', "a=/b", ("a=/b",)),
    "executors.process.secrets": ('"/a/{{ project }}"', "/a/{{ project }}", "/a/{{ project }}"),
    "executors.default": ('"container"', "container", "container"),
    "executors.connector.endpoints": (
        '[{ name = "a", address = "b:1" }]',
        '[{"name": "a", "address": "b:1"}]',
        (Endpoint("a", "b:1"),),
    ),
    "executors.container.image_pull_policy": ('"Never"', "Never", "Never"),
    "executors.container.secrets": ('"/a/{{ project }}"', "/a/{{ project }}", "/a/{{ project }}"),
    "executors.container.socket": ('"/a"', "/a", "/a"),
    "executors.container.user": ('"image"', "image", "image"),
    "executors.container.variables": ('{ a = "b" }', '{"a": "b"}', {"a": "b"}),
    "executors.kubernetes.annotations": ('{ a = "b" }', '{"a": "b"}', {"a": "b"}),
    "executors.kubernetes.cluster_resource_values": ('{ a = "b" }', '{"a": "b"}', {"a": "b"}),
    "executors.kubernetes.cluster_resource_values_by": (
        '{ "a/b" = { c = "d" } }',
        '{"a/b": {"c": "d"}}',
        {"a/b": {"c": "d"}},
    ),
    "executors.kubernetes.image_pull_policy": ('"Never"', "Never", "Never"),
    "executors.kubernetes.interruptible_node_selector": ('{ a = "b" }', '{"a": "b"}', {"a": "b"}),
    "executors.kubernetes.interruptible_tolerations": ('[{ key = "a" }]', '[{"key": "a"}]', (Toleration("a"),)),
    "executors.kubernetes.labels": ('{ a = "b" }', '{"a": "b"}', {"a": "b"}),
    "executors.kubernetes.node_selector": ('{ a = "b" }', '{"a": "b"}', {"a": "b"}),
    "executors.kubernetes.shared_folder": ('"/a"', "/a", "/a"),
    "executors.kubernetes.tolerations": ('[{ key = "a" }]', '[{"key": "a"}]', (Toleration("a"),)),
    "executors.kubernetes.variables": ('{ a = "b" }', '{"a": "b"}', {"a": "b"}),
    "executors.process.memory_control": ('"sampled"', "sampled", "sampled"),
    "routes": ('[{ executor = "process" }]', '[{"executor": "process"}]', (Route("process"),)),
}


@pytest.mark.parametrize("path", [path for path in FIELDS if path != "data"])
def test_every_setting_can_be_said_by_file_and_by_variable(tmp_path: Path, path: str) -> None:
    written, text, value = sample(path)
    table, _, key = path.rpartition(".")
    file = write(tmp_path / "s.toml", f"[{table}]\n{key} = {written}" if table else f"{key} = {written}")
    for settings in (load_settings({}, {}, file=file), load_settings({}, {FIELDS[path].variable: text})):
        found: Any = settings
        for part in path.split("."):
            found = getattr(found, part)
        assert found == value


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("grpc_prot = 1", "grpc_prot"),
        ("[grpc]\nport = 'x'", "grpc.port"),
        ("[grpc]\nport = 70000", "grpc.port"),
        ("[executors.process]\ncpus = 1", "executors.process.cpus"),
        ("[executors.process]\nmemory_control = 'magic'", "memory_control"),
        ("[anonymous]\nname = 'x'", "anonymous.name"),
        ("[executors.process]\nenvironments = ['nothing']", "environments"),
        ("[grpc]\nport = 9\n[http]\nport = 9", "http.port"),
        ("[log]\nlevel = 'LOUD'", "log.level"),
        ("[objects]\nurl = 'ftp://bucket'", "objects.url"),
        ("[objects]\nurl = 's3://bucket/../x'", "objects.url"),
        ("[objects]\nurl = 's3://bucket'\nendpoint = 'localhost'", "objects.endpoint"),
        ("[objects]\nencryption = 'rot13'", "objects.encryption"),
        ("[runs]\nmax_parallelism = -1", "max_parallelism"),
        ("[runner]\nlease_s = 0", "lease_s"),
        ("[runs]\nmemory_growth = 0.5", "memory_growth"),
        ("[runs]\ninline_max_bytes = -1", "inline_max_bytes"),
        ("[runs]\nmax_parallelism = 3000000000", "max_parallelism"),
        ("[runs]\ndomains = []", "runs.domains"),
        ("[runs]\ndomains = ['']", "runs.domains"),
        ("[runs]\ndomains = ['a b']", "runs.domains"),
        ("[runs]\ndomains = ['development', 'x/y']", "x/y"),
        ("[executors.process]\nlog_limit_bytes = -5", "executors.process.log_limit_bytes"),
        ("[executors.process]\nkill_grace_s = nan", "executors.process.kill_grace_s"),
        ("[executors.process]\nimport_timeout_s = inf", "executors.process.import_timeout_s"),
        ("[quality_of_service]\nhigh_s = -1", "quality_of_service.high_s"),
        ("[store]\nurl = 'postgresql://h/d'\npassword = 'x'", "store.password"),
        ("[store]\npooled = true", "store.pooled"),
        ("[store]\nurl = 'postgresql://h/d'\ndirect_url = 'postgresql://g/d'", "store.direct_url"),
        ("[runner]\nid = 'a.b'", "runner.id"),
        ("[http]\nurl = 'ftp://h'", "http.url"),
        ("[http]\nhosts = ['a b']", "http.hosts"),
        ("[metrics]\naddress = 'here'", "metrics.address"),
        ("[traces]\nexporter = 'all'", "traces.exporter"),
        ("role = 'runner'", "role"),
        ("role = 'both'", "role"),
        ("role = ''", "role"),
        ("role = 'api,'\n[store]\nurl = 'postgresql://h/d'", "role"),
        ("http = 1", "http"),
        ("this is not toml", "TOML"),
        # Old names
        ("grpc_port = 'x'", "grpc_port"),
        ("grpc_port = 9\nhttp_port = 9", "http.port"),
        ("[process]\ncpus = 1", "process.cpus"),
        ("grpc_port = 9\n[grpc]\nport = 8", "grpc.port"),
    ],
)
def test_a_mistake_in_a_file_names_the_file_and_the_key(tmp_path: Path, text: str, key: str) -> None:
    file = write(tmp_path / "s.toml", text)
    error = mistake({}, {}, file)
    assert file in error.message
    assert key in error.message


@pytest.mark.parametrize("variable", ["ALULA_GRPC_PORT", "ALULA__GRPC__PORT"])
def test_a_mistake_in_the_environment_names_the_variable(variable: str) -> None:
    assert variable in mistake({}, {variable: "eighty"}).message


def test_a_mistake_in_an_option_names_the_setting() -> None:
    assert "log.format" in mistake({"log_format": "xml"}, {}).message


def test_all_that_is_unknown_is_one_error_that_says_what_may_be_meant(tmp_path: Path) -> None:
    file = write(tmp_path / "s.toml", "[http]\nprot = 1\n[sotre]\nurl = 'x'\n[executors.process]\nfork_server = 1\n")
    error = mistake({}, {"ALULA__LOG__LEVL": "INFO"}, file)
    for name in ("http.prot", "sotre", "executors.process.fork_server", "ALULA__LOG__LEVL"):
        assert f"`{name}`" in error.message
    for meant in ("`http.port`", "`store`", "`executors.process.fork_servers`", "`ALULA__LOG__LEVEL`"):
        assert meant in error.fix


def test_old_names_are_understood_and_said(tmp_path: Path) -> None:
    text = "grpc_port = 5\ntraces = 'otlp'\nlog_format = 'json'\n[process]\nfork_servers = 3\n[http]\nport = 6\n"
    file = write(tmp_path / "s.toml", text)
    loaded = load({}, {"ALULA_HTTP_PORT": "7"}, file=file)
    settings = loaded.settings
    assert (settings.grpc.port, settings.http.port, settings.traces.exporter) == (5, 7, "otlp")
    assert (settings.log.format, settings.executors.process.fork_servers) == ("json", 3)
    assert loaded.renamed == [
        f"{file}: `grpc_port` is now `grpc.port`",
        f"{file}: `traces` is now `traces.exporter`",
        f"{file}: `log_format` is now `log.format`",
        f"{file}: `process.fork_servers` is now `executors.process.fork_servers`",
    ]


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    mistake({}, {}, str(tmp_path / "none.toml"))


def test_a_data_folders_own_file_can_not_name_another_folder(tmp_path: Path) -> None:
    write(tmp_path / "settings.toml", "data = '/elsewhere'\n")
    mistake({"data": str(tmp_path)}, {})


def test_the_data_folder_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert data_folder("here", {}) == tmp_path / "here"


def test_what_tasks_inherit_adds_up_over_all_sources(tmp_path: Path) -> None:
    file = write(tmp_path / "s.toml", "inherit = ['B']\n[process]\ninherit = ['C']\n")
    settings = load_settings({}, {"ALULA_INHERIT": "A*, D"}, file=file)
    assert settings.executors.process.inherit == ("A*", "D", "B", "C")


def test_routes_are_a_table_of_the_file(tmp_path: Path) -> None:
    text = "[[routes]]\nexecutor = 'process'\ntask_types = ['python-*']\n[[routes]]\nexecutor = 'process'\n"
    settings = load_settings({}, {}, file=write(tmp_path / "s.toml", text))
    assert settings.routes == (Route("process", task_types=("python-*",)), Route("process"))


@pytest.mark.parametrize(
    ("text", "says"),
    [("executor = 'cluster'", "cluster"), ("task_types = []", "executor"), ("executor = 'process'\nkind = 1", "kind")],
)
def test_a_route_that_leads_nowhere_is_refused(tmp_path: Path, text: str, says: str) -> None:
    assert says in mistake({}, {}, write(tmp_path / "s.toml", f"[[routes]]\n{text}\n")).message


def test_whole_numbers_may_be_written_with_a_point_as_by_helm(tmp_path: Path) -> None:
    rules = "[[retention.rules]]\nname = 'a'\nkeep_last = 3.0\n"
    file = write(tmp_path / "s.toml", f"[runs]\nmax_parallelism = 7.0\n[disk]\nlow_bytes = 8.0e+09\n{rules}")
    settings = load_settings({}, {}, file=file)
    numbers = (settings.runs.max_parallelism, settings.disk.low_bytes, settings.retention.rules[0].keep_last)
    assert repr(numbers) == "(7, 8000000000, 3)"


URL = "postgresql://ada@db:5432/alula"


@pytest.mark.parametrize("reference", ["file:{folder}/password", "env:DB_PASSWORD", "p/w"])
def test_a_secret_may_be_somewhere_else(tmp_path: Path, reference: str) -> None:
    write(tmp_path / "password", "p/w\n")
    given = reference.format(folder=tmp_path)
    environment = {"ALULA_DATABASE_URL": URL, "ALULA__STORE__PASSWORD": given, "DB_PASSWORD": "p/w"}
    environment |= {"ALULA__STORE__POOLED": "true", "ALULA__STORE__DIRECT_URL": "postgresql://ada@direct/alula"}
    loaded = load({}, environment)
    assert loaded.settings.store.database == "postgresql://ada:p%2Fw@db:5432/alula"
    assert loaded.settings.store.direct == "postgresql://ada:p%2Fw@direct/alula"
    assert "p/w" not in shown(loaded)
    assert ("***" if given == "p/w" else given) in shown(loaded)


@pytest.mark.parametrize("reference", ["file:/nowhere/to/be/found", "env:NOT_THERE"])
def test_a_secret_that_can_not_be_had_is_a_mistake_of_its_setting(reference: str) -> None:
    error = mistake({}, {"ALULA__STORE__URL": reference})
    assert "ALULA__STORE__URL" in error.message and "store.url" in error.message


@pytest.mark.parametrize(
    "url", ["postgresql://ada:pass@word@db/alula", "postgresql://db/alula?user=ada&password=pass@word&x=1"]
)
def test_a_url_is_shown_without_its_password(url: str) -> None:
    told = shown(load({}, {"ALULA_DATABASE_URL": url}))
    assert "word" not in told.replace("password", "")
    assert "db/alula" in told


def test_what_is_shown_is_a_file_that_says_the_same(tmp_path: Path) -> None:
    text = "[quality_of_service.domains]\nproduction = 'HIGH'\n[[routes]]\nexecutor = 'process'\n[grpc]\nport = 5\n"
    file = write(tmp_path / "s.toml", text)
    loaded = load({"http_port": 6}, {"ALULA_LOG_LEVEL": "INFO"}, file=file)
    told = shown(loaded)
    for line in (f"port = 5  # {file}", "port = 6  # the command line", 'level = "INFO"  # ALULA_LOG_LEVEL'):
        assert line in told.splitlines()
    assert 'format = "text"  # default' in told.splitlines()
    assert tomllib.loads(told)["quality_of_service"]["domains"] == {"production": "HIGH"}
    again = write(tmp_path / "again.toml", told)
    assert load_settings({}, {}, file=again) == loaded.settings


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ("process",)),
        ("[executors.container]\nenabled = true", ("process", "container")),
        ("[executors]\ndefault = 'container'", ("container", "process")),
        ("[executors]\ndefault = 'kubernetes'", ("kubernetes", "process")),
    ],
)
def test_the_default_executor_is_the_first_and_is_there(tmp_path: Path, text: str, names: tuple[str, ...]) -> None:
    assert load_settings({}, {}, file=write(tmp_path / "s.toml", text)).executors.names == names


def test_images_that_an_environment_stands_for_do_not_go_to_containers(tmp_path: Path) -> None:
    text = "[executors.process]\nenvironments = ['*/etl:*=/opt/etl']\n[executors.container]\nenabled = true"
    [route] = load_settings({}, {}, file=write(tmp_path / "s.toml", text)).executors.routes

    def goes(image: str) -> bool:
        return route.fits("python-task", "p", "d", image)

    assert goes("busybox:1")
    assert not any(map(goes, ("", "alula:local", "a/etl:2", "cr.flyte.org/flyteorg/flytekit:py3.11-1.16.0")))
    for off in ("enabled = true\nunmapped_images = false", "enabled = false"):
        without = write(tmp_path / "s.toml", f"[executors.container]\n{off}")
        assert load_settings({}, {}, file=without).executors.routes == ()


@pytest.mark.parametrize(
    ("watched", "why"),
    [
        ('{ url = "ftp://a" }', "wants s3://BUCKET/PREFIX"),
        ('{ url = "" }', "one has no `url`"),
        ('{ url = "s3://a", access_key = "k", secret_key = "open" }', "say where it is"),
        ('{ url = "s3://a", secret_key = "env:A" }', "are given together"),
    ],
)
def test_objects_that_can_not_be_watched_are_told(tmp_path: Path, watched: str, why: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f"objects.watched = [{watched}]")
    with pytest.raises(InvalidInput, match=why):
        load_settings({"data": str(tmp_path)}, {})
