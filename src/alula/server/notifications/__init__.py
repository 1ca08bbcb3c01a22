"""Telling people and programs what happens to runs."""
