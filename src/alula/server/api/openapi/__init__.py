"""The description of the whole HTTP side as one OpenAPI document."""
