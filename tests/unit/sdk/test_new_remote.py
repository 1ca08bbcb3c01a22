"""Files and folders that a task writes where they are stored, by flytekit's names."""

from __future__ import annotations

import os

import pandas as pd
import pytest

from alula import FlyteDirectory, FlyteFile, ImageSpec, Resources, StructuredDataset, task
from alula.configuration import Config, PlatformConfig
from alula.core.errors import InvalidInput
from alula.sdk.client.flyte_config import endpoint_of
from alula.sdk.task_context.context import make_context, running


@task
def write_file() -> FlyteFile:
    file = FlyteFile.new_remote_file("a.txt")
    with file.open("w") as out:
        out.write("one")
    with file.open("a") as out:
        out.write(" two")
    return file


@task
def write_folder() -> FlyteDirectory:
    folder = FlyteDirectory.new_remote("many")
    with folder.new_dir("b").new_file("c.txt").open("w") as out:
        out.write("deep")
    with open(os.path.join(folder.path, "d.txt"), "w") as out:
        out.write("flat")
    return folder


def test_a_new_file_is_written_in_its_place():
    with write_file().open() as file:
        assert file.read() == "one two"


def test_a_new_folder_is_written_in_its_place():
    assert [name for _, name in write_folder().crawl()] == ["d.txt", "b/c.txt"]


def context_at(prefix: str, folder: str):
    return running(
        make_context(
            execution_id=("p", "d", "e"),
            task_id=("p", "d", "t", "v"),
            attempt=0,
            working_directory=folder,
            raw_output_prefix=prefix,
        )
    )


def test_their_places_are_below_that_of_outputs(tmp_path):
    with context_at("s3://one/raw/", str(tmp_path)):
        file, folder = FlyteFile.new_remote_file("a.txt"), FlyteDirectory.new_remote(alt="two")
        again = FlyteFile.new_remote_file("a.txt")
    assert file.path.startswith("s3://one/raw/") and file.path.endswith("/a.txt") and file.path != again.path
    assert folder.path.startswith("s3://two/raw/")
    assert folder.new_file("b").path == f"{folder.path}/b"
    assert os.listdir(tmp_path) == []


def test_folders_have_no_buckets(tmp_path):
    with context_at(str(tmp_path), str(tmp_path)), pytest.raises(InvalidInput, match=r"`alt` is 'two'.*leave it out"):
        FlyteFile.new_remote_file(alt="two")


def test_an_extension_is_that_of_the_path():
    assert (FlyteFile("a/b.csv").extension(), FlyteFile("a.b/c").extension()) == ("csv", "")


def test_resources_are_dicts_and_back():
    assert Resources(cpu=1).to_dict() == {"cpu": 1, "mem": None, "gpu": None, "ephemeral_storage": None}
    assert Resources.from_dict(Resources(cpu=1, mem=("1Gi", "2Gi")).to_dict()) == Resources(1, ("1Gi", "2Gi"))


def test_a_frame_is_read_as_it_is_or_as_it_was_opened(tmp_path):
    frame = pd.DataFrame({"a": [1]})
    assert StructuredDataset(frame).all() is frame
    assert list(StructuredDataset(frame).iter()) == [frame]
    frame.to_parquet(tmp_path / "0.parquet")
    stored = StructuredDataset(uri=str(tmp_path))
    with pytest.raises(InvalidInput, match=r"open\(pandas.DataFrame\)") as caught:
        stored.all()
    assert caught.value.code == "NotOpened"
    stored.open(pd.DataFrame)
    assert stored.all().equals(frame)


def test_an_image_has_the_packages_of_this_process():
    image = ImageSpec.from_env(pinned_packages=["pandas"], packages=["a"], name="mine")
    assert (image.packages, image.name) == (["a", f"pandas=={pd.__version__}"], "mine")
    assert image.with_runtime_packages("b").runtime_packages == ["b"]
    assert image.id == image.digest
    for wrong in ({"pinned_packages": ["no-such-package"]}, {"python_version": "3.9"}):
        with pytest.raises(InvalidInput, match=r"ImageSpec|installed"):
            ImageSpec.from_env(**wrong)


def test_a_platform_may_have_a_certificate_of_its_own():
    config = Config(PlatformConfig("host:443", ca_cert_file_path="/a/ca.pem"))
    assert endpoint_of(config).ca_certificate == "/a/ca.pem"
