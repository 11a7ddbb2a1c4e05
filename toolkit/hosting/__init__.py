"""Common parts of all hosts: drivers, connections, recording.

A *host* runs nodes: it owns clock, network, disks and randomness.  This package implements the
rules that every host must follow, without a clock, input, output or randomness.  The hosts differ
in what decides the next event: the simulator draws it from a seed, the caller of the controlled
host chooses it, and a host on real sockets receives it from the operating system.
"""

from __future__ import annotations

from toolkit.hosting.connections import Connections
from toolkit.hosting.driver import NodeDriver, Reaction
from toolkit.hosting.host import Host, Leaving
from toolkit.hosting.recorder import Recorder

__all__ = ["Connections", "Host", "Leaving", "NodeDriver", "Reaction", "Recorder"]
