"""A code bundle with a stand-in for `alula-execute`, so that the executor is tested without an SDK.

The console script is found by its metadata, and a bundle is on the path: so a bundle can bring its own.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

ENTRY = """
import importlib, os, sys

def main():
    arguments = sys.argv[1:]
    prefix = arguments[arguments.index("--output-prefix") + 1]
    module = importlib.import_module(arguments[arguments.index("task-module") + 1])
    outputs = getattr(module, arguments[arguments.index("task-name") + 1])()
    if outputs is not None:
        with open(prefix + "/.outputs.pb", "wb") as file:
            file.write(outputs)
        os.rename(prefix + "/.outputs.pb", prefix + "/outputs.pb")
"""

TASKS = """
import os, random, subprocess, sys, threading, time

print("imported")

def integer(value):
    # LiteralMap{literals: {"o0": Literal{scalar{primitive{integer}}}}}, by hand: no protobuf here
    def field(number, data): return bytes([number << 3 | 2, len(data)]) + data
    varint = b""
    while True:
        varint += bytes([value & 127 | (128 if value > 127 else 0)])
        value >>= 7
        if not value: break
    return field(1, field(1, b"o0") + field(2, field(1, field(1, bytes([8]) + varint))))

def seven():
    print("hello from", os.getpid())
    return integer(7)

def parent():
    return integer(os.getppid())

def draw():
    return integer(random.getrandbits(40))

def nothing():
    pass

def sleep():
    subprocess.Popen(["sleep", "600"])
    print("sleeping", flush=True)
    time.sleep(600)

def home():
    print(os.environ["HOME"], os.getcwd(), sorted(os.listdir(".")), os.environ.get("FLYTECTL_CONFIG"), sys.argv[0])
    return integer(1)

def crash():
    raise RuntimeError("no luck")

def spawn():
    subprocess.Popen(["sleep", "600"])
    return integer(1)

def at_exit():
    import atexit
    atexit.register(lambda: print("at exit"))
    threading.Thread(target=lambda: (time.sleep(0.05), print("thread done"))).start()
    return integer(1)

def daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.chdir("/")
            for each in range(0, 64):
                try: os.close(each)
                except OSError: pass
            time.sleep(600)
        os._exit(0)
    os.wait()
    return integer(1)
"""


def make_bundle(path: Path, files: dict[str, str] | None = None) -> str:
    """A tar.gz with the stand-in entry point, the tasks and further files; returns its URI."""
    contents = {
        "stand_in.py": ENTRY,
        "tasks.py": TASKS,
        "stand_in-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: stand-in\nVersion: 1\n",
        "stand_in-1.dist-info/entry_points.txt": "[console_scripts]\nalula-execute = stand_in:main\n",
        **(files or {}),
    }
    with tarfile.open(path, "w:gz") as tar:
        for name, text in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return str(path)


def task_command(bundle_uri: str, name: str, *, module: str = "tasks") -> tuple[str, ...]:
    """The command line of an Alula task."""
    return (
        *("alula-execute", "--inputs", "{{.input}}", "--output-prefix", "{{.outputPrefix}}"),
        *("--code", bundle_uri, "--", "task-module", module, "task-name", name),
    )
