from pathlib import Path

import toolkit

here = Path(__file__).parent
commit = toolkit.Specification(
    name="commit",
    folder=here,
    module="TwoPhase",
    node_of=dict.fromkeys(("TMCommit", "TMAbort", "TMRcvPrepared"), '"tm"'),
)
for verdict in toolkit.validate([here / "commit.ndjson"], specification=commit).verdicts:
    print(verdict.trace, verdict.status)
