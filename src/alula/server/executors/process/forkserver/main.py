"""The script that the platform starts: `PYTHON main.py FD` serves on a socket, `PYTHON main.py --once ENTRY ARGUMENTS`
runs one entry point in a fresh process.

Leaves `sys.path` and `sys.modules` as if it had never been there: what comes after is the task's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

PACKAGE = "forkserver"
BIND_NOW = "LD_BIND_NOW"
"""With this the platform has the interpreter linked as a whole at its start, not bit by bit in each fork."""


def main(arguments: Sequence[str]) -> None:
    os.environ.pop(BIND_NOW, None)
    own_folder = os.path.dirname(os.path.abspath(__file__))
    if sys.path and sys.path[0] == own_folder:  # not so where it was started in isolation
        del sys.path[0]
    sys.path.insert(0, os.path.dirname(own_folder))
    try:
        module = import_module(f"{PACKAGE}.{'entry' if arguments[0] == '--once' else 'serving'}")
    finally:
        del sys.path[0]
        for name in [each for each in sys.modules if each.partition(".")[0] == PACKAGE]:
            del sys.modules[name]
    if arguments[0] == "--once":
        module.run_once(arguments[1], arguments[2:])
    else:
        module.serve(int(arguments[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
