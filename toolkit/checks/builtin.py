"""The toolkit's own checks: conformance, linearizability, FIFO client order, progress."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.checks.check import Check, CheckedRun, CheckReport, Finding, Skipped
from toolkit.checks.client_history import check_client_history, client_history
from toolkit.conformance.validation import validate
from toolkit.conformance.verdict import Verdict
from toolkit.histories import check_fifo
from toolkit.trace.logview import committed_requests

__all__ = ["CONFORMANCE", "FIFO", "LINEARIZABILITY", "NOT_ALLOWED", "PROGRESS"]

NOT_ALLOWED = "not allowed by the specification"
"""The title of a finding of the check ``conformance`` that is not an invariant's name."""


def _conformance(runs: Sequence[CheckedRun], workers: int | None) -> CheckReport:
    # Validate all runs together: TLC starts only once for all runs with the same settings.
    verdicts = validate([run.trace for run in runs], explain=0, workers=workers).verdicts
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    for at, verdict in enumerate(verdicts):
        if verdict.status == "not checkable":
            skipped.append(Skipped(at, verdict.reason or "not checkable", undecided=True))
        if verdict.status == "diverged":
            findings.append(Finding(at, NOT_ALLOWED, _divergence(verdict)))
        findings += [
            Finding(at, broken.invariant, f"step {broken.step}") for broken in verdict.broken
        ]
    steps = sum(verdict.checked.steps for verdict in verdicts)
    return CheckReport(
        check="conformance",
        runs=len(runs),
        looked_at=f"{steps:,} steps of {len(runs) - len(skipped):,} runs",
        findings=tuple(findings),
        skipped=tuple(skipped),
    )


def _divergence(verdict: Verdict) -> str:
    step = None if verdict.divergence is None else verdict.divergence.step
    return "no behaviour explains it" if step is None else f"no behaviour explains step {step}"


def _linearizability(runs: Sequence[CheckedRun], workers: int | None) -> CheckReport:
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    operations = 0
    for at, run in enumerate(runs):
        if run.result.machine is None:
            skipped.append(Skipped(at, f"{run.protocol.name} does not replicate a machine"))
            continue
        outcome = check_client_history(run.result)
        operations += outcome.operations
        left_out = len(run.result.calls) - len(client_history(run.result).operations)
        if outcome.operations == 0:
            skipped.append(Skipped(at, "no client requested an operation of the machine"))
        elif outcome.verdict == "not decided":
            skipped.append(
                Skipped(at, f"not decided within {outcome.steps:,} steps", undecided=True)
            )
        elif not outcome.ok:
            detail = f"no order explains {'; '.join(map(outcome.describe, outcome.blocked))}"
            if left_out:
                detail += f" ({left_out} requests for other operations are left out)"
            findings.append(Finding(at, "not linearizable", detail))
    return CheckReport(
        check="linearizability",
        runs=len(runs),
        looked_at=f"{operations:,} operations of {len(runs) - len(skipped):,} runs",
        findings=tuple(findings),
        skipped=tuple(skipped),
    )


def _fifo(runs: Sequence[CheckedRun], workers: int | None) -> CheckReport:
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    requests = 0
    for at, run in enumerate(runs):
        if run.protocol.log is None:
            skipped.append(Skipped(at, f"{run.protocol.name} does not keep a log"))
            continue
        committed = committed_requests(run.trace, run.protocol.log)
        requests += len(committed)
        outcome = check_fifo(committed)
        if not committed:
            skipped.append(Skipped(at, "no request was committed"))
        elif not outcome.ok:
            findings.append(Finding(at, "out of order", str(outcome)))
    return CheckReport(
        check="fifo",
        runs=len(runs),
        looked_at=f"{requests:,} committed requests of {len(runs) - len(skipped):,} runs",
        findings=tuple(findings),
        skipped=tuple(skipped),
    )


def _progress(runs: Sequence[CheckedRun], workers: int | None) -> CheckReport:
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    asked = 0
    for at, run in enumerate(runs):
        calls = run.result.calls
        if run.result.reason not in _ENDED:
            skipped.append(Skipped(at, f"the run ended early: {run.result.reason}"))
        elif not calls:
            skipped.append(Skipped(at, "no client sent a request"))
        else:
            asked += len(calls)
            if all(call.returned is None for call in calls):
                waited = f"none of {len(calls)} requests was answered in {run.result.time:g} s"
                findings.append(Finding(at, "no progress", waited))
    return CheckReport(
        check="progress",
        runs=len(runs),
        looked_at=f"{asked:,} requests of {len(runs) - len(skipped):,} runs",
        findings=tuple(findings),
        skipped=tuple(skipped),
    )


_ENDED = ("quiet", "time limit")
"""The reasons of runs that were not cut short."""

CONFORMANCE = Check(
    name="conformance",
    title="the specification allows the run, and its invariants hold in the recorded states",
    look=_conformance,
)
LINEARIZABILITY = Check(
    name="linearizability",
    title="the clients' history is linearizable with respect to the replicated machine",
    look=_linearizability,
)
FIFO = Check(
    name="fifo",
    title="each client's requests are committed in the order in which it sent them",
    look=_fifo,
    promised=False,
)
PROGRESS = Check(
    name="progress",
    title="at least one request of a run is answered",
    look=_progress,
    promised=False,
)
