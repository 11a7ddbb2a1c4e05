from pathlib import Path

from toolkit.conformance import validate
from toolkit.protocols.specification import Specification

here = Path(__file__).parent
commit = Specification(
    name="commit",
    folder=here,
    module="TwoPhase",
    node_of=dict.fromkeys(("TMCommit", "TMAbort", "TMRcvPrepared"), '"tm"'),
)
for verdict in validate([here / "commit.ndjson"], specification=commit).verdicts:
    print(verdict.trace, verdict.status)
