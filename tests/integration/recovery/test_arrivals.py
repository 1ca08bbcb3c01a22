"""Each object that appears starts one run, although the platform is killed in between."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import obstore
import pytest
from tests.integration.platform import Platforms, RunningPlatform, alula
from tests.objects.servers import fresh

from alula.server.blobs.options import ObjectOptions
from alula.server.blobs.stores import make_store

FLOW = Path(__file__).with_name("flows") / "arriving.py"
FILES = 12
QUICK = {"ALULA__TRIGGERS__OBJECTS_EVERY_S": "0.2"}


@pytest.fixture
def quick(tmp_path: Path) -> Any:
    platforms = Platforms(tmp_path, QUICK)
    yield platforms
    platforms.close()


def test_each_uploaded_file_starts_one_run_although_the_platform_is_killed(quick: Platforms) -> None:
    platform = quick.start()
    inbox = platform.data / "objects/uploads/flytesnacks/development/inbox"
    inbox.mkdir(parents=True)
    (inbox / "old.csv").write_text("old")
    _tell(platform, "register", str(FLOW))
    _wait_until(lambda: _trigger(platform, "loaded")["trigger"]["watching_since"])
    for number in range(FILES):
        (inbox / f"{number}.csv").write_text("x" * number)
    (inbox / "note.txt").write_text("no csv")
    platform.kill()
    platform = quick.start()
    _wait_until(lambda: len(_trigger(platform, "loaded")["firings"]) >= FILES // 3)
    platform.kill()
    platform = quick.start()
    _check_all(platform, "loaded", [f"{inbox}/{number}.csv" for number in range(FILES)])


def test_objects_of_a_bucket_elsewhere_start_runs_and_trouble_with_it_is_told(
    tmp_path: Path, served: Callable[[str], ObjectOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = fresh(served("s3"))
    watched = {name: getattr(options, name) for name in ("url", "endpoint", "region", "access_key")}
    known = [
        {**watched, "secret_key": "env:DROPS_KEY"},
        {**watched, "url": "s3://nowhere", "secret_key": "env:DROPS_KEY"},
    ]
    variables = {**QUICK, "DROPS_KEY": options.secret_key, "ALULA__OBJECTS__WATCHED": json.dumps(known)}
    platforms = Platforms(tmp_path, variables)
    try:
        monkeypatch.setenv("BUCKET", f"{options.url}/drops/")
        platform = platforms.start()
        store = make_store(options)
        key = f"{options.url}/drops".removeprefix("s3://").partition("/")[2]
        _tell(platform, "register", str(FLOW))
        _wait_until(lambda: _trigger(platform, "told")["trigger"]["watching_since"])
        for number in range(FILES):
            obstore.put(store, f"{key}/{number}.csv", b"x" * number)
        _wait_until(lambda: _trigger(platform, "told")["firings"])
        platform.kill()
        platform = platforms.start()
        _check_all(platform, "told", [f"{options.url}/drops/{number}.csv" for number in range(FILES)])
        obstore.put(store, f"{key}/0.csv", b"another one")
        _wait_until(lambda: len(_trigger(platform, "told")["firings"]) == FILES + 1)

        monkeypatch.setenv("BUCKET", "s3://nowhere/drops")
        _tell(platform, "register", str(FLOW))
        _wait_until(lambda: _trigger(platform, "told")["trigger"]["trouble"])
        assert _trigger(platform, "told")["trigger"]["trouble"].startswith("BucketNotFound: ")
        assert "TROUBLE" in _tell(platform, "list", "triggers")
        assert platform.log().count("can't be looked at") == 1
        monkeypatch.setenv("BUCKET", "s3://of-somebody/else")
        refused = alula("register", str(FLOW), "--endpoint", platform.grpc)
        assert refused.returncode != 0 and "NotWatchable" in refused.stderr
    finally:
        platforms.close()


def _check_all(platform: RunningPlatform, name: str, uris: list[str]) -> None:
    """Each of these has started one run, and nothing else has."""
    _wait_until(lambda: len(_trigger(platform, name)["firings"]) >= len(uris))
    firings = _trigger(platform, name)["firings"]
    assert sorted(each["cause"] for each in firings) == sorted(f"object {uri} appeared" for uri in uris)
    assert len({each["run"] for each in firings if each["state"] == "STARTED"}) == len(uris)
    runs = _runs(platform)
    assert {each["id"]["name"] for each in runs} == {each["run"] for each in firings}
    _wait_until(lambda: all(each["closure"]["phase"] == "SUCCEEDED" for each in _runs(platform)))


def _runs(platform: RunningPlatform) -> list[dict[str, Any]]:
    return json.loads(_tell(platform, "list", "execution", "--limit", "1000", "-o", "json"))["executions"]


def _trigger(platform: RunningPlatform, name: str) -> dict[str, Any]:
    return json.loads(_tell(platform, "get", "trigger", name, "--limit", "1000", "-o", "json"))


def _wait_until(is_so: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.1)


def _tell(platform: RunningPlatform, *words: str) -> str:
    done = alula(*words, "--endpoint", platform.grpc)
    assert done.returncode == 0, done.stderr
    return done.stdout
