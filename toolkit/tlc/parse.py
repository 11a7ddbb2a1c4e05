"""Whether a specification can be read at all, by TLC's own parser."""

from __future__ import annotations

from pathlib import Path

import msgspec

from toolkit.tlc.checker import check
from toolkit.tlc.constants import free_name
from toolkit.tlc.modules import definitions
from toolkit.tlc.result import CheckResult
from toolkit.tlc.source import SpecSource

__all__ = ["parse_problem"]

_PARSED = "STARTMSG 2219:"


def parse_problem(
    source: SpecSource,
    *,
    timeout: float = 120.0,
    java: Path | str | None = None,
    jar: Path | str | None = None,
) -> CheckResult | None:
    """Have TLC read the modules of a specification, and evaluate nothing.

    Parameters
    ----------
    source : SpecSource
        Its configuration does not matter.
    timeout : float
        Seconds.
    java, jar : path, optional
        See :func:`~toolkit.tlc.check`.

    Returns
    -------
    CheckResult or None
        What is wrong: its outcome is ``"parse-error"`` or ``"semantic-error"``, or tells why
        TLC did not come to an end.  ``None`` if all modules can be read.

    Raises
    ------
    JavaNotFoundError, TlcNotFoundError
        If there is nothing to run.
    """
    # TLC reads the modules first, and then looks for what the configuration leaves out or
    # names: with a name that cannot be found it goes no further.
    nothing = free_name("Nothing", definitions(source.modules))
    result = check(
        msgspec.structs.replace(source, config=f"SPECIFICATION {nothing}\n"),
        workers=1,
        timeout=timeout,
        memory=512,
        short=True,
        java=java,
        jar=jar,
    )
    read = _PARSED in result.log
    return None if read and result.outcome == "config-error" else result
