"""Parameters of Alula's own routes: parts of the path, and what stands in the query."""

from __future__ import annotations

from starlette.requests import Request

from alula.core.errors import InvalidInput
from alula.core.ids import AttemptId, ExecutionId, Place


def execution_of(request: Request) -> ExecutionId:
    """The run that the path names."""
    return ExecutionId(*place_of(request), request.path_params["name"])


def attempt_of(request: Request) -> AttemptId:
    """The attempt that the path names, with the item in the query."""
    number = whole_of("attempt", request.path_params["attempt"])
    return AttemptId(execution_of(request), request.path_params["node_id"], number, whole(request, "index", -1))


def place_of(request: Request) -> Place:
    return Place(request.path_params["project"], request.path_params["domain"])


def whole(request: Request, name: str, default: int) -> int:
    """A whole number in the query. Raises `InvalidInput` code `InvalidParameter`."""
    text = request.query_params.get(name)
    return default if text is None else whole_of(name, text)


def whole_of(name: str, text: str) -> int:
    """A parameter's text as a whole number that a database can hold. Raises as `whole`."""
    try:
        number = int(text)
    except ValueError:
        raise InvalidInput("InvalidParameter", f"`{name}` must be a whole number, not `{text}`") from None
    if abs(number) >= 2**63:
        raise InvalidInput("InvalidParameter", f"`{name}` is too large a number")
    return number


def word(request: Request, name: str, default: str = "") -> str:
    return request.query_params.get(name, default)


def flag(request: Request, name: str) -> bool:
    return word(request, name) in ("1", "true")
