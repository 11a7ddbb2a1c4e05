"""A widget that reproduces a figure of a paper with changed assumptions."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from toolkit.display.faces import to_html
from toolkit.errors import ToolkitError
from toolkit.reproduction.framework import Figure, Parameter
from toolkit.reproduction.registry import get_figure
from toolkit.reproduction.reproduce import Reproduction, has_recorded_run, recorded, reproduce

__all__ = ["FigurePanel"]

_STYLE = {"description_width": "90px"}


class FigurePanel(widgets.VBox):  # type: ignore[misc]
    """A reproduced figure with its chart and verdicts, and controls to change its assumptions.

    Parameters
    ----------
    figure : str
        Letter or name of the figure.
    trials : int
        Initial number of trials per curve.
    controls : sequence of str, optional
        The parameters that have a control; all by default.
    settings : dict of str to str, optional
        Initial values of parameters that differ from the figure's defaults.

    Attributes
    ----------
    figure : Figure
    found : Reproduction or None
        The reproduction that is shown: the recorded full run, until *Run* is pressed; ``None`` if
        there is no recorded run.

    Raises
    ------
    UnknownNameError
        If the figure is unknown.
    SettingError
        If a parameter is unknown or its value invalid.
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
        initial = self.figure.current_names(settings or {})
        self.figure.values(initial)
        known = {parameter.name: parameter for parameter in self.figure.parameters}
        self.figure.values({name: known[name].value for name in controls or () if name in known})
        chosen = list(known) if controls is None else list(controls)
        self.knobs = {name: _knob(known[name], initial.get(name)) for name in chosen}
        self.trials = widgets.BoundedIntText(
            value=trials, min=1, max=100_000, description="trials", style=_STYLE
        )
        self.seed = widgets.IntText(value=1, description="seed", style=_STYLE)
        self.bug = widgets.Dropdown(
            options=["none", *self.figure.bugs], description="seeded bug", style=_STYLE
        )
        self.button = widgets.Button(description="Run", icon="play", button_style="primary")
        self.button.on_click(lambda _: self.run())
        self.progress = widgets.IntProgress(min=0, max=1, layout={"width": "240px"})
        self.message = widgets.HTML()
        self.chart = widgets.HTML()
        self.table = widgets.HTML()
        self.table.add_class("tk-verdicts")
        self.found: Reproduction | None = None
        if has_recorded_run(self.figure):
            self.found = recorded(self.figure)
            self._show(self.found, "the recorded full run")
        else:
            self.message.value = "no recorded full run: press Run"
        statement = widgets.HTML(
            f"<b>Figure {self.figure.id}: {html.escape(self.figure.title)}</b><br>"
            f"{html.escape(str(self.figure.paper))}.<br><i>{html.escape(self.figure.statement)}</i>"
        )
        rows = [
            widgets.HBox(
                [knob, widgets.HTML(f"<small>{html.escape(_explain(known[name]))}</small>")]
            )
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
        """The assumptions that differ from the figure's defaults."""
        values = {parameter.name: parameter.value for parameter in self.figure.parameters}
        return {
            name: str(knob.value).strip()
            for name, knob in self.knobs.items()
            if str(knob.value).strip() != values[name]
        }

    def run(self) -> Reproduction | None:
        """Reproduce the figure with the values of the controls and show the result.

        Returns
        -------
        Reproduction or None
            ``None`` if the values are invalid; the message says why, and the shown result stays.
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
                progress=self._update_progress,
            )
        except ToolkitError as error:
            self.message.value = f'<span style="color:#b2182b">{html.escape(str(error))}</span>'
            return None
        finally:
            self.button.disabled = False
        self._show(self.found, f"{self.found.trials} trials per curve, seed {self.found.seed}")
        return self.found

    def _update_progress(self, done: int, total: int) -> None:
        self.progress.max, self.progress.value = max(total, 1), done

    def _show(self, found: Reproduction, message: str) -> None:
        # Altair is slow to import.
        from toolkit.display.charts import chart_svg

        self.message.value = html.escape(message)
        self.chart.value = f'<div style="background:white">{chart_svg(found.chart())}</div>'
        self.table.value = to_html(found)


def _explain(parameter: Parameter) -> str:
    return f"{parameter.help} ({parameter.source}: {parameter.why})"


def _knob(parameter: Parameter, value: str | None) -> Any:
    """Return the control of a parameter: a dropdown for yes or no, otherwise a text field."""
    shown = parameter.value if value is None else value
    options: dict[str, Any] = {"description": parameter.name, "style": _STYLE}
    if parameter.value in {"yes", "no"}:
        return widgets.Dropdown(options=["yes", "no"], value=shown, **options)
    return widgets.Text(value=shown, continuous_update=False, **options)
