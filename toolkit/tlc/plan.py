"""What a check comes to: the options that TLC gets, and what they mean for the answer."""

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
    """What the arguments of :func:`check` come to: TLC's options, and what they leave out."""

    def __init__(self, source: SpecSource) -> None:
        self.source = source
        self.options: list[str] = []
        self.caveats: list[str] = []
        self.warnings: list[str] = list(source.notes)
        self.sampled = False
        self.unsure = False

    @property
    def arguments(self) -> list[str]:
        """TLC's class and its arguments; ``{folder}`` stands for the run's folder."""
        root = self.source.root
        return ["tlc2.TLC", *self.options, "-config", f"{root}.cfg", f"{root}.tla"]

    def add(self, *parts: object) -> None:
        """Add options."""
        self.options += [str(part) for part in parts]

    def begin(
        self, workers: int, fingerprint: int = 0, states_folder: Path | str | None = None
    ) -> None:
        """Add the options that every run has.

        Parameters
        ----------
        workers : int
            Threads.
        fingerprint : int
            Index of the fingerprint polynomial.
        states_folder : path, optional
            Where TLC keeps its states; by default in the run's folder.
        """
        kept = "{folder}/meta" if states_folder is None else Path(states_folder).absolute()
        self.add("-tool", "-metadir", kept, "-workers", workers, "-fp", fingerprint)

    def read_options(self, options: Sequence[str]) -> None:
        """Take options that go to TLC as they are, and see what they mean for the answer."""
        self.options += options
        if "-simulate" in self.options:
            self.sampled = True
            self.caveats.append("a simulation: random behaviours were looked at, not all states")
        if "-dfid" in self.options:
            self.sampled = True
            at = self.options.index("-dfid") + 1
            depth = self.options[at] if at < len(self.options) else "?"
            self.caveats.append(f"depth first: only behaviours of at most {depth} states")
        if "-recover" in options:
            self.unsure = True
            self.caveats.append(
                "continued from a checkpoint that was not looked at: time and depth count from "
                "there, and a violation found before it is not found again"
            )

    def read_config(self) -> None:
        """See what the configuration means for the answer."""
        sections = config_sections(self.source.config)
        for keyword, meaning in (
            ("CONSTRAINT", "states beyond the constraint {} were not followed"),
            ("ACTION_CONSTRAINT", "steps against the action constraint {} were not taken"),
            ("VIEW", "states that look alike under the view {} were taken for one"),
        ):
            if names := sections.get(keyword):
                self.caveats.append(meaning.format(", ".join(names)))
        properties = sections.get("PROPERTY", [])
        if sections.get("SYMMETRY") and properties:
            self.caveats.append(
                "TLC is unsound for liveness under symmetry: no error says nothing about "
                + ", ".join(properties)
            )
        deadlock = sections.get("CHECK_DEADLOCK")
        if deadlock and deadlock[0] in {"TRUE", "FALSE"}:
            # Older versions know the option alone, newer ones both.
            self.source = blank_keyword(self.source, "CHECK_DEADLOCK")
            self.warnings.append(f"CHECK_DEADLOCK {deadlock[0]} was given to TLC as an option")
            if deadlock[0] == "FALSE" and "-deadlock" not in self.options:
                self.add("-deadlock")
            elif deadlock[0] == "TRUE" and "-deadlock" in self.options:
                self.options.remove("-deadlock")

    def explain(self, finding: Finding, version: str) -> None:
        """Say what an old TLC means when it does not know a word of the configuration.

        And of a newer one, what it does with it that is easily overlooked.
        """
        old = _OLD.search(version) is not None
        sections = config_sections(self.source.config)
        if (alias := sections.get("ALIAS")) and not old:
            self.caveats.append(
                f"counterexamples show what the alias {', '.join(alias)} makes of the states, "
                "not their variables"
            )
        if finding.outcome not in {"config-error", "error"}:
            return
        newer = sorted(_NEWER & set(sections))
        # An old TLC may name no more than the line, or take the word for an invariant's name.
        if newer and (old or any(word in finding.message for word in newer)):
            finding.outcome = "config-error"
            finding.message += (
                f"\nthis version of TLC does not know {', '.join(newer)}: name a newer one "
                "(TLA2TOOLS_JAR), or take the line out"
            )
