"""Kinds of nodes, one module each: the rules for a node of that kind, and the interface that follows.

A new kind is a new module and one entry in `registry.KINDS`.
"""
