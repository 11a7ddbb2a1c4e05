"""Parser of the keywords of TLC's configuration files."""

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
    """Return the words under each keyword of a configuration file.

    Parameters
    ----------
    config : str
        The text of the configuration file.

    Returns
    -------
    dict of str to list of str
        Map from each keyword, in the singular, to the words that follow it.

    Examples
    --------
    >>> config_sections("SPECIFICATION S PROPERTIES A B INVARIANT I")["PROPERTY"]
    ['A', 'B']
    """
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for word in blank_comments(config).split():
        if word in _SECTIONS:
            current = sections.setdefault(_SECTIONS[word], [])
        else:
            current.append(word)
    return sections


def blank_keyword(source: SpecSource, keyword: str) -> SpecSource:
    """Blank out a keyword of the configuration file and the word after it.

    The other text keeps its position, so that TLC's line numbers stay correct.

    Parameters
    ----------
    source : SpecSource
    keyword : str

    Returns
    -------
    SpecSource
        The changed specification; `source` itself if the keyword does not occur.
    """
    match = re.search(rf"\b{keyword}\s+\w+", blank_comments(source.config))
    if match is None:
        return source
    gap = re.sub(r"\S", " ", match[0])
    text = source.config[: match.start()] + gap + source.config[match.end() :]
    return msgspec.structs.replace(source, config=text)
