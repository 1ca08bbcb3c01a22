"""The version of the SDK, as it is written into specifications."""

VERSION = "0.1.0"
