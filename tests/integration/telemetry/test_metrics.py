"""What a real platform tells Prometheus: what the documentation says, and true."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from tests.integration.platform import Platforms, RunningPlatform

PAGE = Path(__file__).parents[3] / "docs/observability.md"
ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<kind>\w+) \| (?P<labels>[^|]*)\| (?P<help>.+) \|$", re.MULTILINE)
CLI = "from alula.cli.main import main; main()"
FLOW = """
from alula import map_task, task, workflow

@task
def increment(x: int) -> int:
    return x + 1

@workflow
def several(x: int = 1) -> list[int]:
    increment(x=x)
    return map_task(increment)(x=[1, 2, 3])

@task
def refuse(x: int) -> int:
    raise ValueError("no")

@workflow
def failing(x: int = 1) -> int:
    return refuse(x=x)
"""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform with an address for metrics alone, that has run two workflows."""
    folder = tmp_path_factory.mktemp("watched")
    (folder / "flow.py").write_text(FLOW)
    platforms = Platforms(folder, environment={"ALULA_METRICS_ADDRESS": "127.0.0.1:0"})
    running = platforms.start()
    for workflow in ("several", "failing"):
        command = [sys.executable, "-c", CLI, "run", "--remote", "--wait", "flow.py", workflow]
        environment = {"PATH": "/usr/bin:/bin", "ALULA_DATA": str(running.data), "HOME": str(folder)}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) is (workflow == "several"), done.stderr
    yield running
    platforms.close()


def scraped(url: str, **headers: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
        return answer.read().decode()


def alone(platform: RunningPlatform) -> str:
    found = re.search(r"metrics (http://\S+/metrics)", platform.log())
    assert found is not None, platform.log()
    return found[1]


def families(text: str) -> dict[str, Metric]:
    """By the names that the documentation has."""
    return {
        family.name + ("_total" if family.type == "counter" else ""): family
        for family in text_string_to_metric_families(text)
    }


def test_the_documentation_has_every_metric_as_it_is_told(watched: RunningPlatform) -> None:
    told = families(scraped(f"{watched.http}/metrics"))
    documented = {row["name"]: row for row in ROW.finditer(PAGE.read_text())}
    without = {"alula_notices_total"}  # it has no rules for notices
    assert documented.keys() - without == told.keys()
    for name, family in told.items():
        row = documented[name]
        assert (row["kind"], row["help"]) == (family.type, family.documentation), name
        labels = set(re.findall(r"`(\w+)`", row["labels"]))
        assert all(sample.labels.keys() - {"le"} == labels for sample in family.samples), name


def test_names_are_as_prometheus_wants_them(watched: RunningPlatform) -> None:
    for name, family in families(scraped(f"{watched.http}/metrics")).items():
        assert re.fullmatch(r"(alula|process)_[a-z0-9_]+", name)
        assert family.documentation.endswith("."), name
        if family.type == "histogram":
            assert not name.endswith(("_total", "_count", "_sum", "_bucket"))


def test_figures_are_of_what_has_run(watched: RunningPlatform) -> None:
    told = families(scraped(f"{watched.http}/metrics"))

    def value(name: str, **labels: str) -> float:
        family = told[name.removesuffix("_count")]
        return sum(s.value for s in family.samples if s.name == name and labels.items() <= s.labels.items())

    assert value("alula_executions_ended_total", domain="development", phase="SUCCEEDED") == 1
    assert value("alula_executions_ended_total", domain="development", phase="FAILED") == 1
    assert value("alula_executions_open") == 0
    assert value("alula_attempts_ended_total", phase="FAILED", fault="USER") == 1
    assert value("alula_process_executor_started_total") == 5
    assert value("alula_process_executor_wait_seconds_total") > 0
    assert value("alula_commit_seconds_count") >= 2
    assert value("alula_object_bytes_total", operation="upload") > 0
    assert value("alula_requests_total", method="flyteidl.service.AdminService/CreateExecution", code="OK") == 2
    assert value("alula_event_loop_lag_seconds_count") > 0
    assert value("process_cpu_seconds_total") > 0


def test_no_label_names_a_run_a_project_or_a_task(watched: RunningPlatform) -> None:
    text = scraped(f"{watched.http}/metrics")
    assert not re.search(r"flytesnacks|increment|several|failing", text)


def test_openmetrics_is_for_those_that_ask_for_it(watched: RunningPlatform) -> None:
    text = scraped(f"{watched.http}/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert text.endswith("# EOF\n")


def test_the_address_for_metrics_alone_has_health_and_nothing_else(watched: RunningPlatform) -> None:
    url = alone(watched)
    assert families(scraped(url)).keys() == families(scraped(f"{watched.http}/metrics")).keys()
    assert scraped(url.removesuffix("/metrics") + "/healthcheck") == "ok"
    for path, headers, status in (
        ("/api/v1/projects", {}, 404),
        ("/metrics", {"Host": "evil.example"}, 403),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            scraped(url.removesuffix("/metrics") + path, **headers)
        refused.value.close()
        assert refused.value.code == status
