from alula.server.executors.process.variables import inherited, split

PLATFORM = {
    "PATH": "/bin",
    "LC_ALL": "C",
    "TZ": "UTC",
    "CUDA_VISIBLE_DEVICES": "0",
    "HOME": "/home/ada",
    "PGPASSWORD": "secret",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "GITHUB_TOKEN": "secret",
    "https_proxy": "http://ada:secret@proxy",
    "ALULA_DATABASE_URL": "postgresql://ada:secret@db/alula",
    "FLYTECTL_CONFIG": "/somewhere",
    "PYTHONPATH": "/mine",
    "LD_PRELOAD": "/evil.so",
}


def test_tasks_get_the_ways_of_the_machine_and_no_secrets() -> None:
    expected = {"PATH": "/bin", "LC_ALL": "C", "TZ": "UTC", "CUDA_VISIBLE_DEVICES": "0", "HOME": "/data/home"}
    assert inherited(PLATFORM, home="/data/home") == expected


def test_an_operator_names_what_tasks_get_as_well() -> None:
    found = inherited(PLATFORM, home="/h", also=("AWS_*", "PGPASSWORD", "HOME"))
    assert {name for name in found if found[name] == "secret"} == {"AWS_SECRET_ACCESS_KEY", "PGPASSWORD"}
    assert found["HOME"] == "/h"


def test_attempts_with_different_numbers_and_traces_are_forked_from_one_process() -> None:
    shared, own = split({"FLYTE_ATTEMPT_NUMBER": "1", "TRACEPARENT": "00-a-b-01", "MODE": "fast"})
    assert shared == {"MODE": "fast"} and own.keys() == {"FLYTE_ATTEMPT_NUMBER", "TRACEPARENT"}
