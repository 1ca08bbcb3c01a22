"""Export and import of runs as HTTP. The file is streamed both ways; decides nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from alula.core.policy.run_file import MEDIA
from alula.server.api.answers import ImportAnswer
from alula.server.api.http_calls import call_of
from alula.server.api.own import PREFIX, json_answer
from alula.server.api.parameters import execution_of, place_of, word
from alula.server.services.moving.export import Export, export_run
from alula.server.services.moving.importing import import_run
from alula.server.services.platform import Platform


def moving_routes(platform: Platform) -> list[Route]:
    """The routes of one platform."""

    async def export(request: Request) -> Response:
        id, with_data = execution_of(request), word(request, "data", "1") not in ("0", "false")
        found = await export_run(platform, call_of(request).caller, id, with_data=with_data)
        headers = {
            "Alula-Export-Bytes": str(found.size),
            "Content-Disposition": f'attachment; filename="{id.name}.alula.zip"',
        }
        return StreamingResponse(_closing(found), media_type=MEDIA, headers=headers)

    async def import_(request: Request) -> Response:
        place = place_of(request)
        imported = await import_run(platform, call_of(request).caller, place, request.stream())
        return json_answer(ImportAnswer(*imported.id, is_new=imported.is_new))

    return [
        Route(f"{PREFIX}/export/{{project}}/{{domain}}/{{name}}", export),
        Route(f"{PREFIX}/import/{{project}}/{{domain}}", import_, methods=["POST"]),
    ]


async def _closing(export: Export) -> AsyncIterator[bytes]:
    try:
        async for piece in export.pieces():
            yield piece
    finally:
        export.close()
