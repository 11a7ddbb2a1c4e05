"""Parse a specification with TLC's own parser, and report the problem if that fails."""

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
    """Parse the modules of a specification with TLC, without evaluating them.

    Parameters
    ----------
    source : SpecSource
        The specification; its configuration file is ignored.
    timeout : float
        Seconds.
    java, jar : path, optional
        See :func:`~toolkit.tlc.check`.

    Returns
    -------
    CheckResult or None
        The problem: its outcome is ``"parse-error"`` or ``"semantic-error"``, or the reason why
        TLC did not finish.  ``None`` if all modules can be parsed.

    Raises
    ------
    JavaNotFoundError, TlcNotFoundError
        If Java or TLC is not found.
    """
    # TLC parses the modules first and then looks up the names of the configuration file.  A name
    # that is not defined stops it there.
    undefined = free_name("Nothing", definitions(source.modules))
    result = check(
        msgspec.structs.replace(source, config=f"SPECIFICATION {undefined}\n"),
        workers=1,
        timeout=timeout,
        memory=512,
        short=True,
        java=java,
        jar=jar,
    )
    parsed = _PARSED in result.log
    return None if parsed and result.outcome == "config-error" else result
