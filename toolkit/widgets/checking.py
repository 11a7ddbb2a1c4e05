"""A check that runs while its progress is shown, and can be stopped."""

from __future__ import annotations

import threading
import time

import ipywidgets as widgets

from toolkit.errors import ToolkitError
from toolkit.tlc import CheckResult, Progress, load_manifest, run_model

__all__ = ["CheckView"]


class CheckView(widgets.VBox):  # type: ignore[misc]
    """Checks a model of the manifest on a thread of its own.

    Parameters
    ----------
    model : str
        Its name in the manifest.
    workers : int, optional
        TLC's worker threads.

    Attributes
    ----------
    result : CheckResult or None
        What came out, once it has.
    """

    def __init__(self, model: str, *, workers: int | None = None) -> None:
        self._label = widgets.HTML(f"<code>{model}</code>: starting")
        self._stop = widgets.Button(description="Stop", icon="stop")
        self._cancel = threading.Event()
        self._model = model
        self._workers = workers
        self._started = time.monotonic()
        self.result: CheckResult | None = None
        self._stop.on_click(lambda _: self._cancel.set())
        self._thread = threading.Thread(target=self._run, daemon=True)
        super().__init__([widgets.HBox([self._stop, self._label])])
        self._thread.start()

    def _say(self, text: str) -> None:
        seconds = time.monotonic() - self._started
        self._label.value = f"<code>{self._model}</code>: {text} ({seconds:.1f} s)"

    def _progress(self, progress: Progress) -> None:
        self._say(
            f"{progress.generated:,} states generated, {progress.distinct:,} distinct, "
            f"{progress.queue:,} waiting"
        )

    def _run(self) -> None:
        manifest = load_manifest()
        try:
            self.result = run_model(
                manifest,
                manifest[self._model],
                workers=self._workers,
                on_progress=self._progress,
                cancel=self._cancel,
            )
        except ToolkitError as error:
            self._say(f"could not be run: {error}")
        else:
            name = f" of {self.result.name}" if self.result.name else ""
            self._say(f"{self.result.outcome}{name}, {self.result.distinct or 0:,} distinct states")
        self._stop.disabled = True

    def wait(self) -> CheckResult | None:
        """Wait until the check has ended, and return its result."""
        self._thread.join()
        return self.result
