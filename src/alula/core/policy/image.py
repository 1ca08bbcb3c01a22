"""The image of tasks that name none."""

LOCAL_IMAGE = "alula:local"
"""Stands for whatever an executor has for Alula's own tasks."""
