"""What every host of nodes does alike: drivers, connections, recording.

A *host* runs nodes: it owns clock, network, disks and randomness.  The rules that every host must
follow stand here once, without a clock, without input or output and without randomness: the
simulator draws what happens from a seed, the controlled host is told by a caller, and a host on
real sockets hears it from the operating system.
"""

from __future__ import annotations

from toolkit.hosting.connections import Connections
from toolkit.hosting.driver import NodeDriver, Reaction
from toolkit.hosting.host import Host, Leaving
from toolkit.hosting.recorder import Recorder

__all__ = ["Connections", "Host", "Leaving", "NodeDriver", "Reaction", "Recorder"]
