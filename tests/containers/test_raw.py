"""Raw containers beside their contract: objects that are elsewhere."""

from __future__ import annotations

import pytest
from flyteidl.core import literals_pb2
from tests.attempts.raw import blob, blob_type, raw
from tests.attempts.specs import elsewhere
from tests.containers.boxes import Boxes
from tests.objects.memory import MemoryBlobs

pytestmark = pytest.mark.anyio


async def test_objects_elsewhere_are_brought_and_taken_back(boxes: Boxes) -> None:
    objects = MemoryBlobs("mem://store")
    for name in ("file", "folder/a", "folder/deep/b"):
        await objects.put(f"mem://store/data/p/d/{name}", name.encode())
    inputs = {
        "file": blob("mem://store/data/p/d/file"),
        "folder": blob("mem://store/data/p/d/folder", is_folder=True),
    }
    does = "cat /in/file /in/folder/deep/b; cp -r /in/folder /out/folder"
    spec = elsewhere(
        raw(boxes.script("n0", ""), does, inputs=inputs, folder=blob_type(is_folder=True)), boxes.folder, objects
    )
    async with boxes.elsewhere(objects) as life:
        end = await life.run(spec)
        assert end.phase == "SUCCEEDED", end.error
    found = literals_pb2.LiteralMap.FromString(end.outputs or b"").literals["folder"].scalar.blob.uri
    assert await objects.get(f"{found}/deep/b") == b"folder/deep/b"
    assert await objects.get(f"{spec.output_prefix}/log.txt") == b"filefolder/deep/b"
