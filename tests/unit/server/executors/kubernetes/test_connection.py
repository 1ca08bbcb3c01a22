"""The settings that name a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from alula.core.errors import FailedPrecondition
from alula.server.executors.kubernetes.connection import connect
from alula.server.executors.kubernetes.options import KubernetesOptions


@pytest.mark.parametrize("content", ["", "- a list", "just words", "clusters: 7", "{"])
def test_a_kubeconfig_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(content)
    with pytest.raises(FailedPrecondition) as raised:
        connect(KubernetesOptions(kubeconfig=str(path)))
    assert raised.value.code == "ClusterNotConfigured"
