"""flytekit's configuration of a client, as far as it says which platform to speak to."""

from __future__ import annotations

import os
from typing import NamedTuple

from alula.sdk.client.endpoint import Endpoint, endpoint_of_file, find_endpoint, parse_endpoint


class PlatformConfig(NamedTuple):
    """The address of a platform."""

    endpoint: str = "localhost:30080"
    insecure: bool = False
    """True without TLS."""


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


def endpoint_of(config: Config) -> Endpoint:
    """The platform that a configuration names. Raises `InvalidInput` and `Unavailable` as `find_endpoint` does."""
    if config.platform is not None:
        address = config.platform.endpoint.partition("://")[2] or config.platform.endpoint
        scheme = "http" if config.platform.insecure else "https"
        return parse_endpoint(f"{scheme}://{address}", "the PlatformConfig")
    if config.config_file is not None:
        return endpoint_of_file(config.config_file)
    return find_endpoint(None)
