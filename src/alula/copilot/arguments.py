"""The command line of `alula-copilot`. The other side of it is the pod that the Kubernetes executor builds."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple


class Arguments(NamedTuple):
    """The command line, parsed."""

    does: str
    """`download` or `upload`."""
    folder: str
    task: str
    """URI of the task's template."""
    inputs: str
    output_prefix: str
    raw_output_prefix: str


def parse(argv: Sequence[str]) -> Arguments:
    """Raises `SystemExit` for a command line that can't be read."""
    parser = argparse.ArgumentParser("alula-copilot", description="The files of a raw container in a pod.")
    commands = parser.add_subparsers(dest="does", required=True)
    download = commands.add_parser("download", help="write the inputs of a task as files")
    download.add_argument("--to", required=True, dest="folder")
    download.add_argument("--task", required=True)
    download.add_argument("--inputs", required=True)
    upload = commands.add_parser("upload", help="read the outputs of a task from files")
    upload.add_argument("--from", required=True, dest="folder")
    upload.add_argument("--task", required=True)
    upload.add_argument("--output-prefix", required=True)
    upload.add_argument("--raw-output-data-prefix", required=True, dest="raw_output_prefix")
    parser.set_defaults(inputs="", output_prefix="", raw_output_prefix="")
    found = parser.parse_args(argv)
    return Arguments(*(getattr(found, name) for name in Arguments._fields))
