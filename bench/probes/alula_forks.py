"""What a fork for each task costs without a platform: a process with the task's code, forked as fork servers do it.

alula_forks.py COUNT      each fork reads its inputs, runs the task and writes its outputs, one after the other
"""

import gc
import json
import os
import sys
import tempfile
import time

from flyteidl.core import literals_pb2

from alula.sdk.runtime.entrypoint import main, preload
from alula.server.executors.process.forkserver.child import best_fork

COUNT = int(sys.argv[1])


def run(folder):
    inputs = literals_pb2.LiteralMap()
    inputs.literals["x"].scalar.primitive.integer = 1
    with open(f"{folder}/inputs.pb", "wb") as file:
        file.write(inputs.SerializeToString())
    preload(["flow"])
    fork, _ = best_fork()
    gc.collect()
    gc.freeze()
    began = time.perf_counter()
    for number in range(COUNT):
        words = ["--inputs", f"{folder}/inputs.pb", "--output-prefix", f"{folder}/{number}"]
        process = fork()
        if not process:
            os._exit(main([*words, "--", "task-module", "flow", "task-name", "increment"]))
        _, status = os.waitpid(process, 0)
        assert status == 0, f"a fork ended with {status}"
    return COUNT / (time.perf_counter() - began)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print("@@" + json.dumps({"task_forks_per_s": run(folder)}))
