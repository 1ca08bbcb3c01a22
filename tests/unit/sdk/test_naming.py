"""Names of entities of a script that is run by itself."""

import subprocess
import sys

SCRIPT = """
from alula import task, workflow
from alula.sdk.serialize import SerializationSettings, serialize

@task
def add(x: int) -> int:
    return x + 1

@workflow
def flow(x: int) -> int:
    return add(x=x)

if __name__ == "__main__":
    found = serialize(flow, settings=SerializationSettings())
    print(list(found.tasks), list(found.tasks["script.add"].template.container.args)[-4:])
"""


def test_a_script_has_the_name_of_its_file(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, str(tmp_path / "script.py")]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    assert answer.stdout == "['script.add'] ['task-module', 'script', 'task-name', 'add']\n"
