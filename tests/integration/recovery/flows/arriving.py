"""Workflows that run for each file that is uploaded to a folder of their project, and for each object of a bucket."""

import os

from alula import FlyteFile, LaunchPlan, OnObject, task, workflow


@task
def size(file: FlyteFile) -> int:
    with open(file.download()) as opened:
        return len(opened.read())


@task
def name(uri: str) -> str:
    return uri.rpartition("/")[2]


@workflow
def load(file: FlyteFile) -> int:
    return size(file=file)


@workflow
def tell(uri: str) -> str:
    return name(uri=uri)


loaded = LaunchPlan.create(
    "loaded", load, trigger=OnObject("inbox/", pattern="*.csv", inputs={"file": "object.uri"}), auto_activate=True
)
if "BUCKET" in os.environ:
    told = LaunchPlan.create(
        "told",
        tell,
        trigger=OnObject(os.environ["BUCKET"], pattern="*.csv", inputs={"uri": "object.uri"}),
        auto_activate=True,
    )
