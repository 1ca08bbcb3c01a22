"""Python types on Flyte's wire: which `LiteralType` a type has, and values to literals and back.

`engine` is the entrance. One module per family of types holds its transformers; the modules of the classes that
authors use (`file`, `directory`, `structured_dataset`, `columns`) load no protobuf.
"""
