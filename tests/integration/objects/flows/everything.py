"""A pipeline that moves data of every kind from task to task."""

import pandas as pd

from alula import Deck, FlyteDirectory, FlyteFile, RecoverableError, current_context, dynamic, map_task, task, workflow


@task(cache=True, cache_version="1")
def numbers(n: int) -> list[int]:
    print(f"{n} numbers")
    return list(range(n))


@task
def double(x: int) -> int:
    return 2 * x


@task
def total(xs: list[int]) -> int:
    return sum(xs)


@task(enable_deck=True)
def write(n: int) -> FlyteFile:
    Deck("Report").append("<b>written</b>")
    path = FlyteFile.new("some text.txt")
    with open(path, "w") as file:
        file.write("x" * n)
    return path


@task
def split(text: FlyteFile) -> FlyteDirectory:
    folder = FlyteDirectory.new("parts")
    with text.open() as file:
        for number in range(3):
            with open(folder.new_file(str(number)), "w") as part:
                part.write(file.read(10))
    return folder


@task
def frame(parts: FlyteDirectory) -> pd.DataFrame:
    files = [file for file in parts.listdir() if isinstance(file, FlyteFile)]
    texts = []
    for file in files:
        with file.open() as text:
            texts.append(text.read())
    return pd.DataFrame({"name": [str(file) for file in files], "size": list(map(len, texts))})


@task
def rows(table: pd.DataFrame) -> int:
    return int(table["size"].sum())


@task(retries=1)
def goes_on() -> str:
    checkpoint = current_context().checkpoint
    before = checkpoint.read()
    if before is None:
        checkpoint.write(b"half")
        raise RecoverableError("once more")
    return before.decode()


@task
def large(n: int) -> str:
    return "y" * n


@task
def length(text: str) -> int:
    return len(text)


@dynamic
def grown(n: int) -> int:
    return total(xs=numbers(n=n))


@workflow
def everything(n: int = 5) -> tuple[int, int, str, int, int]:
    return (
        total(xs=map_task(double)(x=numbers(n=n))),
        rows(table=frame(parts=split(text=write(n=100)))),
        goes_on(),
        length(text=large(n=200_000)),
        grown(n=3),
    )


@workflow
def fan_out(n: int = 1000) -> int:
    return total(xs=map_task(double)(x=numbers(n=n)))


@workflow
def values(n: int = 3) -> list[str]:
    return map_task(large)(n=sizes(n=n))


@task
def sizes(n: int) -> list[int]:
    return [100_000 + each for each in range(n)]
