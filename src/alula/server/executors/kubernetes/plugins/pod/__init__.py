"""Attempts as single pods."""

from alula.server.executors.kubernetes.objects import PODS
from alula.server.executors.kubernetes.plugin import Plugin
from alula.server.executors.kubernetes.plugins.pod.build import build
from alula.server.executors.kubernetes.plugins.pod.phase import gone, phase_of

POD = Plugin(PODS, build, phase_of, gone)
