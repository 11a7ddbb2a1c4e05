"""What people look at, in a real browser that may load nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.browser.conftest import TOKEN, Lab, picture, screenshot
from toolkit.cli.demo import Demo
from toolkit.cli.demo_report import write_report
from toolkit.conformance import follow, validate
from toolkit.protocols import get_protocol
from toolkit.reproduction.reproduce import recorded
from toolkit.resources import resource_root
from toolkit.sim import simulate_runs
from toolkit.trace import MemorySink

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(3600)]


def watched(browser: Any, allowed: str) -> tuple[Any, list[str]]:
    """Return a page, and the list of what went wrong on it."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    wrong: list[str] = []

    def request(one: Any) -> None:
        if not one.url.startswith((allowed, "data:", "blob:")):
            wrong.append(f"request to {one.url}")

    page.on("request", request)
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    return page, wrong


# Until a kernel is connected and idle, the notebook would run nothing.
READY = """async () => {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  while (!window.jupyterapp) await wait(100);
  const app = window.jupyterapp;
  await app.restored;
  while (!app.shell.currentWidget || !app.shell.currentWidget.context) await wait(100);
  const context = app.shell.currentWidget.context;
  await context.ready;
  await context.sessionContext.ready;
  while (!context.sessionContext.session?.kernel) await wait(100);
  const kernel = context.sessionContext.session.kernel;
  await kernel.info;
  while (kernel.status !== "idle" || kernel.connectionStatus !== "connected") await wait(100);
}"""
RUN_ALL = 'async () => { await window.jupyterapp.commands.execute("notebook:run-all-cells"); }'
START_ALL = '() => { window.jupyterapp.commands.execute("notebook:run-all-cells"); }'


def opened(browser: Any, lab: Lab, notebook: str) -> tuple[Any, list[str]]:
    """Open a notebook in JupyterLab, and wait for its kernel."""
    page, wrong = watched(browser, lab.url)
    page.set_default_timeout(60_000)
    page.goto(f"{lab.url}/doc/tree/{notebook}?token={TOKEN}&reset")
    page.evaluate(READY)
    return page, wrong


def test_the_report_opens_without_a_network_and_steps_through_a_run(
    browser: Any, tmp_path: Path
) -> None:
    protocol = get_protocol("paxos")
    sink, bad = MemorySink(), MemorySink()
    summary = simulate_runs(protocol, runs=3, seed=1, sink=sink)
    simulate_runs(protocol, runs=4, seed=1, bug="ignores-accepted", sink=bad)
    found = Demo(
        protocol=protocol, summary=summary, traces=tuple(sink.traces), shown=sink.traces[0],
        followed=follow(sink.traces[0]), validation=validate(sink.traces), checks=(),
        bug="ignores-accepted", bug_validation=validate(bad.traces), bug_traces=tuple(bad.traces),
    )  # fmt: skip
    assert found.planted is not None
    path = write_report(
        tmp_path / "report.html", protocol=protocol, trace=found.shown, followed=found.followed,
        check_results=(), validation=found.validation, run_summary=summary, planted=found.planted,
    )  # fmt: skip
    page, wrong = watched(browser, f"file://{path}")
    page.goto(f"file://{path}")
    caption = page.locator("[data-testid=caption]")
    assert caption.inner_text() == "initial state"
    page.locator("[data-testid=step-slider]").focus()
    page.keyboard.press("ArrowRight")
    assert caption.inner_text().startswith("step 0 at")
    page.locator("[data-testid=on]").click()
    assert caption.inner_text().startswith("step 1 at")
    assert page.locator("#explorer svg circle").count() == len(found.shown.steps)
    assert page.locator("#explorer table.states td.differs").count() == 0
    assert page.locator(".charts svg").count() == 3
    screenshot(page, "report")
    assert wrong == []


def test_the_notebook_runs_in_jupyterlab_and_its_sliders_work(browser: Any, lab: Lab) -> None:
    page, wrong = opened(browser, lab, "01-paxos.ipynb")
    page.evaluate(RUN_ALL)
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    explorer = cells.nth(1).locator(".trace-explorer")
    explorer.wait_for()
    screenshot(page, "notebook-first")
    caption = explorer.locator("[data-testid=caption]")
    assert caption.inner_text() == "initial state"
    explorer.locator("[data-testid=on]").click()
    assert caption.inner_text().startswith("step 0 at")
    slider = explorer.locator("[data-testid=step-slider]")
    slider.click()
    middle = int(slider.input_value())
    assert 2 < middle < int(slider.get_attribute("max") or 0)
    assert caption.inner_text().startswith(f"step {middle - 1} at")
    assert explorer.locator("table.states td.differs").count() == 0
    screenshot(page, "notebook")

    before = explorer.locator("svg circle").count()
    cells.nth(1).locator(".noUi-target").nth(2).click()
    readout = cells.nth(1).locator(".widget-readout").nth(2)
    page.wait_for_function(
        "(node) => node.textContent.trim() === '2'", arg=readout.element_handle()
    )
    page.wait_for_function(
        "([root, count]) => root.querySelectorAll('svg circle').length !== count",
        arg=[explorer.element_handle(), before],
    )
    assert explorer.locator("svg circle").count() > before
    assert "success: 1,235 distinct states" in cells.nth(5).inner_text()
    assert "node n2, Phase2b" in cells.nth(6).inner_text()
    screenshot(page, "notebook-two-proposers")
    assert [one for one in wrong if "favicon" not in one] == []


def test_raft_can_be_played_with_and_its_figures_stepped_through(browser: Any, lab: Lab) -> None:
    page, wrong = opened(browser, lab, "03-raft.ipynb")
    page.set_default_timeout(120_000)
    page.evaluate(RUN_ALL)
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    ground = cells.nth(2)
    caption = ground.locator("[data-testid=caption]")
    told = ground.locator(".raft-report")
    on = ground.locator("[data-testid=on]")
    logs = ground.locator("[data-testid=logs] figure")
    assert caption.inner_text() == "initial state"
    # The cell below has asked TLC: the specification's logs stand beside the implementation's.
    assert logs.count() == 2
    controls, shown = ground.locator(".raft-controls"), ground.locator(".trace-explorer")
    picture(controls, "raft-controls")

    def clicked(button: str) -> None:
        """Click, and wait until the kernel has answered."""
        before = told.inner_html() + ground.locator(".raft-events").inner_html()
        ground.locator(f".raft-{button}").click()
        page.wait_for_function(
            "([one, other, before]) => one.innerHTML + other.innerHTML !== before",
            arg=[told.element_handle(), ground.locator(".raft-events").element_handle(), before],
        )

    # Nobody leads yet.
    clicked("kill-the-leader")
    assert "There is no leader at this step" in told.inner_text()
    # On to a leader, by clicking; a client's command goes into its log.
    for _ in range(100):
        if logs.first.locator("path.crown").count():
            break
        on.click()
    leads = logs.first.locator("path.crown title").text_content() or ""
    leader = leads.split()[0]
    assert leads.endswith("leads term 1")
    assert ground.locator("select").first.input_value() == leader
    clicked("send-command")
    assert "ClientRequest" in caption.inner_text()
    assert logs.first.locator("rect.entry[data-index='2']").count() == 1
    # Its links are cut, it is killed; another one is elected in a later term.
    clicked("cut-link")
    clicked("isolate")
    clicked("kill-the-leader")
    assert f"Crash at {leader}" in caption.inner_text()
    assert "down, term 1" in (logs.first.text_content() or "")
    slider = ground.locator("[data-testid=step-slider]")
    slider.focus()
    page.keyboard.press("End")
    crown = logs.first.locator("path.crown title")
    assert crown.count() == 1
    assert not (crown.text_content() or "").startswith(leader)
    assert ground.locator(".raft-events li").count() == 4
    picture(controls, "raft-controls-later")
    picture(shown, "raft-playground")
    clicked("ask-tlc")
    ground.locator("text=TLC: accepted.").wait_for()
    assert logs.count() == 2
    assert ground.locator("table.states td.differs").count() == 0
    picture(shown, "raft-playground-asked")
    clicked("undo")
    assert ground.locator(".raft-events li").count() == 3
    ground.locator(".jp-Collapse-header, .lm-Widget >> text=The scenario as text").first.click()
    text = ground.locator(".raft-scenario pre")
    text.wait_for()
    assert f'sends {{"op": "put", "key": "x", "value": "1"}} to {leader}' in (text.inner_text())

    # Figures 7 and 8: buttons lead to their parts, the specification's logs agree.
    seven, eight = cells.nth(6), cells.nth(7)
    assert seven.locator("rect.entry[data-server=f][data-round='2']").count() == 6
    picture(seven.locator(".trace-explorer"), "raft-figure-7")
    seven.locator("[data-testid=mark]", has_text="agreement").click()
    assert seven.locator("rect.entry[data-server=f][data-round='2']").count() == 0
    assert seven.locator("rect.entry[data-round='8']").count() == 14
    assert eight.locator("rect.entry[data-index='2'][data-round='2']").count() == 6
    assert eight.locator("rect.entry[data-index='2'][data-committed=true]").count() == 0
    picture(eight.locator(".trace-explorer"), "raft-figure-8")
    eight.locator("[data-testid=mark]", has_text="(d)").click()
    assert eight.locator("rect.entry[data-index='2'][data-round='3']").count() == 10
    assert cells.nth(9).locator(".vega-embed").count() == 1
    picture(cells.nth(9), "raft-new-leader")
    # The counterexample, in the same view.
    found = cells.nth(12)
    assert found.locator("[data-testid=caption]").inner_text().startswith("step 7: ")
    assert found.locator("path.crown").count() == 2
    assert found.locator("rect.entry[data-committed=true]").count() == 1
    picture(found.locator(".trace-explorer"), "raft-counterexample")
    assert "the replay of the specification ended before this step" in cells.nth(14).inner_text()
    cells.nth(14).locator("[data-testid=back]").click()
    assert cells.nth(14).locator("[data-testid=logs] svg").count() == 2
    picture(cells.nth(14), "raft-seeded-bug")
    for number in (1, 4, 5):
        picture(cells.nth(number), f"raft-{number}")
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert [one for one in wrong if "favicon" not in one] == []


def test_zab_is_stepped_through_phase_by_phase_and_played_with(browser: Any, lab: Lab) -> None:
    page, wrong = opened(browser, lab, "05-zab.ipynb")
    page.set_default_timeout(120_000)
    page.evaluate(RUN_ALL)
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    ground = cells.nth(2)
    logs = ground.locator("[data-testid=logs] figure")
    assert logs.count() == 2
    slider = ground.locator("[data-testid=step-slider]")
    slider.focus()
    page.keyboard.press("End")
    crown = logs.first.locator("path.crown title")
    leader = (crown.text_content() or "").split()[0]
    events = ground.locator(".zab-events")
    ground.locator(".zab-kill-the-leader").click()
    events.locator(f"text={leader} crashes").wait_for()
    slider.focus()
    page.keyboard.press("End")
    assert crown.count() == 1
    assert not (crown.text_content() or "").startswith(leader)
    assert ", epoch 2" in (logs.first.text_content() or "")
    ground.locator("text=Ask TLC").click()
    ground.locator("text=TLC: accepted.").wait_for()
    assert ground.locator("table.states td.differs").count() == 0
    picture(ground.locator(".trace-explorer"), "zab-playground")
    picture(cells.nth(1), "zab-happy")
    assert "invariant of NeverTwoLeaders" in cells.nth(6).inner_text()
    truncated = cells.nth(9)
    assert truncated.locator("[data-testid=logs] svg").count() == 1
    picture(truncated, "zab-truncate")
    assert "DIVERGED at step" in cells.nth(15).inner_text()
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert [one for one in wrong if "favicon" not in one] == []


def test_the_three_protocols_are_charted_side_by_side(browser: Any, lab: Lab) -> None:
    page, wrong = opened(browser, lab, "04-three-protocols.ipynb")
    page.set_default_timeout(240_000)
    page.evaluate(RUN_ALL)
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    assert "linearizable" in cells.nth(1).inner_text()
    for number in (2, 3, 4, 5):
        assert cells.nth(number).locator(".vega-embed").count() == 1
        picture(cells.nth(number), f"three-protocols-{number}")
    assert "Multi-Paxos breaks GlobalPrimaryOrder" in cells.nth(7).inner_text()
    assert "Zab: accepted by TLC; broken: []" in cells.nth(8).inner_text()
    picture(cells.nth(8), "three-protocols-figure-1")
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert [one for one in wrong if "favicon" not in one] == []


def test_the_notebook_about_tlc_shows_what_it_promises(browser: Any, lab: Lab) -> None:
    page, wrong = opened(browser, lab, "02-tlc-bridge.ipynb")
    page.set_default_timeout(600_000)
    page.evaluate(RUN_ALL)
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    for number in range(cells.count()):
        picture(cells.nth(number), f"tlc-bridge-{number:02d}")
    shown = [cells.nth(number).locator(".jp-OutputArea") for number in range(cells.count())]
    said = [one.inner_text() for one in shown]
    # What can be unfolded looks as it should, too.
    for number in (2, 4, 6):
        for part in cells.nth(number).locator("details").all():
            part.evaluate("(node) => { node.open = true; }")
        picture(cells.nth(number), f"tlc-bridge-{number:02d}-open")
    assert shown[1].locator("pre span", has_text="MODULE").count() > 0
    # Check and counterexample: a row for each state, what changed marked.
    assert "Invariant Mutex is violated" in said[2]
    assert shown[2].locator("table tbody tr").count() >= 7
    assert shown[2].locator("td.changed").count() > 0
    # Coverage, and what was never taken.
    assert "never taken: Look, Shut" in said[5]
    assert "20 | Enter(p)" in said[5]
    assert shown[5].locator("table tbody tr").count() == 7
    # Lasso: a picture with the way back.
    assert "Temporal property Served is violated" in said[6]
    assert shown[6].locator("svg.lasso path.back").count() > 0
    # Graph: 22 states and 42 steps, drawn by JupyterLab's own Vega.
    assert shown[8].locator(".vega-embed").count() == 1
    assert "22 states" in said[9]
    # Sweep.
    assert "the smallest failing configuration: Procs = {p1, p2}" in said[10]
    # The live view has ended by itself, and its button has gone grey.
    assert "success" in said[11]
    assert shown[11].locator("button").first.is_disabled()
    assert "at once: [8, 20, 48]" in said[13]
    # Magics: the mistake underlined in its line.
    assert "Unknown operator" in said[14]
    assert "step" in shown[14].locator(".wrong").first.inner_text()
    assert "Invariant AllCount is violated" in said[16]
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert [one for one in wrong if "favicon" not in one] == []


STOPPED = """
from toolkit.tlc import spec_from_text
from toolkit.widgets import CheckView

text = r'''---- MODULE Endless ----
EXTENDS Naturals
VARIABLES x, y
Init == x = 0 /\\ y = 0
Next == x' = x + 1 /\\ y' \\in 0..x
====
'''
view = CheckView(spec_from_text(text, "INIT Init\\nNEXT Next"), workers=1, memory=512)
view
"""


def test_the_button_stops_a_check_while_another_cell_waits_for_it(browser: Any, lab: Lab) -> None:
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(STOPPED),
            nbformat.v4.new_code_cell("print('it was', view.wait(100).outcome)"),
        ]
    )
    notebook.metadata["kernelspec"] = {
        "name": "python3", "display_name": "Python 3", "language": "python",
    }  # fmt: skip
    nbformat.write(notebook, lab.root / "stop.ipynb")
    page, wrong = opened(browser, lab, "stop.ipynb")
    page.evaluate(START_ALL)
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    button = cells.nth(0).locator("button", has_text="Stop")
    button.wait_for()
    # The cell below is at work: it waits, and the kernel is busy with it.
    page.wait_for_function(
        "(cell) => cell.querySelector('.jp-InputPrompt').textContent.includes('*')",
        arg=cells.nth(1).element_handle(),
    )
    page.wait_for_timeout(1500)
    picture(cells.nth(0), "stop-running")
    button.click()
    cells.nth(1).locator("text=it was cancelled").wait_for(timeout=60_000)
    assert button.is_disabled()
    assert "cancelled before TLC had a result" in cells.nth(0).inner_text()
    picture(cells.nth(0), "stop-stopped")
    assert [one for one in wrong if "favicon" not in one] == []


@pytest.mark.parametrize("figure", ["A", "B", "C", "D", "F"])
def test_a_figures_page_opens_without_a_network(browser: Any, figure: str) -> None:
    path = resource_root("data") / "figures" / figure / "figure.html"
    page, wrong = watched(browser, f"file://{path}")
    page.goto(f"file://{path}")
    assert page.locator("h1").inner_text().startswith(f"Figure {figure}: ")
    assert page.locator("svg").count() == 1
    counts = recorded(figure).counts
    for outcome, count in counts.items():
        cells = page.locator("td", has_text=re.compile(f"^{outcome}$"))
        assert cells.count() == count, outcome
    screenshot(page, f"figure-{figure}")
    assert wrong == []


def test_a_figure_is_made_again_in_the_notebook_with_another_assumption(
    browser: Any, lab: Lab
) -> None:
    page, wrong = opened(browser, lab, "10-raft-election-time.ipynb")
    page.set_default_timeout(180_000)
    page.evaluate(RUN_ALL)
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    panel = cells.nth(3)
    table = panel.locator(".tk-verdicts")
    assert panel.locator("svg.marks").count() == 1
    assert cells.nth(1).locator(".vega-embed").count() == 1
    picture(cells.nth(1), "figure-full-run")
    picture(panel, "figure-panel")
    # One range only, few trials, and servers that draw no time-outs.
    ranges = panel.locator("input[type=text]").first
    ranges.fill("150-300")
    ranges.press("Enter")
    panel.locator("select", has_text="same-timeouts").select_option("same-timeouts")
    trials = panel.locator("input[type=number]").first
    trials.fill("5")
    trials.press("Enter")
    panel.locator("button", has_text="Run").click()
    panel.locator("text=all servers have the seeded bug same-timeouts").wait_for()
    assert "5 trials per curve, seed 1" in panel.inner_text()
    assert "missed" in table.inner_text()
    assert "150-155" not in table.inner_text()
    picture(panel, "figure-panel-seeded")
    # What cannot be is said, and what is shown stays.
    ranges.fill("300-150")
    ranges.press("Enter")
    panel.locator("button", has_text="Run").click()
    panel.locator("text=election timeouts of 300-150 ms are out of range").wait_for()
    assert "150-300" in table.inner_text()
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert [one for one in wrong if "favicon" not in one] == []
