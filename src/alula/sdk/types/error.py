"""`FlyteError`: what a failure handler is told. Loads no protobuf; the wire form is `error_literals`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FlyteError:
    """Why a workflow failed. The failure handler of the workflow gets it as `err`.

    ```python
    @task
    def clean_up(cluster: str, err: FlyteError | None = None) -> None:
        print(f"{cluster} goes away: {err.message if err else 'all went well'}")
    ```
    """

    message: str
    failed_node_id: str
    """Where the failure began."""
