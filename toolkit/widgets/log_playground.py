"""A widget to inject faults into a cluster at any step of a run."""

from __future__ import annotations

import html
import math
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from toolkit.conformance import SpecReplay, follow
from toolkit.errors import HostError, ScenarioError, SettingError, UnknownNameError
from toolkit.invocation import Invocation
from toolkit.protocols import get_protocol
from toolkit.sim import (
    ClientCommand,
    Crash,
    Cut,
    Heal,
    Partition,
    Restart,
    Scenario,
    ScenarioBuilder,
    format_scenario,
    simulate_trace,
)
from toolkit.sim.faults import ScenarioEvent, parse_events
from toolkit.sim.words import Line
from toolkit.trace import Trace
from toolkit.trace.logview import current_leader
from toolkit.widgets.explorer import TraceExplorer

__all__ = ["LogPlayground"]

_FILE = "playground.scenario"
_STEPS = 400
"""Maximum number of steps of a run, so that it can be shown quickly."""

_MICROSECOND = 1e-6


class LogPlayground(widgets.VBox):  # type: ignore[misc]
    """Controls to inject faults and commands at any step of a run, over a :class:`TraceExplorer`.

    The sliders set up the cluster.  Each button adds an event just after the shown step, and the
    run is simulated again from its seed; it does not change up to that step.  *Ask TLC* validates
    the run against the specification and shows the specification's states.

    Parameters
    ----------
    protocol : str
        Name of a registered protocol that has an implementation and a replicated log.
    seed : int
        Seed of the run.
    servers : int
        3 or 5.
    machine : str, optional
        Name of the replicated machine; by default the protocol's default.

    Raises
    ------
    UnknownNameError
        If the protocol is unknown or has no log.
    SettingError
        If the protocol has no implementation or cannot replicate the machine.

    Attributes
    ----------
    scenario : Scenario
        The scenario of the run; ``format_scenario(scenario)`` is its text.
    trace : Trace
        The trace that is shown.
    followed : SpecReplay or None
        The specification's states; ``None`` until :meth:`ask` is called.
    events : list of tuple
        The added events, in the order of the clicks; each element holds the events of one click.
    """

    def __init__(
        self, protocol: str, *, seed: int = 1, servers: int = 3, machine: str | None = None
    ) -> None:
        self._protocol = get_protocol(protocol)
        self._runnable = self._protocol.runnable
        self._settings = self._runnable.with_machine({}, machine)
        if self._protocol.log is None:
            raise UnknownNameError(
                f"protocol {protocol!r} has no log, which LogPlayground needs",
                hint="use Playground, or give the protocol a LogView as its attribute 'log'",
            )
        self._log = self._protocol.log
        replay = {"protocol": protocol, "scenario": _FILE, "out": "trace.ndjson"}
        self._replay = str(Invocation("simulate", replay))
        wide = {"description_width": "100px"}
        self.servers = widgets.ToggleButtons(
            options=[("3", 3), ("5", 5)], value=servers, description="servers", style=wide,
            layout=widgets.Layout(width="300px"),
        )  # fmt: skip
        self.servers.style.button_width = "44px"
        self.seed = widgets.IntSlider(value=seed, min=0, max=50, description="seed", style=wide,
                                      continuous_update=False)  # fmt: skip
        self.timeouts = widgets.IntRangeSlider(
            value=(150, 300), min=50, max=1000, step=10, description="timeouts (ms)",
            style=wide, continuous_update=False,
        )  # fmt: skip
        self.timeouts.disabled = not self._runnable.timing(0.15, 0.3)
        self.loss = widgets.FloatSlider(value=0.0, min=0, max=0.5, step=0.05, description="loss",
                                        style=wide, continuous_update=False)  # fmt: skip
        self.server = widgets.Dropdown(description="server", style={"description_width": "50px"})
        self.other = widgets.Dropdown(description="and", style={"description_width": "30px"})
        self._typed_operation, prompt = self._runnable.typing(self._settings)
        self.text = widgets.Text(value=self._runnable.typing_example(self._settings),
                                 description=prompt,
                                 continuous_update=True,
                                 style={"description_width": "30px"})  # fmt: skip
        self.statement = widgets.Text(
            placeholder="slow disk n1 by 10", description="event", continuous_update=True,
            style={"description_width": "40px"}, layout=widgets.Layout(width="260px"),
        )  # fmt: skip
        for box in (self.server, self.other, self.text):
            box.layout.width = "140px"
        self.report = widgets.HTML()
        self.report.add_class(f"{self._protocol.name}-report")
        self.made = widgets.HTML()
        self.made.add_class(f"{self._protocol.name}-events")
        self.text_form = widgets.HTML()
        self.text_form.add_class(f"{self._protocol.name}-scenario")
        self.events: list[tuple[ScenarioEvent, ...]] = []
        self.followed: SpecReplay | None = None
        self._name_servers()
        self.scenario, self.trace = self._run(self.events)
        self.explorer = TraceExplorer(self.trace)
        self.explorer.observe(lambda _: self._update_time(), names="step")
        for knob in (self.seed, self.timeouts, self.loss):
            knob.observe(lambda _: self._rerun(), names="value")
        self.servers.observe(lambda _: self.start_over(), names="value")
        self._when = widgets.HTML()
        super().__init__(self._layout())
        self._update()

    def _layout(self) -> list[widgets.Widget]:
        def button(word: str, icon: str, tip: str, run: Callable[[], object]) -> widgets.Button:
            widget = widgets.Button(description=word, icon=icon, tooltip=tip)
            widget.layout.width = "auto"
            widget.add_class(f"{self._protocol.name}-{word.lower().replace(' ', '-')}")
            widget.on_click(lambda _: run())
            return widget

        row = widgets.HBox
        server_row = [
            self.server,
            button("Crash", "power-off", "The server crashes and loses pending writes", self.crash),
            button("Restart", "play", "The server restarts", self.restart),
            button("Isolate", "ban", "All links of the server are cut",
                   self.isolate),
            self.other,
            button("Cut link", "chain-broken", "Cut the link between the two servers, both ways",
                   self.cut),
            button("Cut one way", "long-arrow-right", "Cut the link from the first server only",
                   lambda: self.cut(both=False)),
        ]  # fmt: skip
        cluster_row = [
            button("Kill the leader", "bolt", "The leader at the shown step crashes",
                   self.kill_leader),
            button("Heal everything", "medkit", "Restore all links and speeds", self.heal),
            self.text,
            button("Send command", "paper-plane", "Send the command to the selected server",
                   self.send),
            self.statement,
            button("Do it", "magic", "Add any event, written as in a scenario file after the time",
                   lambda: self.do(self.statement.value)),
            button("Undo", "undo", "Remove the last event", self.undo),
            button("Start over", "trash", "Remove all events", self.start_over),
        ]  # fmt: skip
        ask = button("Ask TLC", "check", "Validate the run against the specification", self.ask)
        for parts in (server_row, cluster_row):
            for part in parts:
                part.layout.flex = "0 0 auto"
        wrap = widgets.Layout(flex_flow="row wrap", align_items="center")
        about = widgets.Accordion([self.text_form], selected_index=None)
        about.set_title(0, "The scenario as text, and how to run it again")
        controls = widgets.VBox([
            row([self.servers, self.seed], layout=wrap),
            row([self.timeouts, self.loss], layout=wrap),
            self._when,
            row(cluster_row, layout=wrap),
            row(server_row, layout=wrap),
            self.made,
            row([ask, self.report], layout=wrap),
        ])  # fmt: skip
        controls.add_class(f"{self._protocol.name}-controls")
        return [controls, self.explorer, about]

    # The run -------------------------------------------------------------------------------

    @property
    def nodes(self) -> tuple[str, ...]:
        """The servers' names."""
        return tuple(f"n{number}" for number in range(1, self.servers.value + 1))

    def _name_servers(self) -> None:
        self.server.options = self.nodes
        self.other.options = self.nodes
        self.server.value, self.other.value = self.nodes[:2]

    def _run(self, events: list[tuple[ScenarioEvent, ...]]) -> tuple[Scenario, Trace]:
        low, high = (milliseconds / 1000 for milliseconds in self.timeouts.value)
        flat = [event for click in events for event in click]
        # Long enough to show the effects of the last event.
        until = max(0.8, max((event.time for event in flat), default=0.0) + 2 * high + 0.2)
        builder = ScenarioBuilder("playground", self._protocol.name, self.nodes)
        for key, value in {**self._settings, **self._runnable.timing(low, high)}.items():
            builder.set(key, value)
        builder.network(delay="uniform(0.005, 0.015)", loss=self.loss.value)
        builder.disk("constant(0.002)").retry(0.25, next_node=True)
        builder.limit(time=round(until, 3), steps=_STEPS).seed(self.seed.value)
        for event in flat:
            builder.event(event)
        scenario = builder.build()
        trace, self.result = simulate_trace(self._protocol, scenario, replay=self._replay)
        return scenario, trace

    @property
    def now(self) -> float:
        """The time just after the shown step, in simulated seconds."""
        step = self.explorer.step
        if step == 0:
            return 0.0
        return round(
            math.ceil(self.trace.steps[step - 1].time / _MICROSECOND + 1) * _MICROSECOND, 6
        )

    @property
    def leader(self) -> str | None:
        """The leader of the highest round at the shown step; ``None`` if there is no leader."""
        state: dict[str, dict[str, Any]] = dict(self.trace.header.initial)
        for index, (_, after) in enumerate(self.trace.states(), start=1):
            if index > self.explorer.step:
                break
            state = {node: dict(own) for node, own in after.items()}
        return current_leader(self._log, state)

    # Events --------------------------------------------------------------------------------

    def add(self, *events: ScenarioEvent) -> bool:
        """Add events and run the scenario again.

        Parameters
        ----------
        *events : ScenarioEvent

        Returns
        -------
        bool
            False if the events are not possible; nothing is changed then.
        """
        moment = max(event.time for event in events)
        changed = [*self.events, events]
        try:
            self.scenario, self.trace = self._run(changed)
        except (ScenarioError, SettingError, HostError) as error:
            hint = f" ({error.hint})" if error.hint else ""
            self._report(f"Not possible: {error.message}{hint}.", wrong=True)
            return False
        self.events = changed
        self.followed = None
        step = sum(step.time <= moment for step in self.trace.steps)
        self.explorer.show(self.trace, step=step)
        self._update()
        return True

    def kill_leader(self) -> None:
        """Crash the leader."""
        if self.leader is None:
            self._report("There is no leader at this step: go to a step with a crown.", wrong=True)
        else:
            self.add(Crash(self.now, self.leader, 0))

    def crash(self) -> None:
        """Crash the selected server; its pending writes are lost."""
        self.add(Crash(self.now, self.server.value, 0))

    def restart(self) -> None:
        """Restart the selected server."""
        self.add(Restart(self.now, self.server.value))

    def isolate(self) -> None:
        """Cut all links of the selected server."""
        rest = tuple(node for node in self.nodes if node != self.server.value)
        self.add(Partition(self.now, ((self.server.value,), rest)))

    def cut(self, *, both: bool = True) -> None:
        """Cut the link between the two selected servers.

        Parameters
        ----------
        both : bool
            Whether to cut both directions; otherwise only from the first to the second.
        """
        first, second = self.server.value, self.other.value
        if first == second:
            self._report("A link has two ends: select two different servers.", wrong=True)
            return
        reverse = (Cut(self.now, second, first),) if both else ()
        self.add(Cut(self.now, first, second), *reverse)

    def heal(self) -> None:
        """Restore all links."""
        self.add(Heal(self.now))

    def send(self) -> None:
        """Send the typed operation from a new client to the selected server."""
        count = sum(isinstance(event, ClientCommand) for click in self.events for event in click)
        try:
            operation = self._typed_operation(self.text.value)
        except SettingError as error:
            self._report(f"Not possible: {error.message} ({error.hint}).", wrong=True)
            return
        self.add(ClientCommand(self.now, f"c{count + 1}", operation, self.server.value))
        if self.text.value.isdecimal():
            self.text.value = str(count + 2)

    def do(self, statement: str) -> bool:
        """Add an event of any kind just after the shown step.

        Parameters
        ----------
        statement : str
            The event as in a scenario file, after the time: ``slow disk n1 by 10``.

        Returns
        -------
        bool
            False if the event is not possible; nothing is changed then.
        """
        line = Line(statement)
        try:
            events = parse_events(line, self.now)
            line.finish()
        except (ScenarioError, SettingError) as error:
            self._report(f"Not possible: {error.message} ({error.hint}).", wrong=True)
            return False
        return self.add(*events)

    def undo(self) -> None:
        """Remove the events of the last click."""
        if self.events:
            step = self.explorer.step
            self.events = self.events[:-1]
            self._rerun(step)

    def start_over(self) -> None:
        """Remove all events."""
        self.events = []
        self._name_servers()
        self._rerun()

    # Output --------------------------------------------------------------------------------

    def _rerun(self, step: int = 0) -> None:
        self.scenario, self.trace = self._run(self.events)
        self.followed = None
        self.explorer.show(self.trace, step=min(step, len(self.trace.steps)))
        self._update()

    def _update(self) -> None:
        lines = "".join(
            f"<li>{html.escape('; '.join(map(_describe, click)))}</li>" for click in self.events
        )
        self.made.value = (
            f'<ol style="margin: 0; line-height: 1.4">{lines}</ol>'
            if lines
            else "<i>no events were added yet</i>"
        )
        text = html.escape(format_scenario(self.scenario))
        self.text_form.value = (
            f'<pre style="line-height: 1.3; margin: 0">{text}</pre>'
            f"Save it as <code>{_FILE}</code> and run it with <code>{self._replay}</code>"
        )
        self._update_time()
        self._report()

    def _update_time(self) -> None:
        self._when.value = f"<b>Add an event at {self.now:.6f} s</b>, just after the shown step:"

    def _rounds(self) -> tuple[int, int]:
        """Return the highest round of the run and the number of elections won."""
        log = self._log
        views = self.trace.header.initial
        leads = {node: log.leads(view) for node, view in views.items()}
        highest = max(map(log.round, views.values()), default=0)
        elected = 0
        for step, states in self.trace.states():
            if step.state:
                view = states[step.node]
                highest = max(highest, log.round(view))
                elected += log.leads(view) and not leads[step.node]
                leads[step.node] = log.leads(view)
        return highest, elected

    def _report(self, more: str = "", *, wrong: bool = False) -> None:
        highest, elected = self._rounds()
        summary = (
            f"{len(self.trace.steps)} steps, to {self._log.describe_round(highest)}, "
            f"elections won: {elected}; commands answered: {len(self.result.answers)}; end: "
            f"{self.result.reason}."
        )
        style = ' style="color: #b2182b; font-weight: 600"' if wrong else ""
        self.report.value = f"{html.escape(summary)} <span{style}>{html.escape(more)}</span>"

    def ask(self) -> SpecReplay:
        """Validate the run with TLC and show the specification's states.

        Returns
        -------
        SpecReplay
        """
        self._report("Validating with TLC ...")
        self.followed = follow(self.trace)
        self.explorer.show(self.trace, self.followed, step=self.explorer.step)
        verdict = self.followed.verdict
        steps = f" {verdict.checked.steps} steps checked." if verdict.status == "accepted" else ""
        reason = f" {verdict.reason}" if verdict.reason else ""
        self._report(f"TLC: {verdict.status}.{steps}{reason}", wrong=verdict.status != "accepted")
        return self.followed


def _describe(event: ScenarioEvent) -> str:
    return f"at {event.time:.6f} s {event.describe()}"
