"""TLC's distributed mode, with processes of their own over loopback."""

from __future__ import annotations

import psutil
import pytest

from toolkit.errors import SettingError
from toolkit.tlc import SpecSource, check, check_distributed, load_manifest, load_spec

pytestmark = pytest.mark.slow

MODULE = """---- MODULE M ----
EXTENDS Integers
VARIABLES x, y
Init == x = 0 /\\ y = 0
Next == x' = (x + 1) % 40 /\\ y' \\in {y, (y + 1) % 40}
Spec == Init /\\ [][Next]_<<x, y>>
Low == x + y < 30
Up == [][x' >= x]_x
====
"""


def no_java() -> bool:
    return not [c for c in psutil.Process().children(recursive=True) if "java" in c.name()]


@pytest.mark.timeout(3600)
def test_the_largest_paxos_model_has_as_many_states_as_on_one_machine() -> None:
    manifest = load_manifest()
    model = max(
        (
            one
            for one in manifest.models
            if one.name.startswith("paxos") and one.size != "long" and not one.liveness
        ),
        key=lambda one: (one.outcome == "success", one.distinct or 0),
    )
    source = load_spec(manifest.path.parent / model.spec, manifest.path.parent / model.config)
    if "PROPERTY" in source.config:
        pytest.fail("the largest model has a property: TLC cannot check it distributed")
    ready: list[str] = []
    result = check_distributed(source, deadlock=model.deadlock, on_ready=ready.append)
    assert (result.outcome, result.distinct) == ("success", model.distinct), result.log
    assert result.log.count("Registration for worker") == 2
    assert "TLCWorker 127.0.0.1" in ready[0]
    assert no_java()


def test_a_violation_is_told_with_what_tlc_leaves_out() -> None:
    source = SpecSource("M", {"M": MODULE}, "SPECIFICATION Spec INVARIANT Low")
    result = check_distributed(source)
    assert result.outcome == "violation", result.log
    assert result.violation
    assert not result.ok
    last = result.trace[-1].variables
    assert last["x"] + last["y"] >= 30
    assert any("neither what is violated" in caveat for caveat in result.caveats)
    assert check(source, workers=1).name == "Low"


@pytest.mark.parametrize(
    ("config", "options", "what"),
    [
        ("SPECIFICATION Spec PROPERTY Up", [], "Up"),
        ("SPECIFICATION Spec", ["-simulate"], "simulation"),
        ("SPECIFICATION Spec", ["-continue"], "further violations"),
    ],
)
def test_what_tlc_would_pass_over_in_silence_is_refused(
    config: str, options: list[str], what: str
) -> None:
    with pytest.raises(SettingError, match=what):
        check_distributed(SpecSource("M", {"M": MODULE}, config), options=options)


def test_a_server_without_workers_ends_at_its_time_limit() -> None:
    source = SpecSource("M", {"M": MODULE}, "SPECIFICATION Spec")
    result = check_distributed(source, local_workers=0, timeout=6)
    assert result.outcome == "time-limit"
    assert no_java()


def test_a_broken_module_is_told_as_on_one_machine() -> None:
    source = SpecSource("M", {"M": MODULE.replace("x' = (x", "x' = ) (x")}, "SPECIFICATION Spec")
    assert check_distributed(source).outcome == "parse-error"
