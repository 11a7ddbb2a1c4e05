"""What people look at, in a real browser that may load nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import TOKEN, Lab, screenshot
from toolkit.cli_demo import Demo
from toolkit.conformance import follow, validate
from toolkit.figures.report import write_report
from toolkit.protocols import get_protocol
from toolkit.sim import simulate_runs
from toolkit.trace import MemorySink

pytestmark = [pytest.mark.slow, pytest.mark.browser]


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
    page, wrong = watched(browser, lab.url)
    page.set_default_timeout(60_000)
    page.goto(f"{lab.url}/doc/tree/01-paxos.ipynb?token={TOKEN}&reset")
    page.evaluate(
        """async () => {
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
          while (kernel.status !== "idle" || kernel.connectionStatus !== "connected")
            await wait(100);
          await app.commands.execute("notebook:run-all-cells");
        }"""
    )
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
    assert "Phase2b at" in cells.nth(6).inner_text()
    screenshot(page, "notebook-two-proposers")
    assert [one for one in wrong if "favicon" not in one] == []
