"""A test for each rule of Paxos Made Simple (Lamport 2001)."""

from __future__ import annotations

import pytest

from toolkit.errors import QuorumError, SettingError
from toolkit.protocols.base import Command, Effects, Receive, Restart, Timeout
from toolkit.protocols.paxos import PaxosNode, configure
from toolkit.protocols.paxos.messages import Chosen, Nack, Phase1a, Phase1b, Phase2a, Phase2b

NODES = ["n1", "n2", "n3"]


def node(name: str = "n1", **settings: str) -> PaxosNode:
    return PaxosNode(name, configure(NODES, settings))


def receive(at: PaxosNode, message: object, sender: str = "n2") -> Effects:
    return at.handle(Receive(sender, message), 0.0)  # type: ignore[arg-type]


def proposing(value: str = "v1") -> PaxosNode:
    proposer = node()
    proposer.handle(Command("c", 1, value), 0.0)
    assert proposer.handle(Timeout("ballot"), 0.0).action == "Phase1a"
    return proposer


def test_2_2_phase_1b_a_promise_is_written_before_it_is_sent() -> None:
    effects = receive(node(), Phase1a(4))
    assert effects.write == {"maxBal": 4}
    assert effects.sends[0].message == Phase1b("n1", 4, -1, None)


def test_2_2_phase_1b_nothing_below_a_promise_is_accepted() -> None:
    acceptor = node()
    receive(acceptor, Phase1a(4))
    effects = receive(acceptor, Phase2a(1, "v1"))
    assert effects.action == "Nack"
    assert effects.sends[0].message == Nack(1, 4)
    assert acceptor.maxVBal == -1


def test_2_2_phase_2a_takes_the_value_of_the_highest_ballot_reported() -> None:
    proposer = PaxosNode("n1", configure([*NODES, "n4", "n5"], {}))
    proposer.handle(Command("c", 1, "v1"), 0.0)
    proposer.handle(Timeout("ballot"), 0.0)
    ballot = proposer.pBal
    receive(proposer, Phase1b("n2", ballot, 1, "v2"))
    receive(proposer, Phase1b("n3", ballot, 3, "v3"))
    effects = receive(proposer, Phase1b("n4", ballot, -1, None))
    assert effects.sends[0].message == Phase2a(ballot, "v3")


def test_2_2_phase_2a_takes_the_clients_value_if_none_is_reported() -> None:
    proposer = proposing("v2")
    receive(proposer, Phase1b("n2", 0, -1, None))
    effects = receive(proposer, Phase1b("n3", 0, -1, None))
    assert (effects.action, proposer.pVal) == ("Phase2a", "v2")


def test_2_2_a_promise_counts_once() -> None:
    proposer = proposing()
    for _ in range(3):
        assert receive(proposer, Phase1b("n2", 0, -1, None)).action == "Promise"


def test_2_2_phase_2b_an_acceptance_is_written_before_it_is_sent() -> None:
    effects = receive(node(), Phase2a(2, "v1"))
    assert effects.write == {"maxBal": 2, "maxVBal": 2, "maxVal": "v1"}
    assert {send.to for send in effects.sends} == set(NODES)


def test_2_3_votes_of_different_ballots_are_not_counted_together() -> None:
    learner = node()
    assert receive(learner, Phase2b("n2", 1, "v1")).action == "Vote"
    assert receive(learner, Phase2b("n3", 2, "v1")).action == "Vote"
    assert receive(learner, Phase2b("n1", 2, "v1")).action == "Learn"


def test_2_4_a_rejected_proposer_uses_a_ballot_above_the_one_told_and_waits_longer() -> None:
    proposer = proposing()
    first = receive(proposer, Nack(0, 7)).timers[-1].high
    proposer.handle(Timeout("ballot"), 0.0)
    assert proposer.pBal == 9
    second = receive(proposer, Nack(9, 10)).timers[-1].high
    assert first is not None
    assert second == 2 * first


def test_2_5_a_restart_keeps_what_is_durable_and_never_repeats_a_ballot() -> None:
    again = node()
    durable = {"pBal": 3, "maxBal": 5, "maxVBal": 4, "maxVal": "v2"}
    again.handle(Restart(durable), 0.0)
    assert (again.maxBal, again.maxVBal, again.maxVal) == (5, 4, "v2")
    again.handle(Command("c", 1, "v1"), 0.0)
    again.handle(Timeout("ballot"), 0.0)
    assert again.pBal == 6


def test_ballots_are_unique_to_a_proposer() -> None:
    config = configure(NODES, {})
    for ballot in range(30):
        assert config.next_ballot(config.owner(ballot), ballot - 1) == ballot


def test_a_repeated_vote_is_answered_to_its_proposer() -> None:
    learner = node()
    for voter in ("n1", "n2"):
        receive(learner, Phase2b(voter, 1, "v1"))
    assert receive(learner, Phase2b("n3", 1, "v1")).action == "Ignore"
    effects = receive(learner, Phase2b("n3", 1, "v1"))
    assert [(send.to, send.message) for send in effects.sends] == [("n2", Chosen("v1"))]


def test_a_proposer_sends_again_and_at_last_begins_anew() -> None:
    proposer = proposing()
    actions = [proposer.handle(Timeout("resend"), 0.0).action for _ in range(5)]
    assert actions == ["Resend"] * 4 + ["Phase1a"]


def test_roles_can_be_split() -> None:
    acceptor = node("n2", proposers="n1", acceptors="n2,n3", learners="n1")
    with pytest.raises(SettingError, match="not a proposer"):
        acceptor.handle(Command("c", 1, "v1"), 0.0)
    assert [send.to for send in receive(acceptor, Phase2a(0, "v1")).sends] == ["n1"]
    assert receive(acceptor, Phase2b("n3", 0, "v1")).action == "Ignore"


@pytest.mark.parametrize(
    ("settings", "error"),
    [({"quorum": "flexible:1,2"}, QuorumError), ({"quorum": "most"}, QuorumError),
     ({"timeot": "1"}, SettingError), ({"timeout": "0"}, SettingError),
     ({"acceptors": "n9"}, SettingError), ({"resends": "1.5"}, SettingError)],
)  # fmt: skip
def test_settings_that_cannot_be_are_named(settings: dict[str, str], error: type) -> None:
    with pytest.raises(error):
        configure(NODES, settings)
    with pytest.raises(SettingError, match="'v9'"):
        node().handle(Command("c", 1, "v9"), 0.0)
