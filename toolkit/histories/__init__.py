"""Client histories, and whether they could have been those of one object.

A history says what each client asked for, when, and what it was told.  It is *linearizable* if
every operation can be thought to have happened at one moment between its call and its return,
such that all results are those of one sequential object (M. Herlihy and J. Wing,
*Linearizability: A Correctness Condition for Concurrent Objects*, TOPLAS 1990).
"""

from toolkit.histories.fifo import FifoResult, check_fifo
from toolkit.histories.history import History, Operation
from toolkit.histories.linearizability import LinearizabilityResult, check_linearizable
from toolkit.histories.models import KEY_VALUE, REGISTER, SequentialModel

__all__ = [
    "KEY_VALUE",
    "REGISTER",
    "FifoResult",
    "History",
    "LinearizabilityResult",
    "Operation",
    "SequentialModel",
    "check_fifo",
    "check_linearizable",
]
