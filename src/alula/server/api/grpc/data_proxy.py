"""DataProxyService: signed uploads and downloads."""

from __future__ import annotations

from flyteidl.core import literals_pb2
from flyteidl.service import dataproxy_pb2

from alula.core.errors import InvalidInput
from alula.server.api.calls import Call
from alula.server.blob import SignedUrl
from alula.server.services import data_proxy
from alula.server.services.messages.times import timestamp
from alula.server.services.platform import Platform


class DataProxy:
    """A method per RPC."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def create_upload_location(
        self, request: dataproxy_pb2.CreateUploadLocationRequest, call: Call
    ) -> dataproxy_pb2.CreateUploadLocationResponse:
        upload = await data_proxy.create_upload(
            self._platform,
            call.caller,
            project=request.project,
            domain=request.domain,
            filename=request.filename,
            filename_root=request.filename_root,
            content_md5=request.content_md5,
            ttl=request.expires_in if request.HasField("expires_in") else None,
        )
        return dataproxy_pb2.CreateUploadLocationResponse(
            signed_url=upload.signed.url,
            native_url=upload.native_url,
            expires_at=timestamp(upload.signed.expires_at),
            headers=upload.signed.headers,
        )

    async def create_download_location(
        self, request: dataproxy_pb2.CreateDownloadLocationRequest, call: Call
    ) -> dataproxy_pb2.CreateDownloadLocationResponse:
        signed = await data_proxy.create_download(
            self._platform,
            call.caller,
            request.native_url,
            ttl=request.expires_in if request.HasField("expires_in") else None,
        )
        return dataproxy_pb2.CreateDownloadLocationResponse(
            signed_url=signed.url, expires_at=timestamp(signed.expires_at)
        )

    async def create_download_link(
        self, request: dataproxy_pb2.CreateDownloadLinkRequest, call: Call
    ) -> dataproxy_pb2.CreateDownloadLinkResponse:
        if request.artifact_type != dataproxy_pb2.ARTIFACT_TYPE_DECK:
            raise InvalidInput("UnknownArtifactType", "only links to decks can be made")
        signed = await data_proxy.create_deck_link(
            self._platform,
            call.caller,
            request.node_execution_id,
            ttl=request.expires_in if request.HasField("expires_in") else None,
        )
        return dataproxy_pb2.CreateDownloadLinkResponse(
            signed_url=[signed.url],
            expires_at=timestamp(signed.expires_at),
            pre_signed_urls=_pre_signed(signed),
        )

    async def get_data(self, request: dataproxy_pb2.GetDataRequest, call: Call) -> dataproxy_pb2.GetDataResponse:
        data = await data_proxy.get_data(self._platform, call.caller, request.flyte_url)
        match data:
            case SignedUrl():
                return dataproxy_pb2.GetDataResponse(pre_signed_urls=_pre_signed(data))
            case literals_pb2.Literal():
                return dataproxy_pb2.GetDataResponse(literal=data)
            case _:
                return dataproxy_pb2.GetDataResponse(literal_map=data)


def _pre_signed(signed: SignedUrl) -> dataproxy_pb2.PreSignedURLs:
    return dataproxy_pb2.PreSignedURLs(signed_url=[signed.url], expires_at=timestamp(signed.expires_at))
