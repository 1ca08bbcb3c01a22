"""The ways to the three kinds of object stores: the client of the library for each, and what tasks get of it.

What the settings leave open, the library takes from the environment and from the machine: variables of the cloud's own
tools, roles of instances, pods and functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from alula.server.blobs.options import ObjectOptions

if TYPE_CHECKING:
    from obstore.store import AzureStore, ClientConfig, GCSStore, RetryConfig, S3Store

    Store: TypeAlias = S3Store | GCSStore | AzureStore

CONNECT_S = 10.0
PUT_HEADERS: Mapping[str, tuple[dict[str, str], dict[str, str]]] = {
    "s3": ({}, {"If-None-Match": "*"}),
    "gs": ({}, {"x-goog-if-generation-match": "0"}),
    "az": ({"x-ms-blob-type": "BlockBlob"}, {"If-None-Match": "*"}),
}
"""Headers of an upload by a signed URL: of each, and of one that replaces nothing."""
FOLDER_MARK = ".alula-folder"
"""The name of the empty object that keeps a folder without files."""
_OF_THE_CLOUD = {"s3": ("AWS_",), "gs": ("GOOGLE_", "STORAGE_EMULATOR_HOST"), "az": ("AZURE_",)}
"""Prefixes of the variables by which programs find a store."""


def make_store(options: ObjectOptions, *, retry_s: float | None = None) -> Store:
    """A client of the store; it connects when it is used."""
    from obstore.store import AzureStore, GCSStore, S3Store  # lazy: a platform on a folder needs none

    client: ClientConfig = {
        "allow_http": options.endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=CONNECT_S),
        "read_timeout": timedelta(seconds=options.timeout_s),
        "timeout": timedelta(days=1),  # of a whole transfer, which may be large
    }
    retry: RetryConfig = {
        "max_retries": 1000,  # the time is what limits them
        "retry_timeout": timedelta(seconds=retry_s or options.retry_s),
        "backoff": {"init_backoff": timedelta(seconds=0.1), "max_backoff": timedelta(seconds=5), "base": 2},
    }
    config = {name: value for name, value in _config(options).items() if value}
    kind = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}[options.scheme]
    return kind(options.bucket, config=config, client_options=client, retry_config=retry)  # pyright: ignore[reportArgumentType]


def _config(options: ObjectOptions) -> dict[str, str]:
    match options.scheme:
        case "s3":
            return {
                "access_key_id": options.access_key,
                "secret_access_key": options.secret_key,
                "session_token": options.session_token,
                "region": options.region,
                "endpoint": options.endpoint,
                "server_side_encryption": options.encryption,
                "sse_kms_key_id": options.kms_key,
            }
        case "gs":
            return {"service_account_key": options.secret_key, "base_url": options.endpoint}
        case _:
            return {
                "account_name": options.access_key,
                "account_key": options.secret_key,
                "endpoint": options.endpoint,
            }


def variables_for_tasks(options: ObjectOptions, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables by which a task reaches the store as the platform does: those of the cloud's tools, which Alula,
    flytekit and the libraries of data frames read. Empty if tasks have credentials of their own."""
    if not options.url or not options.hand_on:
        return {}
    kept = {name: value for name, value in environment.items() if name.startswith(_OF_THE_CLOUD[options.scheme])}
    given = {name: value for name, value in _variables(options).items() if value}
    return {**kept, **given}


def _variables(options: ObjectOptions) -> dict[str, str]:
    match options.scheme:
        case "s3":
            return {
                "AWS_ACCESS_KEY_ID": options.access_key,
                "AWS_SECRET_ACCESS_KEY": options.secret_key,
                "AWS_SESSION_TOKEN": options.session_token,
                "AWS_REGION": options.region,
                "AWS_DEFAULT_REGION": options.region,
                "AWS_ENDPOINT_URL": options.endpoint,
                "AWS_SERVER_SIDE_ENCRYPTION": options.encryption,
                "AWS_SSE_KMS_KEY_ID": options.kms_key,
                "FLYTE_AWS_ENDPOINT": options.endpoint,
                "FLYTE_AWS_ACCESS_KEY_ID": options.access_key,
                "FLYTE_AWS_SECRET_ACCESS_KEY": options.secret_key,
            }
        case "gs":
            return {
                "GOOGLE_SERVICE_ACCOUNT_KEY": options.secret_key,
                "GOOGLE_BASE_URL": options.endpoint,
                "STORAGE_EMULATOR_HOST": options.endpoint,
            }
        case _:
            return {
                "AZURE_STORAGE_ACCOUNT_NAME": options.access_key,
                "AZURE_STORAGE_ACCOUNT_KEY": options.secret_key,
                "AZURE_STORAGE_ENDPOINT": options.endpoint,
            }
