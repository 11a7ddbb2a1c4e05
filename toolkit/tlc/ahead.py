"""A run of TLC that is started before it is asked for, while the rest of a command is loaded.

Loading what reads a command and shows a result takes about as long as Java takes to start.  A
run that was started ahead is used where :func:`~toolkit.tlc.check` asks the same question, and is
ended where it asks another one or none.
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
    """Start TLC on a specification that :func:`~toolkit.tlc.check` will be asked to check.

    Parameters
    ----------
    spec, config, workers, memory, options
        As for :func:`~toolkit.tlc.check`.

    Raises
    ------
    ToolkitError
        As :func:`~toolkit.tlc.check` does for a file that cannot be read, and where there is no
        Java or TLC.
    """
    plan = Plan(load_spec(spec, config))
    plan.begin(workers or os.cpu_count() or 1)
    plan.read_options(options)
    plan.read_config()
    run = TlcRun(
        plan.source,
        arguments=plan.arguments,
        memory=memory or default_memory(),
        java=find_java(),
        jar=find_tlc(),
    )
    run.__enter__()
    _ahead.append(run)
    atexit.register(run.close)


def claim(run: TlcRun) -> TlcRun:
    """Return the run that was started ahead in the place of one that asks the same.

    Parameters
    ----------
    run : TlcRun
        Not started.

    Returns
    -------
    TlcRun
        What is to be entered: `run` itself where nothing was started ahead, or something else.
    """
    if not _ahead:
        return run
    found = _ahead.pop()
    if found.question != run.question:
        found.close()
        return run
    found.limit_as(run)
    return found
