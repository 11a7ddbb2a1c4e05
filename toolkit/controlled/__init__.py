"""The controlled host: a caller chooses each next event from those possible.

It runs the same nodes by the same rules as the simulator, and records the same trace.  The next
event is not drawn or timed: a test, a search or a user chooses it.
"""

from __future__ import annotations

from toolkit.controlled.choices import Choice
from toolkit.controlled.host import ControlledHost, StepTaken
from toolkit.controlled.states import SavedState

__all__ = ["Choice", "ControlledHost", "SavedState", "StepTaken"]
