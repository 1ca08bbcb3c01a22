"""What a task of the fuzzer does: leaves what its number says in the place of its results, and ends in some way.

Run as `leave.py SEED NUMBER OUTPUT_PREFIX`.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[2]))

from flyteidl.core import dynamic_job_pb2, errors_pb2, literals_pb2
from tests.hostile import HOSTILE

NAMES = ["outputs.pb", "error.pb", "futures.pb", "deck.html", "log.txt", "exit.json", "inputs.pb"]
ODD_NAMES = ["\udcff\udcfe", "new\nline", "x" * 255, ".outputs.pb.1", "outputs.pb ", "OUTPUTS.PB"]

STUCK_S = 10
"""How long it may stand in its own way, as by writing to a pipe that it has left before: nobody reads it."""


def main() -> None:
    seed, number, prefix = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    random = Random(f"{seed}/leftovers/{number}")
    print(f"case {number}", flush=True)
    signal.alarm(STUCK_S)
    for _ in range(random.randint(0, 3)):
        act: Callable[[Random, Path], None] = random.choice(ACTS)
        try:
            act(random, prefix)
        except (OSError, ValueError) as error:  # two acts may be in each other's way
            print(error)
    end(random)


def end(random: Random) -> None:
    how = random.random()
    if how < 0.2:
        sys.exit(random.choice([1, 2, 77, 126, 137, 255]))
    if how < 0.3:
        os.kill(os.getpid(), random.choice([signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGABRT]))


def hostile(random: Random, prefix: Path) -> None:
    path = prefix / random.choice(NAMES)
    if path.name == "log.txt":
        path.unlink()
    HOSTILE[random.choice(list(HOSTILE))](path)


def message(random: Random, prefix: Path) -> None:
    """A good result, a broken one, or another's under this name."""
    data = bytearray(random.choice([outputs, error, futures])(random))
    for _ in range(random.choice([0, 0, 1, 3])):
        if data:
            data[random.randrange(len(data))] = random.randrange(256)
    if random.random() < 0.2:
        data = data[: random.randint(0, len(data))]
    (prefix / random.choice(NAMES[:3])).write_bytes(data)


def outputs(random: Random) -> bytes:
    literal = literals_pb2.Literal()
    primitive = literal.scalar.primitive
    match random.randrange(9):
        case 0:
            primitive.string_value = "\0" * random.choice([1, 300_000])
        case 1:
            primitive.datetime.seconds = random.choice([2**62, 253_402_300_800, -(2**63)])
        case 2:
            primitive.duration.nanos = -(2**31)
        case 3:
            literal.scalar.binary.tag = "msgpack"
            literal.scalar.binary.value = random.choice([b"\xc1", b"\x91" * 5000, b"\x81\xc4\x01a\x01", b"\xa1\xff"])
        case 4:
            for _ in range(random.choice([10, 30, 60])):
                outer = literals_pb2.Literal()
                outer.collection.literals.append(literal)
                literal = outer
        case 5:
            literal.offloaded_metadata.uri = random.choice(["/etc/passwd", "/dev/zero", "s3://b/c", "\n"])
        case 6:
            literal.hash = "x" * 100_000
        case _:
            primitive.integer = random.choice([7, -(2**63)])
    names = random.choice([["o0"], ["o0"], ["o0"], [], ["o1"], ["o0", "o1"], ["é" * 5000]])
    return literals_pb2.LiteralMap(literals=dict.fromkeys(names, literal)).SerializeToString()


def error(random: Random) -> bytes:
    return errors_pb2.ErrorDocument(
        error=errors_pb2.ContainerError(
            code=random.choice(["", "USER:X", "SYSTEM", "x" * 2_000_000, "a\0b\n"]),
            message=random.choice(["", "no", "é" * 5_000_000, "\0\r\n\x1b[31m"]),
            kind=random.choice([errors_pb2.ContainerError.NON_RECOVERABLE, errors_pb2.ContainerError.RECOVERABLE]),
        )
    ).SerializeToString()


def futures(random: Random) -> bytes:
    job = dynamic_job_pb2.DynamicJobSpec(min_successes=random.choice([0, -(2**62)]))
    for id in random.choice([[], ["n0"], ["n0", "n0"], [""], ["é"]]):
        job.nodes.add(id=id, task_node={"reference_id": {"name": "nothing"}})
    return job.SerializeToString()


def noise(random: Random, prefix: Path) -> None:
    os.write(random.choice([1, 2]), random.randbytes(random.choice([1, 5000, 300_000])))


def names(random: Random, prefix: Path) -> None:
    os.close(os.open(os.fsencode(prefix) + b"/" + os.fsencode(random.choice(ODD_NAMES)), os.O_CREAT, 0o000))


def modes(random: Random, prefix: Path) -> None:
    (prefix / random.choice(NAMES)).touch()
    for path in (*prefix.iterdir(), prefix):
        if random.random() < 0.5 and not path.is_symlink():
            path.chmod(random.choice([0o000, 0o111, 0o222, 0o777]))


def times(random: Random, prefix: Path) -> None:
    path = prefix / random.choice(NAMES[:3])
    path.touch()
    os.utime(path, (0, random.choice([-(10**9), 0, 10**10])))


def no_prefix(random: Random, prefix: Path) -> None:
    shutil.rmtree(prefix)
    if random.random() < 0.7:
        HOSTILE[random.choice(list(HOSTILE))](prefix)
    elif random.random() < 0.5:
        prefix.symlink_to("/proc/sys")  # where not even root makes or changes a file


def beside(random: Random, prefix: Path) -> None:
    """In the place of the next attempt, or over the inputs of all."""
    path = prefix.parent / random.choice(["1", "inputs.pb"])
    path.unlink(missing_ok=True)
    HOSTILE[random.choice(list(HOSTILE))](path)


def record(random: Random, prefix: Path) -> None:
    text = random.choice(['{"ended_at": 9223372036854775807}', '{"code": -1e999}', "[" * 9000, "null", '{"code":0}'])
    (prefix / "exit.json").write_text(text)


ACTS = [*[hostile] * 4, *[message] * 5, noise, names, modes, times, no_prefix, beside, record]

if __name__ == "__main__":
    main()
