"""What a configuration says, as far as the bridge must know."""

from __future__ import annotations

import re

import msgspec

from toolkit.tlc.modules import blank_comments
from toolkit.tlc.source import SpecSource

__all__ = ["blank_keyword", "config_sections"]

_SECTIONS = {
    "CONSTANT": "CONSTANT", "CONSTANTS": "CONSTANT", "INVARIANT": "INVARIANT",
    "INVARIANTS": "INVARIANT", "PROPERTY": "PROPERTY", "PROPERTIES": "PROPERTY",
    "CONSTRAINT": "CONSTRAINT", "CONSTRAINTS": "CONSTRAINT",
    "ACTION_CONSTRAINT": "ACTION_CONSTRAINT", "ACTION_CONSTRAINTS": "ACTION_CONSTRAINT",
    "SPECIFICATION": "SPECIFICATION", "INIT": "INIT", "NEXT": "NEXT", "VIEW": "VIEW",
    "SYMMETRY": "SYMMETRY", "TYPE": "TYPE", "TYPE_CONSTRAINT": "TYPE_CONSTRAINT",
    "CHECK_DEADLOCK": "CHECK_DEADLOCK", "ALIAS": "ALIAS", "POSTCONDITION": "POSTCONDITION",
    "_PERIODIC": "_PERIODIC", "_RL_REWARD": "_RL_REWARD",
}  # fmt: skip


def config_sections(config: str) -> dict[str, list[str]]:
    """Return the words under each keyword of a configuration.

    Parameters
    ----------
    config : str
        The configuration's text.

    Returns
    -------
    dict of str to list of str
        Keyword, in the singular, to the words that follow; without what a constant is equal to.

    Examples
    --------
    >>> config_sections("SPECIFICATION S PROPERTIES A B INVARIANT I")["PROPERTY"]
    ['A', 'B']
    """
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for word in blank_comments(config).split():
        if word in _SECTIONS:
            current = found.setdefault(_SECTIONS[word], [])
        else:
            current.append(word)
    return found


def blank_keyword(source: SpecSource, keyword: str) -> SpecSource:
    """Return a specification whose configuration lacks a keyword and the word after it.

    Everything else keeps its place, so that TLC's line numbers stay true.

    Parameters
    ----------
    source : SpecSource
    keyword : str
    """
    found = re.search(rf"\b{keyword}\s+\w+", blank_comments(source.config))
    if found is None:
        return source
    gap = re.sub(r"\S", " ", found[0])
    text = source.config[: found.start()] + gap + source.config[found.end() :]
    return msgspec.structs.replace(source, config=text)
