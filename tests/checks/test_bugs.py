"""Every planted bug is found, and the table says by what."""

from __future__ import annotations

import pytest

from toolkit.checks import BugReport, BugTable, find_bugs
from toolkit.errors import UnknownNameError
from toolkit.protocols import get_protocol

pytestmark = pytest.mark.slow
RAFT = get_protocol("raft")

BY_INVARIANT = {
    "votes-twice": "VotesOnce",
    "votes-before-durable": "SaidIsDurable",
    "cuts-off-always": "SaidIsDurable",
    "skips-consistency-check": "LogMatching",
}
"""Bugs whose damage shows in a named invariant in few runs."""


BY_CLIENTS = ["lease-for-ever", "snapshots-without-sessions"]
"""Bugs of what the specification does not speak of."""


@pytest.fixture(scope="module")
def reports() -> dict[str, BugReport]:
    return {one.bug: one for one in find_bugs(RAFT, runs=1)}


@pytest.mark.parametrize("bug", RAFT.bugs)
def test_a_planted_bug_of_raft_is_caught(reports: dict[str, BugReport], bug: str) -> None:
    report = reports[bug]
    assert report.caught, f"{bug} was not caught in {report.runs} runs"
    assert f"--bug {bug}" in (report.replay or "")
    assert report.undecided == 0
    if bug not in BY_CLIENTS:
        assert report.validation, "validation is to find what is no matter of time or content"


@pytest.mark.parametrize("bug", BY_INVARIANT)
def test_its_damage_is_named_by_an_invariant(reports: dict[str, BugReport], bug: str) -> None:
    assert BY_INVARIANT[bug] in reports[bug].invariants


@pytest.mark.parametrize("bug", BY_CLIENTS)
def test_what_the_specification_does_not_speak_of_is_caught_by_the_clients(
    reports: dict[str, BugReport], bug: str
) -> None:
    assert reports[bug].history


def test_the_table_has_a_row_for_each_bug(reports: dict[str, BugReport]) -> None:
    frame = BugTable("raft", reports.values()).to_frame()
    assert list(frame["bug"]) == list(RAFT.bugs)
    assert frame["caught"].notna().all()
    assert frame["rule"].str.len().min() > 10


def test_a_correct_protocol_is_not_accused() -> None:
    from dataclasses import replace

    honest = replace(RAFT, bugs={"none": RAFT.runnable.make_node}, bug_setups={})
    (report,) = find_bugs(honest, runs=6)
    assert (report.caught, report.invariants, report.history) == (None, {}, ())


def test_bugs_of_paxos_are_caught() -> None:
    assert all(one.caught for one in find_bugs(get_protocol("paxos"), runs=20))


def test_an_unknown_bug_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="no seeded bug 'votes-thrice'"):
        find_bugs(RAFT, ["votes-thrice"])
