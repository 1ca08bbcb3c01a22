"""`FlyteError`: the failure that a handler is told of. Loads no protobuf; the wire form is `error_literals`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FlyteError:
    """The failure of a workflow. The workflow's failure handler gets it as `err`.

    ```python
    @task
    def clean_up(cluster: str, err: FlyteError | None = None) -> None:
        print(f"{cluster} goes away: {err.message if err else 'all went well'}")
    ```
    """

    message: str
    failed_node_id: str
    """The id of the node in which the failure began."""
