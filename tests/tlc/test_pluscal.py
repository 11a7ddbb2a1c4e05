"""PlusCal: translated on request, by the translator that comes with TLC."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.errors import SettingError, SpecError, TlcError
from toolkit.tlc import check, load_spec, spec_from_text, translate_pluscal, translate_spec

COUNTERS = """---- MODULE Counters ----
EXTENDS Naturals
\\* é: not ASCII
(* --algorithm counters
variables x = 0;
process p \\in 1..2
variable seen;
begin
  read:  seen := x;
  write: x := seen + 1;
end process;
end algorithm; *)

Lost == (\\A self \\in 1..2 : pc[self] = "Done") => x = 2
====
"""
CONFIG = "SPECIFICATION Spec\nINVARIANT Lost\nCONSTANT defaultInitValue = defaultInitValue\n"


@pytest.mark.slow
def test_an_algorithm_is_translated_and_its_lost_update_found() -> None:
    source = spec_from_text(COUNTERS, CONFIG)
    assert any("PlusCal algorithm without a translation" in note for note in source.notes)
    translated = translate_spec(source)
    assert not translated.notes
    assert "\\* é: not ASCII" in translated.modules["Counters"]
    result = check(translated, workers=1)
    assert (result.outcome, result.name) == ("invariant", "Lost")
    # Initial state, two reads, two writes.
    assert [state.action for state in result.trace[1:]] == ["read", "read", "write", "write"]


@pytest.mark.slow
def test_what_is_not_translated_is_said_to_be_so() -> None:
    result = check(spec_from_text(COUNTERS, CONFIG), workers=1)
    assert not result.ok
    assert any("translate it first" in warning for warning in result.warnings)


@pytest.mark.slow
def test_no_file_is_written_and_a_stale_translation_is_named(tmp_path: Path) -> None:
    text = translate_pluscal(COUNTERS).text
    stale = text.replace("x := seen + 1;", "x := seen + 2;")
    path = tmp_path / "Counters.tla"
    path.write_text(stale, encoding="utf-8")
    path.with_suffix(".cfg").write_text(CONFIG)
    source = translate_spec(load_spec(path))
    assert "x' = seen[self] + 2" in source.modules["Counters"]
    assert any("does not match its algorithm" in note for note in source.notes)
    assert path.read_text(encoding="utf-8") == stale
    assert sorted(one.name for one in tmp_path.iterdir()) == ["Counters.cfg", "Counters.tla"]
    path.write_text(text, encoding="utf-8")
    assert translate_spec(load_spec(path)).notes == ()


@pytest.mark.slow
def test_fairness_and_labels_are_those_that_were_asked_for() -> None:
    assert "WF_vars" in translate_pluscal(COUNTERS, fairness="wf").text
    assert "SF_vars" in translate_pluscal(COUNTERS, fairness="sf").text
    assert "WF_vars(Next)" in translate_pluscal(COUNTERS, fairness="wfNext").text
    missing = COUNTERS.replace("  read:  ", "  ")
    with pytest.raises(SpecError, match="label"):
        translate_pluscal(missing)
    notes = translate_pluscal(missing, label=True).notes
    assert any("Lbl_1" in note for note in notes), notes


@pytest.mark.slow
def test_a_broken_algorithm_is_told_with_its_place() -> None:
    broken = COUNTERS.replace("x := seen + 1;", "x := ;")
    with pytest.raises(SpecError, match="PlusCal: ") as told:
        translate_pluscal(broken)
    assert broken.splitlines()[(told.value.line or 0) - 1].strip() == "write: x := ;"


def test_what_has_no_algorithm_or_no_such_fairness_is_refused() -> None:
    with pytest.raises(SpecError, match="no PlusCal algorithm"):
        translate_pluscal("---- MODULE M ----\n====")
    with pytest.raises(SpecError, match="does not contain a module"):
        translate_pluscal("(* --algorithm a { skip } *)")
    with pytest.raises(SettingError, match="fairness"):
        translate_pluscal(COUNTERS, fairness="very")  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_translation_that_takes_too_long_is_ended() -> None:
    with pytest.raises(TlcError, match="more than"):
        translate_pluscal(COUNTERS, timeout=0.01)
