"""A widget that runs a TLC check in the background, shows its progress and can stop it."""

from __future__ import annotations

import html
import threading
import time
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from toolkit.display.faces import to_html
from toolkit.errors import ToolkitError
from toolkit.tlc import (
    CheckResult,
    Model,
    RunningCheck,
    SpecSource,
    compare,
    load_manifest,
    load_spec,
    start_check,
)
from toolkit.tlc.result import CheckProgress

__all__ = ["CheckView"]

_TICK = 0.5


def _answer_anywhere(widget: widgets.Widget) -> None:
    """Let a widget's events be handled while a cell is running.

    JupyterLab sends events to a subshell of the kernel, which is free.  ipykernel 7.4 forwards
    them to the shell that created the widget, which may be busy, unless that id is removed.
    """
    if hasattr(widget.comm, "_reply_subshell_id"):
        del widget.comm._reply_subshell_id


class CheckView(widgets.VBox):  # type: ignore[misc]
    """Run a check of a specification in the background, with progress and a stop button.

    The button works while another cell is running.  The clock is updated between TLC's progress
    reports; TLC 2.15 prints the first after some seconds and then one per minute.

    Parameters
    ----------
    spec : str, path or SpecSource
        The name of a model of the manifest, a ``.tla`` file, or a loaded specification.
    config : path, optional
        Configuration file of a ``.tla`` file; by default the ``.cfg`` file of the same name.
    **options
        As for :func:`~toolkit.tlc.check`, for example ``workers``.

    Attributes
    ----------
    running : RunningCheck
        The running check.
    result : CheckResult or None
        The result; ``None`` while the check runs.

    Raises
    ------
    ToolkitError
        If the model or file does not exist.
    """

    def __init__(
        self,
        spec: str | Path | SpecSource,
        config: Path | str | None = None,
        **options: Any,
    ) -> None:
        self._model: Model | None = None
        if isinstance(spec, SpecSource):
            source, self._title = spec, spec.origin or spec.root
        elif str(spec).endswith(".tla"):
            source, self._title = load_spec(spec, config), str(spec)
        else:
            manifest = load_manifest()
            self._model = manifest[str(spec)]
            folder = manifest.path.parent
            source = load_spec(
                folder / self._model.spec,
                folder / self._model.config,
                module_path=self._model.module_path(folder),
            )
            self._title = self._model.name
            options = {
                "workers": self._model.workers,
                "deadlock": self._model.deadlock,
                **{name: value for name, value in options.items() if value is not None},
            }
        self.result: CheckResult | None = None
        self._figures = "starting"
        self._started = time.monotonic()
        self._ended = threading.Event()
        self._settled = threading.Event()
        self._lock = threading.Lock()
        self._label = widgets.HTML()
        self._shown = widgets.HTML()
        self._stop = widgets.Button(
            description="Stop", icon="stop", tooltip="Stop the check and keep its results so far"
        )
        self._stop.on_click(lambda _: self.stop())
        super().__init__([widgets.HBox([self._stop, self._label]), self._shown])
        _answer_anywhere(self._stop)
        self._update_label()
        self.running: RunningCheck = start_check(
            source, on_progress=self._progress, on_done=self._done, **options
        )
        threading.Thread(target=self._tick, daemon=True).start()

    def _update_label(self) -> None:
        with self._lock:
            seconds = time.monotonic() - self._started
            self._label.value = (
                f"<code>{html.escape(self._title)}</code>: {html.escape(self._figures)} "
                f"({seconds:.1f} s)"
            )

    def _tick(self) -> None:
        while not self._ended.wait(_TICK):
            self._update_label()

    def _progress(self, progress: CheckProgress) -> None:
        self._figures = str(progress)
        self._update_label()

    def _done(self, running: RunningCheck) -> None:
        self._ended.set()
        try:
            self._conclude(running)
        finally:
            self._settled.set()

    def _conclude(self, running: RunningCheck) -> None:
        self._stop.disabled = True
        try:
            result = running.wait()
        except ToolkitError as error:
            self._figures = f"could not be run: {error}"
        else:
            self.result = result
            name = f" of {result.name}" if result.name else ""
            states = (
                "number of states unknown"
                if result.distinct is None
                else f"{result.distinct:,} distinct states"
            )
            self._figures = f"{result.outcome}{name}, {states}"
            self._shown.value = to_html(result)
            if self._model is not None and (result.ok or result.violation):
                differences = compare(self._model, result)
                agrees = "; ".join(differences) if differences else "agrees with the manifest"
                self._figures += f"; {agrees}"
        self._update_label()

    def stop(self) -> None:
        """Stop the check and keep TLC's results so far."""
        self._stop.disabled = True
        self._figures = "stopping"
        self.running.cancel()

    def wait(self, timeout: float | None = None) -> CheckResult:
        """Wait until the check has ended and return its result.

        Parameters
        ----------
        timeout : float, optional
            Maximum time to wait, in seconds.

        Returns
        -------
        CheckResult

        Raises
        ------
        SettingError
            If the check has not ended by then; it keeps running.
        ToolkitError
            If the check could not be run.
        """
        try:
            return self.running.wait(timeout)
        finally:
            if self.running.done:
                self._settled.wait()
