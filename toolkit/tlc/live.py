"""Checks that run in the background, in a thread, and can be awaited."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from toolkit.errors import SettingError
from toolkit.tlc.checker import check
from toolkit.tlc.result import CheckProgress, CheckResult
from toolkit.tlc.source import SpecSource

__all__ = ["RunningCheck", "start_check"]


class RunningCheck:
    """A check that runs in its own thread.

    Created by :func:`start_check`.  It can be awaited.  Several checks can run at the same time.

    Parameters
    ----------
    work : callable
        Runs the check and returns its result.
    cancel : threading.Event
        Ends the check when set.

    Attributes
    ----------
    progress : CheckProgress or None
        The latest progress report.
    """

    def __init__(self, work: Callable[[], CheckResult], cancel: threading.Event) -> None:
        self._cancel = cancel
        self._done = threading.Event()
        self._result: CheckResult | None = None
        self._error: BaseException | None = None
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[RunningCheck], None]] = []
        self.progress: CheckProgress | None = None
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)

    def start(self) -> None:
        """Start the thread; called by :func:`start_check`."""
        self._thread.start()

    def _run(self, work: Callable[[], CheckResult]) -> None:
        try:
            self._result = work()
        # Any exception is raised again in wait().
        except BaseException as error:
            self._error = error
        with self._lock:
            self._done.set()
            callbacks, self._callbacks = self._callbacks, []
        for call in callbacks:
            call(self)

    @property
    def done(self) -> bool:
        """Whether the check has ended, with a result or an exception."""
        return self._done.is_set()

    def cancel(self) -> None:
        """Cancel the check; its outcome is ``"cancelled"`` unless a violation was found before."""
        self._cancel.set()

    def when_done(self, call: Callable[[RunningCheck], None]) -> None:
        """Call a function when the check has ended, or now if it has ended already.

        Parameters
        ----------
        call : callable
            Called with this object, in the thread of the check.
        """
        with self._lock:
            if not self.done:
                self._callbacks.append(call)
                return
        call(self)

    def wait(self, timeout: float | None = None) -> CheckResult:
        """Wait for the result.

        Parameters
        ----------
        timeout : float, optional
            Longest time to wait, in seconds.

        Returns
        -------
        CheckResult

        Raises
        ------
        SettingError
            If the check has not ended within `timeout`; it continues.
        ToolkitError
            The exception that :func:`~toolkit.tlc.check` raised.
        KeyboardInterrupt
            On Ctrl-C, after the check is cancelled.
        """
        try:
            ended = self._done.wait(timeout)
        except BaseException:
            self.cancel()
            self._thread.join()
            raise
        if not ended:
            raise SettingError(
                f"the check has not ended within {timeout} s", hint="wait longer, or call cancel()"
            )
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    def __await__(self) -> Generator[Any, None, CheckResult]:
        return self._awaited().__await__()

    async def _awaited(self) -> CheckResult:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        self.when_done(lambda _: _notify(loop, ended))
        try:
            await ended.wait()
        except asyncio.CancelledError:
            self.cancel()
            # Wait until Java has ended: a cancelled check must not leave a process.
            await asyncio.shield(asyncio.to_thread(self._thread.join))
            raise
        return self.wait()


def _notify(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(ended.set)


def start_check(
    spec: Path | str | SpecSource,
    config: Path | str | None = None,
    *,
    on_progress: Callable[[CheckProgress], None] | None = None,
    on_done: Callable[[RunningCheck], None] | None = None,
    **options: Any,
) -> RunningCheck:
    """Start a check in the background.

    Parameters
    ----------
    spec, config, **options
        As for :func:`~toolkit.tlc.check`, except ``cancel``; use
        :meth:`RunningCheck.cancel` instead.
    on_progress : callable, optional
        Called with every :class:`CheckProgress`, in the thread of the check.
    on_done : callable, optional
        Called with the returned object when the check has ended, in the thread of the check.

    Returns
    -------
    RunningCheck

    Raises
    ------
    SettingError
        If `cancel` is given.
    """
    if "cancel" in options:
        raise SettingError(
            "start_check() does not take 'cancel'", hint="call cancel() of the returned object"
        )
    cancel = threading.Event()

    def watch(progress: CheckProgress) -> None:
        running.progress = progress
        if on_progress is not None:
            on_progress(progress)

    context = contextvars.copy_context()

    def work() -> CheckResult:
        return context.run(check, spec, config, on_progress=watch, cancel=cancel, **options)

    running = RunningCheck(work, cancel)
    if on_done is not None:
        running.when_done(on_done)
    running.start()
    return running
