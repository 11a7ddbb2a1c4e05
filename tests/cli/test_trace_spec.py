"""``toolkit trace-spec`` and ``toolkit validate --spec``: a specification without a plug-in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Toolkit

COMMIT = Path(__file__).parent.parent / "conformance" / "commit"


def test_the_generated_module_is_printed_for_a_file_and_for_a_protocol(toolkit: Toolkit) -> None:
    printed = toolkit("trace-spec", str(COMMIT / "TwoPhase.tla"))
    assert printed.exit_code == 0
    assert "\\E r \\in Who(e, RM) : RMPrepare(r)" in printed.stdout
    assert "\\* TMCommit: the specification does not say at which node" in printed.stdout
    ours = toolkit("trace-spec", "paxos").stdout
    assert ours.startswith("---- MODULE GeneratedTrace ----")
    assert "EXTENDS PaxosTrace" in ours


def test_a_file_that_is_not_there_is_an_error_and_names_what_is(toolkit: Toolkit) -> None:
    result = toolkit("trace-spec", str(COMMIT / "TwoFace.tla"))
    assert result.exit_code == 2
    assert "modules in the folder: TwoPhase" in result.stderr


@pytest.mark.slow
def test_traces_are_validated_against_a_file(toolkit: Toolkit) -> None:
    result = toolkit(
        "validate", str(COMMIT / "commit.ndjson"), "--spec", str(COMMIT / "TwoPhase.tla")
    )
    assert result.exit_code == 1
    assert "too-early DIVERGED at step 5 of 9 steps" in result.stdout
    assert "alone DIVERGED at step 2 of 3 steps" in result.stdout
