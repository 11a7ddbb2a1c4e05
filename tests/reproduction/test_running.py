"""Trials: the same whoever makes them and however often that was broken off."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from tests.reproduction.tiny import BREAK, Tiny
from toolkit.errors import FigureError, InternalError, SettingError, UnknownNameError
from toolkit.reproduction.framework import Curve, Piece, trial_seed
from toolkit.reproduction.pool import _check_workers, collect, workers
from toolkit.reproduction.registry import all_figures, get_figure
from toolkit.reproduction.reproduce import reproduce, trace_trial
from toolkit.reproduction.store import Store, fingerprint, missing


def made(**options: object) -> pd.DataFrame:
    return reproduce(Tiny(), refit=False, **options).samples  # type: ignore[arg-type]


# Seeds and curves ----------------------------------------------------------------------------


def test_a_trials_seed_hangs_on_seed_figure_curve_and_number_alone() -> None:
    curve = Curve(name="x", settings={"anything": 1}, chunk=7)
    seeds = {
        trial_seed(seed, figure, Curve(name=name), trial)
        for seed in (1, 2) for figure in "AB" for name in "xy" for trial in range(10)
    }  # fmt: skip
    assert len(seeds) == 80
    assert trial_seed(1, "A", curve, 3) == trial_seed(1, "A", Curve(name="x"), 3)
    assert trial_seed(1, "A", Curve(name="z", stream="x"), 3) == trial_seed(1, "A", curve, 3)


def test_more_trials_begin_with_the_same_ones() -> None:
    few, many = made(trials=5), made(trials=9)
    for curve in ("x", "y"):
        one = few[few["curve"] == curve].reset_index(drop=True)
        other = many[many["curve"] == curve].reset_index(drop=True)
        pd.testing.assert_frame_equal(one, other.iloc[:5])


def test_the_seed_changes_every_trial() -> None:
    assert not set(made(trials=9)["ms"]) & set(made(trials=9, seed=2)["ms"])


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(1, 5)), min_size=1, max_size=3),
    st.sets(st.tuples(st.integers(0, 2), st.integers(0, 12))),
)
def test_what_is_missing_is_made_once_and_nothing_else(
    plan: list[tuple[int, int]], found: set[tuple[int, int]]
) -> None:
    curves = [Curve(name=str(number), chunk=chunk) for number, (_, chunk) in enumerate(plan)]
    counts = {str(number): count for number, (count, _) in enumerate(plan)}
    done: dict[tuple[str, int], list[dict[str, Any]]] = {
        (str(curve), trial): [] for curve, trial in found
    }
    tasks = missing(curves, counts, done)
    asked = [(c.name, trial) for c, first, n in tasks for trial in range(first, first + n)]
    wanted = [(name, trial) for name, count in counts.items() for trial in range(count)]
    assert sorted(asked) == sorted(one for one in wanted if one not in done)
    assert all(1 <= count <= curve.chunk for curve, _, count in tasks)


# Breaks --------------------------------------------------------------------------------------


class BreakError(Exception):
    """Thrown in the middle of a run."""


def breaks_after(pieces: int) -> Iterator[int]:
    yield from range(pieces)
    raise BreakError


def test_a_run_that_is_broken_off_anywhere_goes_on_to_the_same_samples(tmp_path: Path) -> None:
    whole = made(trials=30)
    for pieces in (1, 3, 6, 11):
        folder = tmp_path / str(pieces)
        turns = breaks_after(pieces)
        with pytest.raises(BreakError):
            made(trials=30, out=folder, progress=lambda *_, turns=turns: next(turns))
        journal = folder / "samples.unfinished.ndjson"
        lines = [msgspec.json.decode(line) for line in journal.read_bytes().splitlines()[1:]]
        assert len(lines) == pieces
        told: list[tuple[int, int]] = []
        again = made(trials=30, out=folder, progress=lambda *now, told=told: told.append(now))
        pd.testing.assert_frame_equal(again, whole)
        finished = sum(len(line["trials"]) for line in lines)
        assert told[0] == (finished, 60), "what was finished is not made again"
        assert not journal.exists()
        pd.testing.assert_frame_equal(
            pd.read_parquet(folder / "samples.parquet"), whole, check_dtype=False
        )


def test_a_finished_run_is_not_made_again_and_more_trials_are_added(tmp_path: Path) -> None:
    made(trials=10, out=tmp_path)
    told: list[tuple[int, int]] = []
    more = made(trials=14, out=tmp_path, progress=lambda *now: told.append(now))
    assert told[0] == (20, 28)
    pd.testing.assert_frame_equal(more, made(trials=14), check_dtype=False)


def test_a_torn_line_is_made_again(tmp_path: Path) -> None:
    turns = breaks_after(4)
    with pytest.raises(BreakError):
        made(trials=30, out=tmp_path, progress=lambda *_: next(turns))
    journal = tmp_path / "samples.unfinished.ndjson"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-20])
    told: list[tuple[int, int]] = []
    again = made(trials=30, out=tmp_path, progress=lambda *now: told.append(now))
    assert told[0] == (12, 60), "the torn piece is not among the three that are whole"
    pd.testing.assert_frame_equal(again, made(trials=30))


def store(folder: Path, mark: str = "m", *, fresh: bool = False) -> Store:
    return Store(folder, "samples", mark, "the command", fresh=fresh)


def found_in(folder: Path, mark: str = "m", *, fresh: bool = False) -> dict[tuple[str, int], Any]:
    with store(folder, mark, fresh=fresh) as one:
        return one.done


def test_an_unfinished_run_of_other_settings_is_kept_and_named(tmp_path: Path) -> None:
    with store(tmp_path) as one:
        one.add(Piece("x", 0, [[{"ms": 1.0}]]))
    before = one.journal.read_bytes()
    with pytest.raises(FigureError, match=r"other settings.*finish it: the command"):
        store(tmp_path, "other")
    assert one.journal.read_bytes() == before
    with store(tmp_path, "other", fresh=True) as other:
        assert not other.done


def test_a_journal_that_is_broken_inside_is_refused(tmp_path: Path) -> None:
    with store(tmp_path) as one:
        one.add(Piece("x", 0, [[{"ms": 1.0}]]))
        one.add(Piece("x", 1, [[{"ms": 2.0}]]))
    lines = one.journal.read_bytes().splitlines(keepends=True)
    one.journal.write_bytes(lines[0] + lines[1][:9] + b"\n" + lines[2])
    with pytest.raises(FigureError, match=r"cannot read the journal.*--fresh"):
        store(tmp_path)


def test_samples_of_another_fingerprint_are_not_taken(tmp_path: Path) -> None:
    with store(tmp_path) as one:
        one.add(Piece("x", 0, [[{"ms": 1.0}]]))
        one.finish(pd.DataFrame({"curve": ["x"], "trial": [0], "ms": [1.0]}))
    assert found_in(tmp_path) == {("x", 0): [{"ms": 1.0}]}
    assert not found_in(tmp_path, "other")
    assert not found_in(tmp_path, fresh=True)


def test_a_file_that_is_no_parquet_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "samples.parquet").write_bytes(b"nothing")
    assert not found_in(tmp_path)


def test_the_fingerprint_tells_apart_what_must_not_be_mixed() -> None:
    marks = {
        fingerprint(*what)
        for what in (
            ("A", 1, {"x": "1"}, None), ("B", 1, {"x": "1"}, None), ("A", 2, {"x": "1"}, None),
            ("A", 1, {"x": "2"}, None), ("A", 1, {"x": "1"}, "bug"),
        )
    }  # fmt: skip
    assert len(marks) == 5


# Who makes them ------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [2, 3])
def test_samples_are_the_same_with_several_processes(tmp_path: Path, jobs: int) -> None:
    alone = reproduce("D", trials=60, out=tmp_path / "one")
    many = reproduce("D", trials=60, jobs=jobs, out=tmp_path / "many")
    pd.testing.assert_frame_equal(alone.samples, many.samples)
    files = [tmp_path / name / "samples.parquet" for name in ("one", "many")]
    assert files[0].read_bytes() == files[1].read_bytes()


def other_code() -> str:
    """Return what no worker's code comes to: it names the process."""
    return str(os.getpid())


@pytest.mark.slow
def test_samples_are_the_same_on_a_cluster_that_is_there_already(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from distributed import LocalCluster

    alone = reproduce("A", trials=20, refit=False)
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",
        silence_logs="CRITICAL",
    ) as cluster:
        there = reproduce("A", trials=20, refit=False, cluster=cluster.scheduler_address)
        monkeypatch.setattr("toolkit.reproduction.pool.code_digest", other_code)
        with (
            pytest.raises(SettingError, match="does not run this version of the toolkit"),
            workers(1, cluster.scheduler_address),
        ):
            pass
    pd.testing.assert_frame_equal(alone.samples, there.samples)


def test_a_cluster_without_workers_is_refused() -> None:
    class Empty:
        def run(self, *_: object, **__: object) -> dict[str, str]:
            return {}

    with pytest.raises(SettingError, match="no workers"):
        _check_workers(Empty(), "tcp://there:1")


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_said_so() -> None:
    with (
        pytest.raises(SettingError, match="no scheduler answers"),
        workers(1, "tcp://127.0.0.1:1"),
    ):
        pass


def test_a_trial_that_fails_says_how_to_run_it_again() -> None:
    figure = Tiny([BREAK])
    with pytest.raises(InternalError, match=r"trial 3 .* toolkit figure trace Z break 3 --seed 5"):
        collect(figure, figure.curves({}), 4, settings={}, seed=5)


def test_a_trial_of_a_candidate_that_fails_can_be_run_again_too(tmp_path: Path) -> None:
    named = "150-200, write=exponential(0.002, 0.0005)"
    trace_trial("A", named, 2, out=tmp_path / "one.ndjson")
    trace_trial("A", "150-200", 2, out=tmp_path / "other.ndjson")
    one, other = ((tmp_path / f"{name}.ndjson").read_text() for name in ("one", "other"))
    assert "disk write exponential(0.002, 0.0005)" in one
    assert "disk write exponential(0.00275, 0.001)" in other


# What cannot be -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lo": "1"}, "no parameter 'lo'.*low, delay"),
        ({"low": "fast"}, "low='fast'.*cannot be parsed"),
    ],
)
def test_an_assumption_that_cannot_be_is_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        reproduce(Tiny(), settings=settings)


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("A", "timeouts=300"), ("A", "timeouts=5-10"), ("A", "timeouts=20-10"), ("A", "write=slow"),
        ("A", "drift=-1"), ("A", "logs=long"), ("A", "timeouts="), ("A", "timeouts=12-24 12-24"),
        ("B", "variants=other"), ("B", "alive=2"), ("B", "eligible=9"), ("B", "denies=maybe"),
        ("C", "failed=3"), ("C", "servers=2"), ("C", "failed=x"), ("C", "stable=-1"),
        ("D", "latency=0.9"), ("D", "clusters=5-3"), ("D", "clusters=5"), ("D", "latency="),
        ("D", "varying=constant(1)"),
    ],
)  # fmt: skip
def test_each_figure_refuses_assumptions_that_cannot_be(name: str, setting: str) -> None:
    key, _, value = setting.partition("=")
    with pytest.raises(SettingError):
        reproduce(name, trials=1, settings={key: value}, refit=False)


def test_an_unknown_figure_or_bug_or_number_of_trials_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown figure 'Q'.*A \(raft-election-time\)"):
        get_figure("Q")
    with pytest.raises(SettingError, match=r"no seeded bug 'x'.*same-timeouts"):
        reproduce("A", bug="x")
    with pytest.raises(SettingError, match="at least 1, got 0"):
        reproduce("A", trials=0)
    with pytest.raises(SettingError, match="jobs must be at least 1"), workers(0):
        pass


def test_every_figure_says_where_each_of_its_assumptions_comes_from() -> None:
    for figure in all_figures():
        assert figure.statement
        assert str(figure.paper.year) in str(figure.paper)
        for parameter in figure.parameters:
            assert parameter.help, (figure.id, parameter.name)
            assert parameter.why, (figure.id, parameter.name)
            parameter.parse(parameter.value)
        assert len(figure.published())


# Calibration ----------------------------------------------------------------------------------


def test_the_best_candidate_is_taken_and_the_others_are_told() -> None:
    found = reproduce(Tiny(), trials=10)
    assert found.fit is not None
    assert len(found.fit) == 3
    best = found.fit.sort_values("loss").iloc[0]
    assert found.fitted == {"delay": best["delay"]}
    assert found.how == "fitted"
    slow = reproduce(Tiny(), trials=10, settings={"delay": "0.05"})
    assert (slow.how, slow.fitted, slow.fit) == ("given", {}, None)
    assert slow.samples["ms"].mean() > found.samples["ms"].mean()
    assert slow.caveats == ["delay=0.05 is changed", "10 trials per curve instead of 30"]


def test_candidates_meet_the_same_chance() -> None:
    """Their curves share a stream, so that they differ by what they are alone."""
    figure = Tiny()
    (curve,) = figure.fit_curves()
    slow, slower = (
        collect(figure, [curve], 8, settings={"delay": delay})["ms"] for delay in ("0.01", "0.02")
    )
    # A vote travels there and back.
    assert list(slower - slow) == pytest.approx([20.0] * 8)


def test_histories_are_run_once_however_many_trials_are_asked_for() -> None:
    figure = get_figure("F")
    assert {curve.trials(10_000) for curve in figure.curves({})} == {1}
    assert Curve(name="x", share=0.1).trials(3) == 1
