"""Run the same clients and the same faults on several protocols and compare them."""

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
"""The machine that the protocols replicate by default."""

_COMPACTION = {"snapshot": "50"}
"""Setting for protocols that have it: number of entries after which logs are compacted."""

_WARM_UP = 1.0
_DRAIN = 1.0


@dataclass(frozen=True, kw_only=True)
class Side:
    """The run of one protocol.

    Parameters
    ----------
    protocol : str
    scenario : Scenario
        The scenario with its faults resolved to nodes; it can be saved and run again.
    trace : Trace
    result : RunResult
    faults : pandas.DataFrame
        ``kind``, ``target`` (the node that the fault was aimed at), ``led`` (whether there was a
        leader), ``begin``, ``end`` (s), and the columns of
        :func:`~toolkit.analysis.metrics.at_faults`.
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
        Whether the client history is linearizable; ``None`` if this was not decided.
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
    """The runs of several protocols under the same clients and faults.

    Parameters
    ----------
    seed : int
    replay : Invocation
        The command that repeats this comparison.
    sides : tuple of Side
        The run of each protocol.
    validation : tuple of ValidationReport or None
        The validation of each side's trace, in the order of `sides`; ``None`` if the traces were
        not validated.
    reports : tuple of CheckReport
        Reports of further checks; run k of a report is side k.
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
        """Latencies of all protocols, with a column ``protocol``."""
        return self._table("latencies")

    @property
    def throughput(self) -> pd.DataFrame:
        """Throughput of all protocols, with a column ``protocol``."""
        return self._table("throughput")

    @property
    def messages(self) -> pd.DataFrame:
        """Messages of all protocols, with columns ``protocol`` and ``per request`` (answered)."""
        frames = []
        for side in self.sides:
            answered = max(1, side.result.requests - side.result.unanswered)
            frame = side.messages.assign(protocol=side.protocol)
            frames.append(frame.assign(**{"per request": frame["messages"] / answered}))
        return pd.concat(frames, ignore_index=True)

    @property
    def gaps(self) -> pd.DataFrame:
        """Times without a leader of all protocols, with a column ``protocol``."""
        return self._table("gaps")

    @property
    def faults(self) -> pd.DataFrame:
        """Metrics at each fault, one row per fault and protocol."""
        table = self._table("faults")
        ordered: pd.DataFrame = table.sort_values("begin", kind="stable", ignore_index=True)
        return ordered

    @property
    def summary(self) -> pd.DataFrame:
        """A summary with one row per protocol.

        Columns: ``protocol``; ``requests``, ``unanswered``; ``median``, ``p99``, ``slowest``
        (latency, s); ``undisturbed``, ``fault``, ``no leader`` (median latency by cause, s);
        ``rate`` (answers per second); ``messages`` and ``bytes`` (per answered request);
        ``leaderless`` (s); ``recovery`` (s, the longest of all faults; missing if the protocol did
        not recover from a fault in time); ``entries`` (committed); ``wasted`` (entries);
        ``differing`` (maximum number of indices at which logs differed); ``behind`` (distance
        between the highest and the lowest known commit index at the end); ``linearizable``;
        ``allowed`` (whether the trace was accepted; missing if it was not validated).
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
        """Whether histories are linearizable, validated traces accepted and other checks passed."""
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
        # Altair is slow to import.
        from toolkit.display.side_by_side import (
            latency_chart,
            messages_chart,
            recovery_chart,
            timeline_chart,
        )

        return {
            "timeline": timeline_chart(self.throughput, self.gaps, self.faults),
            "recovery": recovery_chart(self.faults),
            "latency": latency_chart(self.latencies),
            "messages": messages_chart(self.messages),
        }

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON data, with times in seconds.

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
            | {f"q{level:g}": float(seconds.quantile(level)) for level in quantiles}
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
    """Return the rows of a table as JSON data; missing values are null."""
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
    """Draw the requests: time, client, operation and node, with one request per client."""
    config = protocol.runnable.configure(nodes, protocol.runnable.with_machine({}, machine))
    requests: list[tuple[float, str, Any, str]] = []
    time = _WARM_UP / 2
    while True:
        time += rng.expovariate(rate)
        if time >= until:
            return requests
        node = rng.choice(list(nodes))
        operation = protocol.runnable.random_operation(config, rng, node)
        requests.append((round(time, 6), f"c{len(requests) + 1}", operation, node))


def _run_side(
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
    begin, injected = _WARM_UP, []
    for kind in kinds:
        shuffled = rng.sample(list(nodes), len(nodes))
        leader = who_leads(protocol, plan.limit(time=begin).build())
        others = [name for name in shuffled if name != (leader or shuffled[0])]
        target = leader or shuffled[0]
        if not kind.at_leader:
            target, others = others[0], [target, *others[1:]]
        end = begin + fault_duration
        kind.strike(plan, target, others, begin, end)
        injected.append((kind.name, target, leader is not None, begin, end))
        begin = end + fault_interval
    # There are no new requests in this time, so that waiting requests can be answered.
    until = begin + _DRAIN
    scenario = plan.limit(time=until).build()
    trace, result = simulate_trace(protocol, scenario, replay=str(replay))
    assert protocol.log is not None
    gaps = leaderless(trace, protocol.log)
    faults = pd.DataFrame(injected, columns=["kind", "target", "led", "begin", "end"])
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

    Clients send the same requests at the same times to the same nodes.  Each client has one
    request and, while it is unanswered, retries every 0.25 s at the next node.  Faults begin in
    the same order at the same times.  Most are aimed at the leader of that run at that time, which
    may be a different node in each protocol.  Timeouts (0.15 to 0.3 s) and heartbeats (0.05 s) are
    the protocols' defaults, which are equal; messages take 2 to 6 ms, writes 1 to 4 ms; logs are
    compacted every 50 entries.

    Parameters
    ----------
    seed : int
        Seed of all randomness.
    protocols : sequence of str, optional
        Names of protocols that can replicate the machine by a log; by default all registered
        ones, sorted.
    nodes : int
        Number of servers, at least 3.
    rate : float
        Average number of requests per second.
    faults : sequence of str, optional
        Names of aimed faults (:mod:`toolkit.comparison.aimed_faults`), in order; by default all,
        in an order drawn from the seed.
    fault_duration, fault_interval : float
        Duration of a fault and the time to the next fault, in seconds.
    machine : str, optional
        Name of the replicated machine (:mod:`toolkit.machines`); by default the key-value store.
    settings : mapping of str to mapping, optional
        Protocol to its settings, which override the values above.
    check : bool
        Whether the traces are validated with TLC.
    checks : sequence of str
        Names of further checks (:mod:`toolkit.checks`) to run.
    progress : callable, optional
        ``progress(done, total)``, called after each run and each validation.

    Returns
    -------
    Comparison

    Raises
    ------
    SettingError
        If a number or a setting is invalid, or settings are given for a protocol that is not
        compared.
    UnknownNameError
        If a protocol, a kind of fault, a machine or a check is unknown, or a protocol cannot
        replicate the machine.

    Examples
    --------
    >>> result = compare(1, protocols=["raft", "zab"], nodes=3, faults=["crash-leader"])
    >>> result.summary["protocol"].tolist(), result.ok
    (['raft', 'zab'], True)
    """
    if nodes < 3 or not rate > 0 or not fault_duration > 0 or fault_interval < 0:
        raise SettingError(
            "nodes must be at least 3, rate and fault duration above 0, fault interval at least 0; "
            f"got nodes={nodes}, rate={rate}, fault_duration={fault_duration}, "
            f"fault_interval={fault_interval}",
            hint="change the value that is out of range",
        )
    store = get_machine(machine or _MACHINE)
    comparable = replicating_protocols(store.name)
    plugins = [get_protocol(name) for name in (comparable if protocols is None else protocols)]
    unsuitable = [plugin.name for plugin in plugins if plugin.name not in comparable]
    if unsuitable or not plugins:
        raise UnknownNameError(
            f"protocol {unsuitable[0]!r} cannot replicate the machine {store.name!r} by a log"
            if unsuitable
            else "no protocol to compare",
            hint=f"known: {', '.join(comparable) or 'none'}",
        )
    chosen = dict(settings or {})
    for name in chosen:
        if name not in [plugin.name for plugin in plugins]:
            raise SettingError(
                f"settings are given for protocol {name!r}, which is not compared",
                hint=f"compared: {', '.join(plugin.name for plugin in plugins)}",
            )
        if "machine" in chosen[name]:
            raise SettingError(
                f"all protocols replicate the same machine, but {name!r} has a setting 'machine'",
                hint=f"select the machine for all protocols: machine {chosen[name]['machine']}",
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
    parameters = {
        "seed": seed,
        "nodes": nodes,
        "rate": rate,
        "fault_duration": fault_duration,
        "fault_interval": fault_interval,
        "protocol": [plugin.name for plugin in plugins],
        "fault": None if faults is None else kinds,
        "machine": machine,
        "settings": chosen,
    }
    # The traces are the same with and without checks.
    replay = Invocation("compare", parameters)
    total = len(plugins) * (2 if check else 1)
    sides: list[Side] = []
    reports: list[ValidationReport] = []

    def report_progress() -> None:
        if progress is not None:
            progress(len(sides) + len(reports), total)

    report_progress()
    aimed_faults = [aimed[kind] for kind in kinds]
    for plugin in plugins:
        own = options[plugin.name]
        sides.append(
            _run_side(
                plugin,
                seed,
                names,
                requests,
                aimed_faults,
                fault_duration,
                fault_interval,
                own,
                replay,
            )
        )
        report_progress()
    if check:
        for side in sides:
            reports.append(validate([side.trace]))
            report_progress()
    runs = [CheckedRun(get_protocol(side.protocol), side.trace, side.result) for side in sides]
    return Comparison(
        seed=seed,
        replay=Invocation(
            "compare",
            {**parameters, "check": check, "run_check": [each.name for each in further]},
        ),
        sides=tuple(sides),
        validation=tuple(reports) if check else None,
        reports=tuple(run_check(check_object, runs) for check_object in further),
    )


def write_comparison(comparison: Comparison, folder: Path) -> list[str]:
    """Write scenarios, traces, tables and charts of a comparison to a folder.

    Parameters
    ----------
    comparison : Comparison
    folder : pathlib.Path
        Created if it does not exist.

    Returns
    -------
    list of str
        Names of the files: a ``.scenario`` and a trace (``.ndjson``) per protocol, tables as
        ``.csv`` and charts as ``.svg``.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    # Altair is slow to import.
    from toolkit.display.charts import chart_svg

    folder.mkdir(parents=True, exist_ok=True)
    names: list[str] = []

    def write(name: str, text: str) -> None:
        (folder / name).write_text(text, encoding="utf-8")
        names.append(name)

    for side in comparison.sides:
        write(f"{side.protocol}.scenario", format_scenario(side.scenario, expected=False))
        with TraceWriter(folder / f"{side.protocol}.ndjson") as writer:
            writer.write(side.trace)
        names.append(f"{side.protocol}.ndjson")
    for name in ("summary", "faults", "gaps", "latencies", "messages", "throughput"):
        table: pd.DataFrame = getattr(comparison, name)
        write(f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
    for name, chart in comparison.charts().items():
        write(f"{name}.svg", chart_svg(chart))
    return names
