"""The same clients and the same faults on several protocols, side by side."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pandas as pd

from toolkit.analysis.metrics import (
    at_faults,
    entries_stored,
    latencies,
    leaderless,
    log_divergence,
    messages_by_type,
    throughput,
)
from toolkit.checks import CHECKS, CheckedRun, CheckReport, check_client_history, run_check
from toolkit.comparison.aimed_faults import AIMED_FAULTS, AimedFault, aimed_fault_names
from toolkit.conformance import ValidationReport, validate
from toolkit.display.charts import chart_svg
from toolkit.display.side_by_side import (
    latency_chart,
    messages_chart,
    recovery_chart,
    timeline_chart,
)
from toolkit.errors import SettingError, UnknownNameError
from toolkit.faces import Shown
from toolkit.invocation import Invocation
from toolkit.machines import get_machine
from toolkit.protocols import get_protocol, replicating_protocols
from toolkit.protocols.protocol import Protocol
from toolkit.sim import (
    RunResult,
    Scenario,
    ScenarioBuilder,
    format_scenario,
    simulate_trace,
    stream,
)
from toolkit.sim.leaders import who_leads
from toolkit.trace import Trace, TraceWriter

__all__ = ["Comparison", "Side", "compare", "write_comparison"]

_MACHINE = "kv"
"""What the protocols replicate unless another machine is named."""

_COMPACTION = {"snapshot": "50"}
"""Settings of those protocols that have them: logs are compacted every so many entries."""

_WARM_UP = 1.0
_DRAIN = 1.0


@dataclass(frozen=True, kw_only=True)
class Side:
    """What one protocol did.

    Parameters
    ----------
    protocol : str
    scenario : Scenario
        The run as it was: it can be written to a file, and run again.
    trace : Trace
    result : RunResult
    faults : pandas.DataFrame
        ``kind``, ``target`` (the node that it was aimed at), ``led`` (whether that node led, or
        there was none to aim at), ``begin``, ``end`` (s), and what
        :func:`~toolkit.analysis.metrics.at_faults` says.
    gaps : pandas.DataFrame
        ``begin``, ``end`` (s) of the times without a leader.
    latencies : pandas.DataFrame
        See :func:`~toolkit.analysis.metrics.latencies`.
    throughput : pandas.DataFrame
        See :func:`~toolkit.analysis.metrics.throughput`.
    messages : pandas.DataFrame
        See :func:`~toolkit.analysis.metrics.messages_by_type`.
    divergence : pandas.DataFrame
        See :func:`~toolkit.analysis.metrics.log_divergence`.
    entries : dict
        See :func:`~toolkit.analysis.metrics.entries_stored`.
    linearizable : bool or None
        Whether what the clients saw is linearizable; ``None`` if the search was given up.
    """

    protocol: str
    scenario: Scenario
    trace: Trace
    result: RunResult
    faults: pd.DataFrame
    gaps: pd.DataFrame
    latencies: pd.DataFrame
    throughput: pd.DataFrame
    messages: pd.DataFrame
    divergence: pd.DataFrame
    entries: dict[str, int]
    linearizable: bool | None


@dataclass(frozen=True, kw_only=True)
class Comparison(Shown):
    """Several protocols under the same clients and faults.

    Parameters
    ----------
    seed : int
    replay : Invocation
        What makes this comparison again.
    sides : tuple of Side
        One for each protocol.
    validation : ValidationReport or None
        What TLC says of the traces, in the sides' order, if it was asked; one for each.
    reports : tuple of CheckReport
        What further checks found; run k of a report is side k.
    """

    face: ClassVar[str] = "comparison"

    seed: int
    replay: Invocation
    sides: tuple[Side, ...]
    validation: tuple[ValidationReport, ...] | None
    reports: tuple[CheckReport, ...] = ()

    def _table(self, name: str) -> pd.DataFrame:
        frames = [getattr(side, name).assign(protocol=side.protocol) for side in self.sides]
        table: pd.DataFrame = pd.concat(frames, ignore_index=True)
        return table

    @property
    def latencies(self) -> pd.DataFrame:
        """Latencies of all, with a column ``protocol``."""
        return self._table("latencies")

    @property
    def throughput(self) -> pd.DataFrame:
        """Throughput of all, with a column ``protocol``."""
        return self._table("throughput")

    @property
    def messages(self) -> pd.DataFrame:
        """Messages of all, with columns ``protocol`` and ``per request`` (answered)."""
        frames = []
        for side in self.sides:
            answered = max(1, side.result.requests - side.result.unanswered)
            one = side.messages.assign(protocol=side.protocol)
            frames.append(one.assign(**{"per request": one["messages"] / answered}))
        return pd.concat(frames, ignore_index=True)

    @property
    def gaps(self) -> pd.DataFrame:
        """Times without a leader of all, with a column ``protocol``."""
        return self._table("gaps")

    @property
    def faults(self) -> pd.DataFrame:
        """What each did at each fault: a row for each fault and protocol."""
        table = self._table("faults")
        ordered: pd.DataFrame = table.sort_values("begin", kind="stable", ignore_index=True)
        return ordered

    @property
    def summary(self) -> pd.DataFrame:
        """A row for each protocol.

        Columns: ``protocol``; ``requests``, ``unanswered``; ``median``, ``p99``, ``slowest``
        (latency, s); ``undisturbed``, ``fault``, ``no leader`` (median latency by cause, s);
        ``rate`` (answers a second); ``messages`` and ``bytes`` (per answered request);
        ``leaderless`` (s); ``recovery`` (s, longest of all faults; missing if there was one
        that it did not recover from in time); ``entries`` (committed), ``wasted`` (entries);
        ``differing`` (most indices at which logs differed); ``behind`` (entries that a node was
        behind in the end); ``linearizable``; ``allowed`` (by the specification; missing if not
        asked).
        """
        rows = []
        for number, side in enumerate(self.sides):
            result, seconds = side.result, side.latencies["seconds"]
            answered = max(1, result.requests - result.unanswered)
            by_cause = side.latencies.groupby("cause")["seconds"].median()
            allowed = None
            if self.validation is not None:
                allowed = self.validation[number].ok
            rows.append(
                {
                    "protocol": side.protocol,
                    "requests": result.requests,
                    "unanswered": result.unanswered,
                    "median": seconds.median(),
                    "p99": seconds.quantile(0.99),
                    "slowest": seconds.max(),
                    "undisturbed": by_cause.get("undisturbed"),
                    "fault": by_cause.get("fault"),
                    "no leader": by_cause.get("no leader"),
                    "rate": answered / result.time,
                    "messages": side.messages["messages"].sum() / answered,
                    "bytes": side.messages["bytes"].sum() / answered,
                    "leaderless": (side.gaps["end"] - side.gaps["begin"]).sum(),
                    "recovery": side.faults["recovery"].max(skipna=False),
                    "entries": side.entries["committed"],
                    "wasted": side.entries["wasted"],
                    "differing": side.divergence["differing"].max(),
                    "behind": side.divergence["behind"].iloc[-1],
                    "linearizable": side.linearizable,
                    "allowed": allowed,
                }
            )
        return pd.DataFrame(rows)

    @property
    def ok(self) -> bool:
        """Whether every history is linearizable and every trace, if asked, allowed."""
        return (
            all(side.linearizable for side in self.sides)
            and (self.validation is None or all(report.ok for report in self.validation))
            and all(report.ok for report in self.reports)
        )

    def charts(self) -> dict[str, Any]:
        """Return the charts of the comparison.

        Returns
        -------
        dict
            ``timeline``, ``recovery``, ``latency`` and ``messages``, each an Altair chart.
        """
        return {
            "timeline": timeline_chart(self.throughput, self.gaps, self.faults),
            "recovery": recovery_chart(self.faults),
            "latency": latency_chart(self.latencies),
            "messages": messages_chart(self.messages),
        }

    def to_json(self) -> dict[str, Any]:
        """Return a comparison as JSON data; times are in seconds.

        Returns
        -------
        dict
            ``seed``, ``replay``, ``ok``, and lists of records: ``summary``, ``faults``, ``gaps``,
            ``latency`` (quantiles by protocol and cause), ``messages``, ``throughput``, ``checks``.
        """
        quantiles = [0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0]
        groups = self.latencies.groupby(["protocol", "cause"], sort=False)["seconds"]
        latency = [
            {"protocol": protocol, "cause": cause, "requests": len(seconds)}
            | {f"q{at:g}": float(seconds.quantile(at)) for at in quantiles}
            for (protocol, cause), seconds in groups
        ]
        return {
            "seed": self.seed,
            "replay": str(self.replay),
            "ok": self.ok,
            "summary": _records(self.summary),
            "faults": _records(self.faults),
            "gaps": _records(self.gaps),
            "latency": latency,
            "messages": _records(self.messages),
            "throughput": _records(self.throughput),
            "checks": [msgspec.to_builtins(report) for report in self.reports],
        }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as JSON has them; what is missing is null."""
    rows: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", double_precision=9))
    return rows


def _requests(
    rng: random.Random,
    nodes: Sequence[str],
    rate: float,
    until: float,
    protocol: Protocol,
    machine: str | None,
) -> list[tuple[float, str, Any, str]]:
    """Draw when clients ask for what, and whom; each asks once."""
    config = protocol.runnable.configure(nodes, protocol.runnable.with_machine({}, machine))
    found: list[tuple[float, str, Any, str]] = []
    time = _WARM_UP / 2
    while True:
        time += rng.expovariate(rate)
        if time >= until:
            return found
        node = rng.choice(list(nodes))
        operation = protocol.runnable.random_operation(config, rng, node)
        found.append((round(time, 6), f"c{len(found) + 1}", operation, node))


def _side(
    protocol: Protocol,
    seed: int,
    nodes: Sequence[str],
    requests: Iterable[tuple[float, str, Any, str]],
    kinds: Sequence[AimedFault],
    fault_duration: float,
    fault_interval: float,
    settings: Mapping[str, str],
    replay: Invocation,
) -> Side:
    plan = ScenarioBuilder(f"compare-{protocol.name}", protocol.name, nodes)
    plan.network(delay="uniform(0.002, 0.006)").disk("uniform(0.001, 0.004)")
    plan.retry(0.25, next_node=True).seed(seed)
    known = protocol.runnable.settings
    compaction = {key: value for key, value in _COMPACTION.items() if key in known}
    for key, value in {**compaction, **settings}.items():
        plan.set(key, value)
    for time, client, operation, node in requests:
        plan.command(time, client, operation, node)
    rng = stream(seed, "compare faults")
    begin, struck = _WARM_UP, []
    for kind in kinds:
        shuffled = rng.sample(list(nodes), len(nodes))
        leader = who_leads(protocol, plan.limit(time=begin).build())
        others = [name for name in shuffled if name != (leader or shuffled[0])]
        target = leader or shuffled[0]
        if not kind.at_leader:
            target, others = others[0], [target, *others[1:]]
        end = begin + fault_duration
        kind.strike(plan, target, others, begin, end)
        struck.append((kind.name, target, leader is not None, begin, end))
        begin = end + fault_interval
    # Nobody asks for anything any more: what still waits is answered.
    until = begin + _DRAIN
    scenario = plan.limit(time=until).build()
    trace, result = simulate_trace(protocol, scenario, replay=str(replay))
    assert protocol.log is not None
    gaps = leaderless(trace, protocol.log)
    faults = pd.DataFrame(struck, columns=["kind", "target", "led", "begin", "end"])
    verdict = check_client_history(result)
    return Side(
        protocol=protocol.name,
        scenario=scenario,
        trace=trace,
        result=result,
        faults=at_faults(result.calls, faults, gaps, begin),
        gaps=gaps,
        latencies=latencies(result.calls, faults, gaps),
        throughput=throughput(result.calls, until),
        messages=messages_by_type(trace),
        divergence=log_divergence(trace, protocol.log),
        entries=entries_stored(trace, protocol.log),
        linearizable=None if verdict.verdict == "not decided" else verdict.ok,
    )


def compare(
    seed: int = 0,
    *,
    protocols: Sequence[str] | None = None,
    nodes: int = 5,
    rate: float = 40.0,
    faults: Sequence[str] | None = None,
    fault_duration: float = 1.0,
    fault_interval: float = 1.0,
    machine: str | None = None,
    settings: Mapping[str, Mapping[str, str]] | None = None,
    check: bool = False,
    checks: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Run the same clients and the same faults on several protocols.

    Clients ask at the same times, for the same, the same nodes; each asks once, and again after
    0.25 s, of the next node.  The faults come in the same order at the same times.  Most are
    aimed at whoever leads in that run when they begin: at the same moment different nodes may
    lead in different protocols.  Time-outs (0.15 to 0.3 s) and heartbeats (0.05 s) are the
    protocols' defaults, and alike; messages take 2 to 6 ms, writes 1 to 4 ms; logs are compacted
    every 50 entries.

    Parameters
    ----------
    seed : int
        What all chance is drawn from.
    protocols : sequence of str, optional
        Names of protocols that can replicate the machine by a log; by default all that are
        registered, sorted.
    nodes : int
        How many servers, from 3 on.
    rate : float
        Requests a second, on average.
    faults : sequence of str, optional
        Names of aimed faults (:mod:`toolkit.comparison.aimed_faults`), in order; by default all,
        in an order that the seed decides.
    fault_duration, fault_interval : float
        Seconds that a fault lasts, and seconds until the next one.
    machine : str, optional
        Name of the machine (:mod:`toolkit.machines`) that all replicate; by default the key-value
        store.
    settings : mapping of str to mapping, optional
        By protocol its settings, where they are to be others than said above.
    check : bool
        Whether TLC is asked if the specifications allow what was done.
    checks : sequence of str
        Names of further checks (:mod:`toolkit.checks`) of the runs.
    progress : callable, optional
        ``progress(done, total)``: called after each run, and each validation.

    Returns
    -------
    Comparison

    Raises
    ------
    SettingError
        If a number or a setting cannot be, or settings are for a protocol that takes no part.
    UnknownNameError
        If a protocol, a kind of fault, a machine or a check is unknown, or a protocol cannot
        replicate the machine.

    Examples
    --------
    >>> found = compare(1, protocols=["raft", "zab"], nodes=3, faults=["crash-leader"])
    >>> found.summary["protocol"].tolist(), found.ok
    (['raft', 'zab'], True)
    """
    if nodes < 3 or not rate > 0 or not fault_duration > 0 or fault_interval < 0:
        raise SettingError(
            f"cannot compare with nodes={nodes}, rate={rate}, fault_duration={fault_duration}, "
            f"fault_interval={fault_interval}",
            hint="nodes at least 3, rate and fault_duration above 0, fault_interval at least 0",
        )
    store = get_machine(machine or _MACHINE)
    comparable = replicating_protocols(store.name)
    plugins = [get_protocol(name) for name in (comparable if protocols is None else protocols)]
    without = [plugin.name for plugin in plugins if plugin.name not in comparable]
    if without or not plugins:
        raise UnknownNameError(
            f"{without[0]!r} cannot replicate the machine {store.name!r} by a log"
            if without
            else "no protocol to compare",
            hint=f"known: {', '.join(comparable) or 'none'}",
        )
    chosen = dict(settings or {})
    for name in chosen:
        if name not in [plugin.name for plugin in plugins]:
            raise SettingError(
                f"settings are given for {name!r}, which takes no part",
                hint=f"compared are {', '.join(plugin.name for plugin in plugins)}",
            )
        if "machine" in chosen[name]:
            raise SettingError(
                f"the setting 'machine' is given for {name!r} alone: all replicate one machine",
                hint=f"name it once, for all: machine {chosen[name]['machine']}",
            )
    options = {
        plugin.name: plugin.runnable.with_machine(chosen.get(plugin.name, {}), machine)
        for plugin in plugins
    }
    further = [CHECKS.get(name) for name in dict.fromkeys(checks)]
    kinds = aimed_fault_names() if faults is None else list(faults)
    aimed = {kind: AIMED_FAULTS.get(kind) for kind in kinds}
    if faults is None:
        stream(seed, "compare order").shuffle(kinds)
    names = [f"n{number}" for number in range(1, nodes + 1)]
    until = _WARM_UP + len(kinds) * (fault_duration + fault_interval)
    requests = _requests(stream(seed, "compare clients"), names, rate, until, plugins[0], machine)
    replay = Invocation(
        "compare",
        {
            "seed": seed,
            "nodes": nodes,
            "rate": rate,
            "fault_duration": fault_duration,
            "fault_interval": fault_interval,
            "protocol": [plugin.name for plugin in plugins],
            "fault": None if faults is None else kinds,
            "machine": machine,
            "settings": chosen,
        },
    )
    total = len(plugins) * (2 if check else 1)
    sides: list[Side] = []
    reports: list[ValidationReport] = []

    def tell() -> None:
        if progress is not None:
            progress(len(sides) + len(reports), total)

    tell()
    struck = [aimed[kind] for kind in kinds]
    for plugin in plugins:
        own = options[plugin.name]
        sides.append(
            _side(
                plugin, seed, names, requests, struck, fault_duration, fault_interval, own, replay
            )
        )
        tell()
    if check:
        for side in sides:
            reports.append(validate([side.trace]))
            tell()
    runs = [CheckedRun(get_protocol(side.protocol), side.trace, side.result) for side in sides]
    return Comparison(
        seed=seed,
        replay=replay,
        sides=tuple(sides),
        validation=tuple(reports) if check else None,
        reports=tuple(run_check(one, runs) for one in further),
    )


def write_comparison(found: Comparison, folder: Path) -> list[str]:
    """Write all that a comparison found.

    Parameters
    ----------
    found : Comparison
    folder : pathlib.Path
        It is made if it is not there.

    Returns
    -------
    list of str
        The files' names: of each protocol its ``.scenario`` and its trace as ``.ndjson``, the
        tables as ``.csv``, the charts as ``.svg``.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names: list[str] = []

    def put(name: str, text: str) -> None:
        (folder / name).write_text(text, encoding="utf-8")
        names.append(name)

    for side in found.sides:
        put(f"{side.protocol}.scenario", format_scenario(side.scenario, expected=False))
        with TraceWriter(folder / f"{side.protocol}.ndjson") as writer:
            writer.write(side.trace)
        names.append(f"{side.protocol}.ndjson")
    for name in ("summary", "faults", "gaps", "latencies", "messages", "throughput"):
        table: pd.DataFrame = getattr(found, name)
        put(f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
    for name, chart in found.charts().items():
        put(f"{name}.svg", chart_svg(chart))
    return names
