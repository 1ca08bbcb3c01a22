"""flytekit's configuration of a client, as far as it says which platform to speak to."""

from __future__ import annotations

import os
from typing import NamedTuple

import msgspec

from alula.sdk.absent import INSTEAD
from alula.sdk.absent_members import lacks_keywords, lacks_members
from alula.sdk.client.endpoint import Endpoint, endpoint_of_file, find_endpoint, parse_endpoint


class PlatformConfig(NamedTuple):
    """The address of a platform."""

    endpoint: str = "localhost:30080"
    insecure: bool = False
    """True without TLS."""
    ca_cert_file_path: str | None = None
    """The file with the certificates to trust; without one the system's."""


class Config(NamedTuple):
    """The platform to use. Without any part it is found as the command line finds it."""

    platform: PlatformConfig | None = None
    config_file: str | None = None

    @classmethod
    def auto(cls, config_file: str | os.PathLike[str] | None = None) -> Config:
        """The platform that the environment or a configuration file of Flyte names."""
        return cls(config_file=os.fspath(config_file) if config_file is not None else None)

    @classmethod
    def for_sandbox(cls) -> Config:
        """Flyte's sandbox on this machine."""
        return cls(PlatformConfig("localhost:30080", insecure=True))

    @classmethod
    def for_endpoint(cls, endpoint: str, insecure: bool = False) -> Config:
        """The platform at an address."""
        return cls(PlatformConfig(endpoint, insecure))


_PLATFORM = {
    "insecure_skip_verify": "name the platform's certificate as `ca_cert_file_path`",
    "console_endpoint": "leave it out: the platform serves its console",
    "rpc_retries": "leave it out: what can be asked again is, for some time",
    "http_proxy_url": "set the variable `https_proxy`",
    **dict.fromkeys(
        ("command", "proxy_command", "client_id", "client_credentials_secret", "scopes", "auth_mode", "audience"),
        "leave it out: the platform has no login",
    ),
}
lacks_keywords(PlatformConfig, _PLATFORM)
lacks_members(PlatformConfig, {**_PLATFORM, **dict.fromkeys(("auto", "for_endpoint"), "write it of `Config`")})
_CONFIG = {
    **dict.fromkeys(("secrets", "stats", "data_config"), INSTEAD["DataConfig"]),
    "local_sandbox_path": "leave it out: each attempt has a folder of its own",
}
lacks_keywords(Config, _CONFIG)
lacks_members(Config, {**_CONFIG, "with_params": "write `Config(platform=...)`"})


def endpoint_of(config: Config) -> Endpoint:
    """The platform that a configuration names. Raises `InvalidInput` and `Unavailable` as `find_endpoint` does."""
    if config.platform is not None:
        address = config.platform.endpoint.partition("://")[2] or config.platform.endpoint
        scheme = "http" if config.platform.insecure else "https"
        endpoint = parse_endpoint(f"{scheme}://{address}", "the PlatformConfig")
        return msgspec.structs.replace(endpoint, ca_certificate=config.platform.ca_cert_file_path or "")
    if config.config_file is not None:
        return endpoint_of_file(config.config_file)
    return find_endpoint(None)
