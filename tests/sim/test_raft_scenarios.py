"""Each scenario of Raft shows what its comment says, and what is committed stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from toolkit.conformance import validate
from toolkit.protocols import get_protocol
from toolkit.sim import RunResult, format_steps, load_scenario, scenario_names, simulate_trace
from toolkit.trace import Step, Trace

RAFT = get_protocol("raft")


@dataclass
class Seen:
    """A run of a scenario."""

    trace: Trace
    result: RunResult

    def at(self, time: float) -> dict[str, dict[str, Any]]:
        """Return every server's variables at a time."""
        last: dict[str, dict[str, Any]] = {
            node: dict(view) for node, view in self.trace.header.initial.items()
        }
        for step in self.trace.steps:
            if step.time <= time:
                last[step.node] |= step.state or {}
        return last

    def terms(self, time: float = 99.0) -> dict[str, list[int]]:
        """Return the terms of every server's entries at a time."""
        return {
            node: [entry["term"] for entry in view["log"]["#tup"]]
            for node, view in self.at(time).items()
        }

    def steps(self, action: str, node: str | None = None) -> list[Step]:
        return [
            step for step in self.trace.steps if step.action == action and node in {None, step.node}
        ]

    def leaders(self) -> list[tuple[int, str]]:
        """Return the terms that had a leader, and who it was."""
        return [
            (self.at(step.time)[step.node]["currentTerm"], step.node)
            for step in self.steps("BecomeLeader")
        ]

    def commit(self, node: str, time: float = 99.0) -> int:
        index: int = self.at(time)[node]["commitIndex"]
        return index

    def answers(self, client: str) -> list[tuple[float, str, Any]]:
        return [
            (answer.time, answer.node, answer.result)
            for answer in self.result.answers
            if answer.client == client
        ]


def seen(name: str, bug: str | None = None) -> Seen:
    return Seen(*simulate_trace(RAFT, load_scenario(f"raft-{name}"), bug=bug))


def lost(trace: Trace) -> list[tuple[int, Any, Any]]:
    """Return where two servers ever took different entries for committed (State Machine Safety)."""
    known: dict[int, Any] = {}
    apart = []
    for step, state in trace.states():
        view = state[step.node]
        # A log that was compacted shows what is behind its snapshot.
        gone = view.get("snapshot", {"index": 0})["index"]
        committed = view["log"]["#tup"][: view["commitIndex"] - gone]
        for index, entry in enumerate(committed, gone + 1):
            if known.setdefault(index, entry) != entry:
                apart.append((index, known[index], entry))
    return apart


@pytest.mark.parametrize("name", scenario_names("raft"))
def test_nothing_committed_is_lost(name: str) -> None:
    one = seen(name.removeprefix("raft-"))
    assert lost(one.trace) == []
    assert max(one.commit(node) for node in one.trace.header.nodes) > 0


BY_CHANCE = {"raft-happy", "raft-overwritten", "raft-duelling", "raft-split-vote"}


@pytest.mark.parametrize("name", sorted(set(scenario_names("raft")) - BY_CHANCE))
def test_a_scenario_that_lets_every_timer_run_out_itself_has_no_chance_in_it(name: str) -> None:
    scenario = load_scenario(name)
    runs = {format_steps(simulate_trace(RAFT, scenario, seed=seed)[0]) for seed in (1, 2, 3)}
    assert len(runs) == 1


# Figure 7 ------------------------------------------------------------------------------------

FIGURE_7 = {
    "top": [1, 1, 1, 4, 4, 5, 5, 6, 6, 6],
    "a": [1, 1, 1, 4, 4, 5, 5, 6, 6],
    "b": [1, 1, 1, 4],
    "c": [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
    "d": [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
    "e": [1, 1, 1, 4, 4, 4, 4],
    "f": [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
}


def test_figure_7_comes_about_and_the_leader_of_term_8_makes_all_logs_its_own() -> None:
    one = seen("figure-7")
    assert one.terms(0.79) == FIGURE_7
    assert one.leaders() == [
        (1, "top"), (2, "f"), (3, "f"), (4, "e"), (5, "a"), (6, "c"), (7, "d"), (8, "top"),
    ]  # fmt: skip
    assert one.at(0.79)["f"]["up"] is False
    logs = [view["log"] for view in one.at(99.0).values()]
    assert all(log == logs[0] for log in logs)
    assert one.terms()["top"] == [*FIGURE_7["top"], 8]
    assert one.commit("top") == 11
    # The votes are those that the logs allow: c's and d's are ahead of the new leader's.
    assert {step.node for step in one.steps("DenyVote")} == {"c", "d"}


def test_figure_7_takes_no_more_steps_back_than_terms_differ() -> None:
    rejections = [step for step in seen("figure-7").steps("RejectEntries") if step.time > 0.8]
    assert [step.node for step in rejections] == ["a", "b", "e", "f", "e", "f"]


# Figure 8 ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["figure-8-d", "figure-8-e"])
def test_figure_8_a_to_c_are_the_papers_and_nothing_is_committed_by_counting(name: str) -> None:
    one = seen(name)
    assert one.terms(0.19) == {"n1": [1, 2], "n2": [1, 2], "n3": [1], "n4": [1], "n5": [1]}
    assert one.terms(0.29) == {"n1": [1, 2], "n2": [1, 2], "n3": [1], "n4": [1], "n5": [1, 3]}
    assert one.leaders()[:4] == [(1, "n2"), (2, "n1"), (3, "n5"), (4, "n1")]
    assert one.terms(0.395) == {
        "n1": [1, 2, 4], "n2": [1, 2, 4], "n3": [1, 2], "n4": [1], "n5": [1, 3],
    }  # fmt: skip
    leader = one.at(0.395)["n1"]
    assert leader["role"] == "leader"
    # The entry of index 2 is on n1, n2 and n3, and n1 knows: three of five.
    assert dict(leader["matchIndex"]["#map"]) == {"n2": 3, "n3": 2, "n4": 0, "n5": 0}
    assert leader["commitIndex"] == 0


def test_figure_8_d_overwrites_the_entry_of_term_2() -> None:
    one = seen("figure-8-d")
    assert one.leaders()[4:] == [(5, "n5")]
    assert one.terms() == {node: [1, 3, 5] for node in one.trace.header.nodes}
    assert one.commit("n5") == 3
    assert one.commit("n1", 0.4) == 0


def test_figure_8_e_commits_it_by_an_entry_of_term_4_and_n5_cannot_be_elected() -> None:
    one = seen("figure-8-e")
    assert [step.node for step in one.steps("AdvanceCommitIndex")] == ["n2", "n1"]
    assert one.commit("n1", 0.42) == 3
    assert one.terms(0.42)["n3"] == [1, 2, 4]
    assert len(one.leaders()) == 4
    assert {step.node for step in one.steps("DenyVote")} == {"n2", "n3"}
    assert one.at(99.0)["n5"]["role"] == "candidate"


def test_with_the_bug_of_counting_figure_8_loses_a_committed_entry() -> None:
    one = seen("figure-8-d", bug="commits-by-counting")
    assert one.commit("n1", 0.395) == 2
    assert {(index, was["term"], now["term"]) for index, was, now in lost(one.trace)} == {(2, 2, 3)}


# Leaders and candidates ----------------------------------------------------------------------


def test_a_leader_that_was_cut_off_follows_and_its_entry_goes() -> None:
    one = seen("cut-off-leader")
    assert one.terms(0.29) == {"n1": [1, 1], "n2": [1, 2, 2], "n3": [1, 2, 2]}
    assert one.at(0.29)["n1"]["role"] == "leader"
    assert one.terms() == {node: [1, 2, 2, 2] for node in one.trace.header.nodes}
    assert one.at(99.0)["n1"]["role"] == "follower"
    ((time, node, result),) = one.answers("c1")
    assert (time > 0.3, node, result) == (True, "n2", {"ok": True})


def test_a_follower_far_behind_is_caught_up_by_one_step_back_and_one_message() -> None:
    one = seen("far-behind")
    assert one.terms(0.22) == {"n1": [1] * 7, "n2": [1] * 7, "n3": [1]}
    assert len(one.steps("RejectEntries", "n3")) == len(one.steps("DecrementNextIndex")) == 1
    caught_up = one.steps("AcceptEntries", "n3")[-1]
    assert caught_up.received is not None
    assert len(caught_up.received.message["entries"]["#tup"]) == 7
    assert one.terms()["n3"] == one.terms()["n2"] == [1] * 7 + [2]


def test_duelling_candidates_elect_nobody_until_the_network_is_fast() -> None:
    one = seen("duelling")
    stood = [step.node for step in one.steps("Timeout") if step.time < 0.14]
    assert len(stood) >= 6
    assert set(stood) == {"n1", "n2", "n3"}
    (leads,) = one.steps("BecomeLeader")
    assert leads.time > 0.14
    assert one.commit(leads.node) == 1


def test_a_split_vote_elects_nobody_and_the_next_time_out_does() -> None:
    one = seen("split-vote")
    split = one.at(0.15)
    assert {node: view["votedFor"] for node, view in split.items()} == {
        "n1": "n1", "n2": "n2", "n3": "n1", "n4": "n2",
    }  # fmt: skip
    assert [split[node]["role"] for node in ("n1", "n2")] == ["candidate", "candidate"]
    assert [len(split[node]["votesGranted"]["#set"]) for node in ("n1", "n2")] == [2, 2]
    assert one.leaders() == [(2, "n1")]


# Reads ---------------------------------------------------------------------------------------


def test_a_leader_that_was_replaced_does_not_answer_a_read() -> None:
    one = seen("stale-reads")
    assert one.at(0.35)["n1"]["role"] == one.at(0.35)["n2"]["role"] == "leader"
    assert one.steps("ReadIndex", "n1")[0].time == 0.3
    assert one.answers("r") == [(0.475, "n2", {"value": 2})]
    stale = seen("stale-reads", bug="reads-without-asking")
    assert stale.answers("r") == [(0.3, "n1", {"value": 1})]


def test_a_lease_answers_while_nobody_else_can_lead_and_no_longer() -> None:
    one = seen("stale-reads-lease")
    assert one.answers("r") == [(0.16, "n1", {"value": 1})]
    (ignored,) = [step for step in one.steps("Ignore", "n3") if step.received]
    assert ignored.received is not None
    assert ignored.received.message["type"] == "RequestVote"
    assert one.leaders() == [(1, "n1"), (3, "n2")]
    assert one.answers("w")[1][:2] == (0.43, "n2")
    assert [step.time for step in one.steps("ReadIndex", "n1")] == [0.45]
    assert [step.node for step in one.steps("CheckQuorum")] == ["n1"]
    stale = seen("stale-reads-lease", bug="lease-for-ever")
    assert stale.answers("r")[1] == (0.45, "n1", {"value": 1})


# Disruptive servers --------------------------------------------------------------------------


def test_a_server_that_comes_back_with_a_high_term_deposes_a_good_leader() -> None:
    one = seen("disruptive")
    assert one.at(0.19)["n3"]["currentTerm"] == 4
    assert [step.node for step in one.steps("StepDown")] == ["n1"]
    assert all(view["role"] != "leader" for view in one.at(0.25).values())
    assert one.leaders() == [(1, "n1"), (5, "n1")]
    ((time, _, _),) = one.answers("c")
    assert time > 0.23 + 0.15


def test_with_pre_votes_it_does_not_and_the_term_stays() -> None:
    one = seen("disruptive-pre-vote")
    assert len(one.steps("PreVote", "n3")) == 4
    assert {step.node for step in one.steps("DenyPreVote")} == {"n1", "n2"}
    assert one.leaders() == [(1, "n1")]
    assert {view["currentTerm"] for view in one.at(99.0).values()} == {1}
    assert one.answers("c") == [(0.26, "n1", {"ok": True})]


# Changes of the configuration ----------------------------------------------------------------


def configurations(one: Seen, node: str, time: float = 99.0) -> list[tuple[list[str], list[str]]]:
    """Return voters and old voters of the configurations in a server's log."""
    return [
        (entry["config"]["voters"]["#set"], entry["config"]["old"]["#set"])
        for entry in one.at(time)[node]["log"]["#tup"]
        if "config" in entry
    ]


def test_a_server_is_added_though_the_leader_crashes() -> None:
    one = seen("membership-crash")
    four = (["n1", "n2", "n3", "n4"], [])
    has = {node: configurations(one, node, 0.19) for node in ("n1", "n2", "n3", "n4")}
    assert has == {"n1": [four], "n2": [four], "n3": [], "n4": [four]}
    assert all(view["commitIndex"] < 2 for view in one.at(0.19).values())
    assert one.leaders() == [(1, "n1"), (2, "n2")]
    assert [one.commit(node) for node in has] == [3, 3, 3, 3]
    assert [configurations(one, node) for node in has] == [[four]] * 4
    assert [answer[1:] for answer in one.answers("a")] == [("n2", {"ok": True})]


def test_joint_consensus_is_carried_through_though_the_leader_crashes() -> None:
    one = seen("joint-crash")
    joint, new = (["n2", "n4", "n5"], ["n1", "n2", "n3"]), (["n2", "n4", "n5"], [])
    has = [configurations(one, node, 0.19) for node in ("n1", "n2", "n3", "n4", "n5")]
    assert has == [[joint], [joint], [], [joint], []]
    assert one.leaders() == [(1, "n1"), (2, "n2")]
    # With n2 and n4 it had a majority of the new servers at 0.26 s, and of the old ones not yet.
    assert one.commit("n2", 0.275) < 2
    assert one.commit("n2", 0.3) == 3
    assert [configurations(one, node) for node in ("n2", "n4", "n5")] == [[joint, new]] * 3
    assert one.commit("n2") == 4
    assert [answer[1:] for answer in one.answers("a")] == [("n2", {"ok": True})]
    hasty = seen("joint-crash", bug="new-majority-alone")
    assert hasty.commit("n2", 0.275) == 3


@pytest.mark.slow
def test_the_specification_allows_every_scenario_that_travels_along() -> None:
    traces = []
    for name in scenario_names():
        scenario = load_scenario(name)
        traces.append(simulate_trace(get_protocol(scenario.protocol), scenario)[0])
    report = validate(traces, explain=1)
    assert [verdict.divergence for verdict in report.verdicts] == [None] * len(traces)
    assert report.count("accepted") == len(traces)


@pytest.mark.slow
def test_the_specification_does_not_allow_figure_8_with_the_bug_of_counting() -> None:
    report = validate([seen("figure-8-d", bug="commits-by-counting").trace], explain=1)
    assert report.count("diverged") == 1
    divergence = report.verdicts[0].divergence
    assert divergence is not None
    assert divergence.record is not None
    assert divergence.record.action == "AdvanceCommitIndex"
    assert divergence.record.node == "n1"


def test_a_change_asked_for_too_early_waits_for_an_entry_of_the_term() -> None:
    order = [
        step.action
        for step in seen("early-change").trace.steps
        if step.action in {"BecomeLeader", "Reply", "AdvanceCommitIndex", "ChangeConfiguration"}
    ]
    assert order[:4] == ["BecomeLeader", "Reply", "AdvanceCommitIndex", "ChangeConfiguration"]


def test_a_snapshot_takes_the_place_of_a_tail_that_does_not_agree() -> None:
    run = seen("stale-tail")
    assert [step.node for step in run.steps("InstallSnapshot")] == ["n1"]
    result = run.result
    assert result.nodes["n1"].log.last_index == result.nodes["n2"].log.last_index
    assert {node.sessions.machine.data["x"] for node in result.nodes.values()} == {5}


def test_a_command_that_is_asked_for_again_after_everybody_crashed_happens_once() -> None:
    told = {call.client: call.result for call in seen("asked-again").result.calls}
    assert (told["c1"], told["c4"]) == ({"ok": True}, {"value": 2})
