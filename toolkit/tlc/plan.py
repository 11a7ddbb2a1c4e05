"""The plan of a check: TLC's options, and the caveats that follow from them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.tlc.config import blank_keyword, config_sections
from toolkit.tlc.source import SpecSource

if TYPE_CHECKING:
    from toolkit.tlc.interpret import Finding

__all__ = ["Plan"]

_OLD = re.compile(r"Version 2\.(?:\d|1[0-5])\b")
_NEWER = {"ALIAS", "POSTCONDITION", "_PERIODIC", "_RL_REWARD"}


class Plan:
    """TLC's options for a check, with the caveats and warnings that follow from them.

    Parameters
    ----------
    source : SpecSource
        The specification to check.

    Attributes
    ----------
    options : list of str
        Options of TLC.
    caveats, warnings : list of str
        Caveats and warnings of the result.
    sampled : bool
        Whether not all states are searched.
    unsure : bool
        Whether states from an unknown checkpoint count as searched.
    """

    def __init__(self, source: SpecSource) -> None:
        self.source = source
        self.options: list[str] = []
        self.caveats: list[str] = []
        self.warnings: list[str] = list(source.notes)
        self.sampled = False
        self.unsure = False

    @property
    def arguments(self) -> list[str]:
        """TLC's main class and its arguments; ``{folder}`` is replaced by the run's folder."""
        root = self.source.root
        return ["tlc2.TLC", *self.options, "-config", f"{root}.cfg", f"{root}.tla"]

    def add(self, *parts: object) -> None:
        """Append options."""
        self.options += [str(part) for part in parts]

    def begin(
        self, workers: int, fingerprint: int = 0, states_folder: Path | str | None = None
    ) -> None:
        """Append the options that every run has.

        Parameters
        ----------
        workers : int
            Number of threads.
        fingerprint : int
            Index of the fingerprint polynomial.
        states_folder : path, optional
            Folder for TLC's states; by default inside the run's folder.
        """
        kept = "{folder}/meta" if states_folder is None else Path(states_folder).absolute()
        self.add("-tool", "-metadir", kept, "-workers", workers, "-fp", fingerprint)

    def read_options(self, options: Sequence[str]) -> None:
        """Append options that are passed to TLC unchanged, and derive caveats from them.

        Parameters
        ----------
        options : sequence of str
        """
        self.options += options
        if "-simulate" in self.options:
            self.sampled = True
            self.caveats.append("a simulation: random behaviours were checked, not all states")
        if "-dfid" in self.options:
            self.sampled = True
            at = self.options.index("-dfid") + 1
            depth = self.options[at] if at < len(self.options) else "?"
            self.caveats.append(f"depth first: only behaviours of at most {depth} states")
        if "-recover" in options:
            self.unsure = True
            self.caveats.append(
                "continued from a checkpoint that was not verified: time and depth are counted "
                "from there, and a violation found before it is not found again"
            )

    def read_config(self) -> None:
        """Derive caveats and options from the configuration file."""
        sections = config_sections(self.source.config)
        for keyword, meaning in (
            ("CONSTRAINT", "states that violate the constraint {} were not explored further"),
            ("ACTION_CONSTRAINT", "steps that violate the action constraint {} were not taken"),
            ("VIEW", "states that are equal under the view {} were treated as one"),
        ):
            if names := sections.get(keyword):
                self.caveats.append(meaning.format(", ".join(names)))
        properties = sections.get("PROPERTY", [])
        if sections.get("SYMMETRY") and properties:
            self.caveats.append(
                "TLC is unsound for liveness under symmetry: it may miss violations of "
                + ", ".join(properties)
            )
        deadlock = sections.get("CHECK_DEADLOCK")
        if deadlock and deadlock[0] in {"TRUE", "FALSE"}:
            # Older versions only know the option, newer versions know both.
            self.source = blank_keyword(self.source, "CHECK_DEADLOCK")
            self.warnings.append(f"CHECK_DEADLOCK {deadlock[0]} was passed to TLC as an option")
            if deadlock[0] == "FALSE" and "-deadlock" not in self.options:
                self.add("-deadlock")
            elif deadlock[0] == "TRUE" and "-deadlock" in self.options:
                self.options.remove("-deadlock")

    def explain(self, finding: Finding, version: str) -> None:
        """Explain TLC's error about a keyword of the configuration file that it does not know.

        For a newer TLC, add a caveat about aliases.

        Parameters
        ----------
        finding : Finding
            The outcome of the run, which is changed.
        version : str
            The version that TLC reported.
        """
        old = _OLD.search(version) is not None
        sections = config_sections(self.source.config)
        if (alias := sections.get("ALIAS")) and not old:
            self.caveats.append(
                f"counterexamples show the states as transformed by the alias {', '.join(alias)}, "
                "not their variables"
            )
        if finding.outcome not in {"config-error", "error"}:
            return
        newer = sorted(_NEWER & set(sections))
        # An old TLC may only report the line, or take the keyword for the name of an invariant.
        if newer and (old or any(word in finding.message for word in newer)):
            finding.outcome = "config-error"
            finding.message += (
                f"\nthis version of TLC does not know {', '.join(newer)}: set TLA2TOOLS_JAR to a "
                "newer version, or remove the line"
            )
