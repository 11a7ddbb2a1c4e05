"""Elections and replication to play with: break a cluster at any moment of a run."""

from __future__ import annotations

import html
import math
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from toolkit.conformance import SpecReplay, follow
from toolkit.errors import ScenarioError, SettingError, UnknownNameError
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
"""A longer run is more than one cares to step through, and slow to show."""

_MICROSECOND = 1e-6


class LogPlayground(widgets.VBox):  # type: ignore[misc]
    """A cluster to break at any step of its run, over a :class:`TraceExplorer`.

    The knobs say how the cluster is made; the buttons let something happen just after the step
    that is shown, and the run is simulated again from its seed: up to that moment nothing
    changes.  *Ask TLC* lets the specification follow the run.

    Parameters
    ----------
    protocol : str
        The name of a registered protocol that can be run and keeps a replicated log.
    seed : int
        Seed of the run.
    servers : int
        3 or 5.
    machine : str, optional
        Name of the machine that is replicated; by default the protocol's own.

    Raises
    ------
    UnknownNameError
        If no protocol of that name is known, or it keeps no log.
    SettingError
        If the protocol has only a specification, or cannot replicate the machine.

    Attributes
    ----------
    scenario : Scenario
        What is run: ``format_scenario(scenario)`` is its text.
    trace : Trace
        The run that is shown.
    followed : SpecReplay or None
        The specification's states for it, once asked for.
    events : list of tuple
        What was made to happen, in the order in which it was asked for; each element holds the
        events of one click.
    """

    def __init__(
        self, protocol: str, *, seed: int = 1, servers: int = 3, machine: str | None = None
    ) -> None:
        self._protocol = get_protocol(protocol)
        self._runnable = self._protocol.runnable
        self._settings = self._runnable.with_machine({}, machine)
        if self._protocol.log is None:
            raise UnknownNameError(
                f"there is no playground of logs for {protocol!r}: it keeps none",
                hint="Playground runs any protocol; a LogView as its 'log' makes it play here too",
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
            value=(150, 300), min=50, max=1000, step=10, description="time-outs (ms)",
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
        self.explorer.observe(lambda _: self._say_when(), names="step")
        for knob in (self.seed, self.timeouts, self.loss):
            knob.observe(lambda _: self._again(), names="value")
        self.servers.observe(lambda _: self.start_over(), names="value")
        self._when = widgets.HTML()
        super().__init__(self._laid_out())
        self._shown()

    def _laid_out(self) -> list[widgets.Widget]:
        def button(word: str, icon: str, tip: str, run: Callable[[], object]) -> widgets.Button:
            one = widgets.Button(description=word, icon=icon, tooltip=tip)
            one.layout.width = "auto"
            one.add_class(f"{self._protocol.name}-{word.lower().replace(' ', '-')}")
            one.on_click(lambda _: run())
            return one

        row = widgets.HBox
        one = [
            self.server,
            button("Crash", "power-off", "The server goes down, with what was not on its disk",
                   self.crash),
            button("Restart", "play", "The server comes up again", self.restart),
            button("Isolate", "ban", "Nobody reaches the server, and it reaches nobody",
                   self.isolate),
            self.other,
            button("Cut link", "chain-broken", "Between the two, in both directions", self.cut),
            button("Cut one way", "long-arrow-right", "From the first to the second only",
                   lambda: self.cut(both=False)),
        ]  # fmt: skip
        for_all = [
            button("Kill the leader", "bolt", "Who leads at the step shown crashes",
                   self.kill_leader),
            button("Heal everything", "medkit", "All links work again", self.heal),
            self.text,
            button("Send command", "paper-plane", "A client asks the chosen server for it",
                   self.send),
            self.statement,
            button("Do it", "magic", "Any event of a scenario, as its text has it after the time",
                   lambda: self.do(self.statement.value)),
            button("Undo", "undo", "Take the last thing back", self.undo),
            button("Start over", "trash", "Take everything back", self.start_over),
        ]  # fmt: skip
        ask = button("Ask TLC", "check", "Let the specification follow the run", self.ask)
        for some in (one, for_all):
            for part in some:
                part.layout.flex = "0 0 auto"
        wrap = widgets.Layout(flex_flow="row wrap", align_items="center")
        about = widgets.Accordion([self.text_form], selected_index=None)
        about.set_title(0, "The scenario as text, and how to run it again")
        controls = widgets.VBox([
            row([self.servers, self.seed], layout=wrap),
            row([self.timeouts, self.loss], layout=wrap),
            self._when,
            row(for_all, layout=wrap),
            row(one, layout=wrap),
            self.made,
            row([ask, self.report], layout=wrap),
        ])  # fmt: skip
        controls.add_class(f"{self._protocol.name}-controls")
        return [controls, self.explorer, about]

    # What is run ---------------------------------------------------------------------------

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
        flat = [event for some in events for event in some]
        # Long enough to see what comes of the last thing that happens.
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
        """The moment just after the step that is shown, in seconds of the run."""
        step = self.explorer.step
        if step == 0:
            return 0.0
        return round(
            math.ceil(self.trace.steps[step - 1].time / _MICROSECOND + 1) * _MICROSECOND, 6
        )

    @property
    def leader(self) -> str | None:
        """Who leads at the step shown: of several the one in the highest round."""
        state: dict[str, dict[str, Any]] = dict(self.trace.header.initial)
        for index, (_, after) in enumerate(self.trace.states(), start=1):
            if index > self.explorer.step:
                break
            state = {node: dict(own) for node, own in after.items()}
        return current_leader(self._log, state)

    # What is made to happen ----------------------------------------------------------------

    def add(self, *events: ScenarioEvent) -> bool:
        """Let events happen too, and run it again; return whether they fit the rest."""
        moment = max(event.time for event in events)
        wanted = [*self.events, events]
        try:
            self.scenario, self.trace = self._run(wanted)
        except (ScenarioError, SettingError) as error:
            self._report(f"Not possible: {error.message}.", wrong=True)
            return False
        self.events = wanted
        self.followed = None
        step = sum(one.time <= moment for one in self.trace.steps)
        self.explorer.show(self.trace, step=step)
        self._shown()
        return True

    def kill_leader(self) -> None:
        """Let the leader crash."""
        if self.leader is None:
            self._report("Nobody leads at this step: go on to one with a crown.", wrong=True)
        else:
            self.add(Crash(self.now, self.leader, 0))

    def crash(self) -> None:
        """Let the chosen server crash; nothing that waits for its disk is kept."""
        self.add(Crash(self.now, self.server.value, 0))

    def restart(self) -> None:
        """Let the chosen server come up again."""
        self.add(Restart(self.now, self.server.value))

    def isolate(self) -> None:
        """Cut all links of the chosen server."""
        rest = tuple(node for node in self.nodes if node != self.server.value)
        self.add(Partition(self.now, ((self.server.value,), rest)))

    def cut(self, *, both: bool = True) -> None:
        """Cut the link between the two chosen servers, or from the first to the second only."""
        one, other = self.server.value, self.other.value
        if one == other:
            self._report("A link has two ends: choose two servers.", wrong=True)
            return
        back = (Cut(self.now, other, one),) if both else ()
        self.add(Cut(self.now, one, other), *back)

    def heal(self) -> None:
        """Let all links work again."""
        self.add(Heal(self.now))

    def send(self) -> None:
        """Let a client ask the chosen server for the operation that was typed."""
        count = sum(isinstance(event, ClientCommand) for some in self.events for event in some)
        try:
            operation = self._typed_operation(self.text.value)
        except SettingError as error:
            self._report(f"Not possible: {error.message} ({error.hint}).", wrong=True)
            return
        self.add(ClientCommand(self.now, f"c{count + 1}", operation, self.server.value))
        if self.text.value.isdecimal():
            self.text.value = str(count + 2)

    def do(self, statement: str) -> bool:
        """Let an event of any kind happen at the step shown; return whether it was possible.

        Parameters
        ----------
        statement : str
            As in a scenario, after the time: ``slow disk n1 by 10``.
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
        """Take the last thing back."""
        if self.events:
            step = self.explorer.step
            self.events = self.events[:-1]
            self._again(step)

    def start_over(self) -> None:
        """Take everything back."""
        self.events = []
        self._name_servers()
        self._again()

    # What is shown -------------------------------------------------------------------------

    def _again(self, step: int = 0) -> None:
        self.scenario, self.trace = self._run(self.events)
        self.followed = None
        self.explorer.show(self.trace, step=min(step, len(self.trace.steps)))
        self._shown()

    def _shown(self) -> None:
        lines = "".join(
            f"<li>{html.escape('; '.join(map(_describe, some)))}</li>" for some in self.events
        )
        self.made.value = (
            f'<ol style="margin: 0; line-height: 1.4">{lines}</ol>'
            if lines
            else "<i>nothing was made to happen yet</i>"
        )
        text = html.escape(format_scenario(self.scenario))
        self.text_form.value = (
            f'<pre style="line-height: 1.3; margin: 0">{text}</pre>'
            f"Saved as <code>{_FILE}</code>, it is run again by <code>{self._replay}</code>"
        )
        self._say_when()
        self._report()

    def _say_when(self) -> None:
        self._when.value = (
            f"<b>Let something happen at {self.now:.6f} s</b>, just after the step shown:"
        )

    def _rounds(self) -> tuple[int, int]:
        """Return the highest round of the run, and how often a node began to lead."""
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
        said = (
            f"{len(self.trace.steps)} steps, to {self._log.describe_round(highest)}, "
            f"elections won: {elected}; commands answered: {len(self.result.answers)}; ended: "
            f"{self.result.reason}."
        )
        style = ' style="color: #b2182b; font-weight: 600"' if wrong else ""
        self.report.value = f"{html.escape(said)} <span{style}>{html.escape(more)}</span>"

    def ask(self) -> SpecReplay:
        """Let TLC follow the run, show the specification's states beside it, and return them."""
        self._report("Asking TLC ...")
        self.followed = follow(self.trace)
        self.explorer.show(self.trace, self.followed, step=self.explorer.step)
        verdict = self.followed.verdict
        told = f" {verdict.checked.steps} steps followed" if verdict.status == "accepted" else ""
        why = f" {verdict.reason}" if verdict.reason else ""
        self._report(f"TLC: {verdict.status}.{told}{why}", wrong=verdict.status != "accepted")
        return self.followed


def _describe(event: ScenarioEvent) -> str:
    return f"at {event.time:.6f} s {event.describe()}"
