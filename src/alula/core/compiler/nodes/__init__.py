"""Kinds of nodes, one module each: what a node of that kind must have, and which interface follows from it.

A new kind is a new module and one entry in `registry.KINDS`.
"""
