"""Client histories, and checks of linearizability and FIFO client order.

A history contains each client's operations with the times of call and answer, and the results.  It
is *linearizable* if each operation could have taken effect at one moment between its call and its
answer, such that all results are those of a sequential object (M. Herlihy and J. Wing,
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
