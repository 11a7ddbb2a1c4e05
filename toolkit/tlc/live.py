"""Checks that run beside what else is done: in a thread, or awaited."""

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
    """A check in a thread of its own.

    Made by :func:`start_check`.  It may be awaited; several do not disturb each other.
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
        """Begin; called by :func:`start_check`."""
        self._thread.start()

    def _run(self, work: Callable[[], CheckResult]) -> None:
        try:
            self._result = work()
        # Whoever waits gets it, whatever it is.
        except BaseException as error:
            self._error = error
        with self._lock:
            self._done.set()
            callbacks, self._callbacks = self._callbacks, []
        for call in callbacks:
            call(self)

    @property
    def done(self) -> bool:
        """Whether the check has ended, in whatever way."""
        return self._done.is_set()

    def cancel(self) -> None:
        """End the check; its outcome is then ``"cancelled"``, unless TLC had found something."""
        self._cancel.set()

    def when_done(self, call: Callable[[RunningCheck], None]) -> None:
        """Call something when the check has ended; at once if it has.

        Parameters
        ----------
        call : callable
            Called with this object, in the check's thread.
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
            Seconds to wait at most.

        Returns
        -------
        CheckResult

        Raises
        ------
        SettingError
            If the check has not ended by then; it goes on.
        ToolkitError
            What :func:`~toolkit.tlc.check` raised.
        KeyboardInterrupt
            On Ctrl-C; the check is cancelled first.
        """
        try:
            ended = self._done.wait(timeout)
        except BaseException:
            self.cancel()
            self._thread.join()
            raise
        if not ended:
            raise SettingError(
                f"the check has not ended within {timeout} s", hint="wait longer, or cancel it"
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
        self.when_done(lambda _: _tell(loop, ended))
        try:
            await ended.wait()
        except asyncio.CancelledError:
            self.cancel()
            # Not before Java is gone: the promise is that nothing stays behind.
            await asyncio.shield(asyncio.to_thread(self._thread.join))
            raise
        return self.wait()


def _tell(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
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
    """Start a check and return at once.

    Parameters
    ----------
    spec, config, **options
        As for :func:`~toolkit.tlc.check`; not ``cancel``, which the returned object has.
    on_progress : callable, optional
        Called with every :class:`CheckProgress`, in the check's thread.
    on_done : callable, optional
        Called with the returned object when the check has ended, in the check's thread.

    Returns
    -------
    RunningCheck

    Raises
    ------
    SettingError
        If an option is given that belongs to the returned object.
    """
    if "cancel" in options:
        raise SettingError("'cancel' cannot be given here", hint="call the result's cancel()")
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
