"""A check that runs while its progress is shown, and can be stopped."""

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
    """Let a widget's events be handled while a cell is at work.

    JupyterLab sends them to a subshell of the kernel, which is free.  ipykernel 7.4 sends them
    back to the shell that made the widget, which may be busy, unless it has forgotten which.
    """
    if hasattr(widget.comm, "_reply_subshell_id"):
        del widget.comm._reply_subshell_id


class CheckView(widgets.VBox):  # type: ignore[misc]
    """Checks a specification on a thread of its own, beside everything else.

    The button stops it, also while another cell runs.  The clock goes on between TLC's
    reports; TLC 2.15 makes one after some seconds and then one a minute.

    Parameters
    ----------
    spec : str, path or SpecSource
        The name of a model of the manifest, a ``.tla`` file, or a specification gathered
        already.
    config : path, optional
        A ``.cfg`` file, with a ``.tla`` file whose configuration has another name.
    **options
        As for :func:`~toolkit.tlc.check`, for instance ``workers``.

    Attributes
    ----------
    running : RunningCheck
        The check; it can be awaited.
    result : CheckResult or None
        What came out, once it has.

    Raises
    ------
    ToolkitError
        If there is no such model or file.
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
            description="Stop", icon="stop", tooltip="End the check; what it found is kept"
        )
        self._stop.on_click(lambda _: self.stop())
        super().__init__([widgets.HBox([self._stop, self._label]), self._shown])
        _answer_anywhere(self._stop)
        self._say()
        self.running: RunningCheck = start_check(
            source, on_progress=self._progress, on_done=self._done, **options
        )
        threading.Thread(target=self._tick, daemon=True).start()

    def _say(self) -> None:
        with self._lock:
            seconds = time.monotonic() - self._started
            self._label.value = (
                f"<code>{html.escape(self._title)}</code>: {html.escape(self._figures)} "
                f"({seconds:.1f} s)"
            )

    def _tick(self) -> None:
        while not self._ended.wait(_TICK):
            self._say()

    def _progress(self, progress: CheckProgress) -> None:
        self._figures = str(progress)
        self._say()

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
                "TLC told no states"
                if result.distinct is None
                else f"{result.distinct:,} distinct states"
            )
            self._figures = f"{result.outcome}{name}, {states}"
            self._shown.value = to_html(result)
            if self._model is not None and (result.ok or result.violation):
                differences = compare(self._model, result)
                agrees = "; ".join(differences) if differences else "agrees with the manifest"
                self._figures += f"; {agrees}"
        self._say()

    def stop(self) -> None:
        """End the check; what TLC had found by then is kept."""
        self._stop.disabled = True
        self._figures = "stopping"
        self.running.cancel()

    def wait(self, timeout: float | None = None) -> CheckResult:
        """Wait until the check has ended, and return its result.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most.

        Raises
        ------
        SettingError
            If it has not ended by then; it goes on.
        ToolkitError
            If the check could not be run.
        """
        try:
            return self.running.wait(timeout)
        finally:
            if self.running.done:
                self._settled.wait()
