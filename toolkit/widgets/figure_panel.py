"""A figure of a paper with its assumptions as controls, the overlay and the verdicts."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from toolkit.display.charts import chart_svg
from toolkit.display.faces import to_html
from toolkit.errors import ToolkitError
from toolkit.reproduction.framework import Figure, Parameter
from toolkit.reproduction.registry import get_figure
from toolkit.reproduction.reproduce import Reproduction, recorded, reproduce

__all__ = ["FigurePanel"]

_STYLE = {"description_width": "90px"}


class FigurePanel(widgets.VBox):  # type: ignore[misc]
    """The full run of a figure, and controls to make it again with other assumptions.

    Parameters
    ----------
    figure : str
        Its letter or name.
    trials : int
        Trials of an ordinary curve that *Run* makes, at first.
    controls : sequence of str, optional
        The parameters that are shown; all by default.
    settings : dict of str to str, optional
        What they are at first, where that is not what the figure has.

    Attributes
    ----------
    figure : Figure
    found : Reproduction
        What is shown: the full run that travels with the package, until *Run* was pressed.

    Raises
    ------
    UnknownNameError
        If there is no such figure.
    SettingError
        If it has no such parameter.
    """

    def __init__(
        self,
        figure: str,
        *,
        trials: int = 50,
        controls: Sequence[str] | None = None,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.figure: Figure = get_figure(figure)
        first = settings or {}
        self.figure.values(first)
        known = {parameter.name: parameter for parameter in self.figure.parameters}
        self.figure.values({name: known[name].value for name in controls or () if name in known})
        chosen = list(known) if controls is None else list(controls)
        self.knobs = {name: _knob(known[name], first.get(name)) for name in chosen}
        self.trials = widgets.BoundedIntText(
            value=trials, min=1, max=100_000, description="trials", style=_STYLE
        )
        self.seed = widgets.IntText(value=1, description="seed", style=_STYLE)
        self.bug = widgets.Dropdown(
            options=["none", *self.figure.bugs], description="planted bug", style=_STYLE
        )
        self.button = widgets.Button(description="Run", icon="play", button_style="primary")
        self.button.on_click(lambda _: self.run())
        self.progress = widgets.IntProgress(min=0, max=1, layout={"width": "240px"})
        self.message = widgets.HTML()
        self.chart = widgets.HTML()
        self.table = widgets.HTML()
        self.table.add_class("tk-verdicts")
        self.found: Reproduction = recorded(self.figure)
        self._show("the full run that travels with the package")
        statement = widgets.HTML(
            f"<b>Figure {self.figure.id}: {html.escape(self.figure.title)}</b><br>"
            f"{html.escape(str(self.figure.paper))}.<br><i>{html.escape(self.figure.statement)}</i>"
        )
        rows = [
            widgets.HBox([knob, widgets.HTML(f"<small>{html.escape(_said(known[name]))}</small>")])
            for name, knob in self.knobs.items()
        ]
        super().__init__(
            [
                statement,
                *rows,
                widgets.HBox([self.trials, self.seed, self.bug]),
                widgets.HBox([self.button, self.progress, self.message]),
                self.chart,
                self.table,
            ]
        )

    @property
    def settings(self) -> dict[str, str]:
        """The assumptions that are not as the figure has them."""
        values = {parameter.name: parameter.value for parameter in self.figure.parameters}
        return {
            name: str(knob.value).strip()
            for name, knob in self.knobs.items()
            if str(knob.value).strip() != values[name]
        }

    def run(self) -> Reproduction | None:
        """Make the figure again with what the controls say, and show it.

        Returns
        -------
        Reproduction or None
            ``None`` if that cannot be: the message says why, and what is shown stays.
        """
        self.button.disabled = True
        self.message.value = ""
        try:
            self.found = reproduce(
                self.figure,
                trials=self.trials.value,
                seed=self.seed.value,
                settings=self.settings,
                bug=None if self.bug.value == "none" else self.bug.value,
                refit=False,
                progress=self._tell,
            )
        except ToolkitError as error:
            self.message.value = f'<span style="color:#b2182b">{html.escape(str(error))}</span>'
            return None
        finally:
            self.button.disabled = False
        self._show(f"{self.found.trials} trials a curve, seed {self.found.seed}")
        return self.found

    def _tell(self, done: int, total: int) -> None:
        self.progress.max, self.progress.value = max(total, 1), done

    def _show(self, what: str) -> None:
        self.message.value = html.escape(what)
        self.chart.value = f'<div style="background:white">{chart_svg(self.found.chart())}</div>'
        self.table.value = to_html(self.found)


def _said(parameter: Parameter) -> str:
    return f"{parameter.help} ({parameter.source}: {parameter.why})"


def _knob(parameter: Parameter, value: str | None) -> Any:
    """Return the control of a parameter: a choice where there are two, a text elsewhere."""
    shown = parameter.value if value is None else value
    options: dict[str, Any] = {"description": parameter.name, "style": _STYLE}
    if parameter.value in {"yes", "no"}:
        return widgets.Dropdown(options=["yes", "no"], value=shown, **options)
    return widgets.Text(value=shown, continuous_update=False, **options)
