"""Start TLC ahead of time, while the rest of a command is loaded.

Loading the modules that parse a command and show a result takes about as long as starting Java.
:func:`~toolkit.tlc.check` uses the run that was started ahead if it would start an equal run;
otherwise the run is ended.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Sequence
from pathlib import Path

from toolkit.tlc.locate import find_java, find_tlc
from toolkit.tlc.plan import Plan
from toolkit.tlc.run import TlcRun, default_memory
from toolkit.tlc.source import load_spec

__all__ = ["claim", "start_ahead"]

_ahead: list[TlcRun] = []


def start_ahead(
    spec: Path,
    config: Path | None = None,
    *,
    workers: int | None = None,
    memory: int | None = None,
    options: Sequence[str] = (),
) -> None:
    """Start TLC on a specification that :func:`~toolkit.tlc.check` is going to check.

    Parameters
    ----------
    spec, config, workers, memory, options
        See :func:`~toolkit.tlc.check`.

    Raises
    ------
    ToolkitError
        If a file cannot be read, or Java or TLC is not found, as in
        :func:`~toolkit.tlc.check`.
    """
    plan = Plan(load_spec(spec, config))
    count = workers or os.cpu_count() or 1
    plan.begin(count)
    plan.read_options(options)
    plan.read_config()
    run = TlcRun(
        plan.source,
        arguments=plan.arguments,
        memory=memory or default_memory(),
        java=find_java(),
        jar=find_tlc(),
        serial=count == 1,
    )
    run.__enter__()
    _ahead.append(run)
    atexit.register(run.close)


def claim(run: TlcRun) -> TlcRun:
    """Return the run that was started ahead if it is equal to a given run, else the given run.

    Parameters
    ----------
    run : TlcRun
        A run that is not started.

    Returns
    -------
    TlcRun
        The run to enter: `run` itself if no run, or a different run, was started ahead.
    """
    if not _ahead:
        return run
    started = _ahead.pop()
    if started.question != run.question:
        started.close()
        return run
    started.limit_as(run)
    return started
