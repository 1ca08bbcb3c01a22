"""Files, folders and data frames, as flytekit's documentation shows them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from flytekit import HashMethod, StructuredDataset, current_context, kwtypes, task, workflow
from flytekit.extras.tasks.shell import OutputLocation, ShellTask
from flytekit.types.directory import FlyteDirectory
from flytekit.types.file import CSVFile, FlyteFile
from flytekit.types.iterator import JSON
from flytekit.types.schema import FlyteSchema


@task
def written(text: str) -> FlyteFile:
    path = os.path.join(current_context().working_directory, "text.txt")
    Path(path).write_text(text)
    return FlyteFile(path)


@task
def content(file: FlyteFile) -> str:
    with open(file) as opened:
        return opened.read()


@workflow
def wf_file(text: str = "hello") -> str:
    return content(file=written(text=text))


@task
def many(n: int) -> FlyteDirectory:
    folder = Path(current_context().working_directory) / "many"
    folder.mkdir(exist_ok=True)
    for i in range(n):
        (folder / f"{i}.txt").write_text(str(i))
    return FlyteDirectory(str(folder))


@task
def gathered(folder: FlyteDirectory) -> list[str]:
    return sorted(Path(folder, name).read_text() for name in os.listdir(folder))


@workflow
def wf_folder(n: int = 3) -> list[str]:
    return gathered(folder=many(n=n))


@task
def as_csv(frame: pd.DataFrame) -> CSVFile:
    path = os.path.join(current_context().working_directory, "rows.csv")
    frame.to_csv(path, index=False)
    return CSVFile(path)


@task
def lines(file: CSVFile) -> int:
    with open(file) as opened:
        return len(opened.readlines())


@task
def frame(n: int) -> pd.DataFrame:
    return pd.DataFrame({"a": list(range(n)), "b": ["x"] * n})


@workflow
def wf_csv(n: int = 3) -> int:
    return lines(file=as_csv(frame=frame(n=n)))


@task
def doubled(rows: StructuredDataset) -> Annotated[StructuredDataset, kwtypes(a=int)]:
    read = rows.open(pd.DataFrame).all()
    return StructuredDataset(dataframe=pd.concat([read, read]))


@task
def summed(rows: pd.DataFrame) -> int:
    return int(rows["a"].sum())


@workflow
def wf_dataset(n: int = 4) -> int:
    return summed(rows=doubled(rows=frame(n=n)))


@task
def schema() -> FlyteSchema[kwtypes(a=int)]:
    made = FlyteSchema()
    made.open().write(pd.DataFrame({"a": [1, 2, 3]}))
    return made


@task
def longest(rows: FlyteSchema[kwtypes(a=int)]) -> int:
    return int(rows.open().all()["a"].max())


@workflow
def wf_schema() -> int:
    return longest(rows=schema())


@task
def array(n: int) -> np.ndarray:
    return np.arange(n)


@task
def mean(values: np.ndarray) -> float:
    return float(values.mean())


@workflow
def wf_array(n: int = 5) -> float:
    return mean(values=array(n=n))


@task
def streamed(n: int) -> Iterator[JSON]:
    for i in range(n):
        yield {"i": i, "square": i * i}


@task
def last(rows: Iterator[JSON]) -> int:
    return [row["square"] for row in rows][-1]


@workflow
def wf_json_lines(n: int = 4) -> int:
    return last(rows=streamed(n=n))


class Plain:
    def __init__(self, n: int) -> None:
        self.n = n


@task(pickle_untyped=True)
def plain(n: int) -> Plain:
    return Plain(n)


@task(pickle_untyped=True)
def unwrapped(value: Plain) -> int:
    return value.n


@workflow
def wf_pickle(n: int = 9) -> int:
    return unwrapped(value=plain(n=n))


count = ShellTask(
    name="count",
    script="wc -c < {inputs.file} | tr -d ' ' > {outputs.size}",
    inputs=kwtypes(file=FlyteFile),
    output_locs=[OutputLocation(var="size", var_type=FlyteFile, location="size.txt")],
)


@workflow
def wf_shell(text: str = "four") -> str:
    return content(file=count(file=written(text=text)))


def _digest(value: str) -> str:
    return value[:1]


@task
def hashed() -> Annotated[str, HashMethod(_digest)]:
    return "hashed"


@task
def upper(text: str) -> tuple[str, int]:
    return text.upper(), len(text)


@workflow
def wf_hash() -> tuple[str, int]:
    text, length = upper(text=hashed())
    return text, length
