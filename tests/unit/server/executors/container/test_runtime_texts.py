"""What a runtime says in words: why an image does not come, why a container does not start, how far a pull is."""

from __future__ import annotations

import msgspec
import pytest

from alula.server.executors.container.engine import Refused
from alula.server.executors.container.following import Frames
from alula.server.executors.container.images import Line, Pull, reference
from alula.server.executors.container.refusals import failure_of_pull, failure_of_start


@pytest.mark.parametrize(
    ("said", "code", "kind", "passes"),
    [
        # Docker
        ("manifest for busybox:nope not found: manifest unknown: manifest unknown", "ImageNotFound", "USER", False),
        (
            "pull access denied for a/b, repository does not exist or may require 'docker login': denied: requested "
            "access to the resource is denied",
            "ImageAccessDenied",
            "USER",
            False,
        ),
        ("unauthorized: authentication required", "ImageAccessDenied", "USER", False),
        ("no matching manifest for linux/amd64 in the manifest list entries", "ImageWrongArchitecture", "USER", False),
        ("invalid reference format: repository name must be lowercase", "InvalidImageName", "USER", False),
        ('Get "https://a.test/v2/": dial tcp: lookup a.test: no such host', "ImagePullFailed", "SYSTEM", True),
        ("toomanyrequests: too many requests", "ImagePullFailed", "SYSTEM", True),
        # Podman
        ("reading manifest 9 in docker.io/library/busybox: manifest unknown", "ImageNotFound", "USER", False),
        (
            "no image found in image index for architecture a",
            "ImageWrongArchitecture",
            "USER",
            False,
        ),
        ("pinging container registry localhost: connection refused", "ImagePullFailed", "SYSTEM", True),
        ("something new", "ImagePullFailed", "SYSTEM", True),
    ],
)
def test_an_image_that_does_not_come_says_why(said: str, code: str, kind: str, passes: bool) -> None:
    failure = failure_of_pull("a/b:1", said)
    assert (failure.code, failure.kind, failure.recoverable) == (code, kind, passes)
    assert "a/b:1" in failure.message
    assert said in failure.message


@pytest.mark.parametrize(
    ("refused", "code", "passes"),
    [
        (Refused(400, 'exec: "etl": executable file not found in $PATH'), "CommandNotFound", False),
        (Refused(500, "runc create failed: exec: /etl: permission denied"), "CommandNotFound", False),
        (Refused(500, "exec /etl: exec format error"), "ImageWrongArchitecture", False),
        (Refused(400, "invalid CPU limit"), "ContainerRefused", False),
        (Refused(500, "no space left on device"), "ContainerNotStarted", True),
    ],
)
def test_a_container_that_does_not_start_says_why(refused: Refused, code: str, passes: bool) -> None:
    failure = failure_of_start("a/b:1", refused)
    assert (failure.code, failure.recoverable) == (code, passes)
    assert refused.message in failure.message


def test_a_pull_tells_how_far_it_is() -> None:
    pull = Pull("a:1")
    assert str(pull) == "pulls image a:1"
    for line in (
        '{"status": "Pulling from library/a", "id": "1"}',
        '{"status": "Already exists", "progressDetail": {}, "id": "l1"}',
        '{"status": "Downloading", "progressDetail": {"current": 1048576, "total": 4194304}, "id": "l2"}',
    ):
        pull.add(msgspec.json.decode(line, type=Line))
    assert str(pull) == "pulls image a:1: 1 of 3 layers, 1 MiB of 4 MiB"


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("busybox", ("busybox", "latest")),
        ("a/b:1", ("a/b", "1")),
        ("host:5000/a/b", ("host:5000/a/b", "latest")),
        ("host:5000/a/b:2", ("host:5000/a/b", "2")),
        ("a/b@sha256:0f", ("a/b", "sha256:0f")),
        ("a/b:1@sha256:0f", ("a/b", "sha256:0f")),
    ],
)
def test_an_image_is_pulled_by_one_tag_or_digest(image: str, parts: tuple[str, str]) -> None:
    assert reference(image) == parts


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 1000])
def test_output_is_the_same_however_its_frames_are_cut(size: int) -> None:
    written = [(1, b"one\n"), (2, b""), (1, b"x" * 300), (2, b"err\n")]
    data = b"".join(bytes((stream, 0, 0, 0)) + len(text).to_bytes(4, "big") + text for stream, text in written)
    frames = Frames()
    pieces = [piece for at in range(0, len(data), size) for piece in frames.pieces(data[at : at + size])]
    assert pieces == [text for _, text in written]
