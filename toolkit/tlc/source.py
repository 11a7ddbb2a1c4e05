"""Which modules a run needs, gathered into a folder of its own.

TLC loads ``.class`` files that lie beside a specification: a stranger's folder could run any
Java.  Only modules and the configuration are copied, and only those that are named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path

import msgspec

from toolkit.errors import SpecError
from toolkit.tlc.modules import blank_comments, untranslated

__all__ = ["SpecSource", "load_spec", "module_name", "spec_from_text"]

STANDARD = frozenset(
    {
        "Naturals",
        "Integers",
        "Reals",
        "Sequences",
        "FiniteSets",
        "Bags",
        "TLC",
        "TLCExt",
        "Randomization",
        "Json",
        "IOUtils",
        "Toolbox",
        "RealTime",
        "TLAPS",
    }
)

_EXTENDS = re.compile(r"\bEXTENDS\s+(\w+(?:\s*,\s*\w+)*)")
_WORD = re.compile(r"\w+")
_ASSIGNED = re.compile(
    r"\b(?P<section>CONSTANTS?|INVARIANTS?|PROPERT(?:Y|IES)|SPECIFICATION|INIT|NEXT|SYMMETRY|VIEW"
    r"|CONSTRAINTS?|ACTION_CONSTRAINTS?|CHECK_DEADLOCK|ALIAS|POSTCONDITION)\b"
    r"|\b(?P<name>\w+)\s*(?:=|<-)"
)
_INSTANCE = re.compile(r"\bINSTANCE\s+(\w+)")
_HEADER = re.compile(r"-{4,}[ \t]*MODULE\s+(\w+)\s*-{4,}")


class SpecSource(msgspec.Struct, frozen=True):
    """A specification with all that TLC needs to read it.

    Parameters
    ----------
    root : str
        Name of the module to check.
    modules : dict of str to str
        Module name to text.
    config : str
        Text of the configuration.
    origin : str
        What people call it: the path, as a rule.
    notes : tuple of str
        What people should know of how it was gathered.
    """

    root: str
    modules: dict[str, str]
    config: str
    origin: str = ""
    notes: tuple[str, ...] = ()

    def digest(self) -> str:
        """Return a hash of all texts, the same wherever they came from."""
        whole = sha256()
        for name in sorted(self.modules):
            whole.update(f"{name}\0{self.modules[name]}\0".encode())
        whole.update(self.config.encode())
        return whole.hexdigest()

    def write(self, folder: Path) -> None:
        """Write modules and configuration into a folder.

        Parameters
        ----------
        folder : pathlib.Path
            An existing folder.
        """
        for name, text in self.modules.items():
            (folder / f"{name}.tla").write_text(text, encoding="utf-8")
        (folder / f"{self.root}.cfg").write_text(self.config, encoding="utf-8")


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(
            f"the {what} cannot be read: {error.strerror}", path=path, hint="check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise SpecError(
            f"the {what} is not UTF-8 text", path=path, hint="save it as UTF-8"
        ) from error


def load_spec(
    spec: Path | str,
    config: Path | str | None = None,
    *,
    module_path: Sequence[Path | str] = (),
    extra_modules: Mapping[str, str] | None = None,
) -> SpecSource:
    """Gather a specification, what it extends and instantiates, and its configuration.

    Parameters
    ----------
    spec : path
        A ``.tla`` file.
    config : path, optional
        A ``.cfg`` file; by default the one beside the specification, of the same name.
    module_path : sequence of paths, optional
        Further folders with modules, looked through in order after the specification's own.
    extra_modules : mapping of str to str, optional
        Modules that are given as texts; they come first.

    Returns
    -------
    SpecSource
        A module that is found nowhere is left to TLC, which names it in its error.

    Raises
    ------
    SpecError
        If a file is missing or unreadable.
    """
    path = Path(spec)
    if path.suffix != ".tla":
        raise SpecError("this is no .tla file", path=path, hint="name a module's file")
    folders = [path.parent, *map(Path, module_path)]
    modules, notes = _gather(
        path.stem, _read(path, "specification"), folders, dict(extra_modules or {})
    )
    cfg = Path(config) if config is not None else path.with_suffix(".cfg")
    if not cfg.is_file():
        raise SpecError(
            "there is no such configuration",
            path=cfg,
            hint="name one with --config, or put it beside the specification",
        )
    text = _read(cfg, "configuration")
    _reject_unknown_constants(cfg, text, modules)
    return SpecSource(path.stem, modules, text, str(path), notes)


def module_name(text: str) -> str:
    r"""Return the name of the module that a text defines.

    Parameters
    ----------
    text : str
        TLA+; what stands before the module's first line is a comment to TLC too.

    Raises
    ------
    SpecError
        If there is no such line.

    Examples
    --------
    >>> module_name("---- MODULE Clock ----\n====")
    'Clock'
    """
    header = _HEADER.search(text)
    if header is None:
        raise SpecError(
            "this text defines no module",
            hint="begin with '---- MODULE Name ----' and end with '===='",
        )
    return header[1]


def spec_from_text(
    text: str,
    config: str,
    *,
    modules: Mapping[str, str] | None = None,
    module_path: Sequence[Path | str] = (),
    origin: str = "",
) -> SpecSource:
    r"""Gather a specification that is no file.

    Parameters
    ----------
    text : str
        The module to check.
    config : str
        The configuration.
    modules : mapping of str to str, optional
        Further modules, name to text; those that it needs are taken.
    module_path : sequence of paths, optional
        Folders with further modules.
    origin : str
        What people call it; by default the module's name.

    Returns
    -------
    SpecSource

    Raises
    ------
    SpecError
        If the text defines no module, or the configuration gives a value to a constant that
        no module has.

    Examples
    --------
    >>> spec_from_text("---- MODULE Clock ----\nEXTENDS Naturals\n====", "").root
    'Clock'
    """
    root = module_name(text)
    found, notes = _gather(root, text, [Path(one) for one in module_path], dict(modules or {}))
    _reject_unknown_constants(None, config, found)
    return SpecSource(root, found, config, origin or root, notes)


def _gather(
    root: str, text: str, folders: Sequence[Path], given: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the modules that a module needs, itself first, and what people should know."""
    modules: dict[str, str] = {root: text}
    todo = [root]
    notes: list[str] = []
    while todo:
        plain = blank_comments(modules[todo.pop()])
        names = _INSTANCE.findall(plain)
        for group in _EXTENDS.findall(plain):
            names += re.split(r"\s*,\s*", group)
        for name in names:
            if name in modules:
                continue
            found = list(
                dict.fromkeys(
                    (f / f"{name}.tla").resolve() for f in folders if (f / f"{name}.tla").is_file()
                )
            )
            if name in given:
                modules[name] = given[name]
            elif found:
                modules[name] = _read(found[0], "module")
                notes += [
                    f"there are several modules {name}: {found[0]} was taken, not {other}"
                    for other in found[1:]
                    if _read(other, "module") != modules[name]
                ]
            else:
                continue
            todo.append(name)
    notes += [
        f"{name} has a PlusCal algorithm and no translation of it: translate it first"
        for name, one in modules.items()
        if untranslated(one)
    ]
    return modules, tuple(notes)


def _reject_unknown_constants(path: Path | None, config: str, modules: Mapping[str, str]) -> None:
    """Raise for a constant that no module mentions: TLC would pass over it in silence."""
    words = {word for text in modules.values() for word in _WORD.findall(blank_comments(text))}
    if any(map(untranslated, modules.values())):
        # A constant that the translation of PlusCal will declare.
        words.add("defaultInitValue")
    inside = False
    plain = blank_comments(config)
    for number, line in enumerate(plain.splitlines(), start=1):
        for match in _ASSIGNED.finditer(line):
            if match["section"]:
                inside = match["section"] in {"CONSTANT", "CONSTANTS"}
            elif inside and match["name"] not in words:
                close = get_close_matches(match["name"], sorted(words), n=1)
                raise SpecError(
                    f"the configuration gives a value to {match['name']!r}, which no module has",
                    path=path,
                    line=number,
                    hint=f"did you mean {close[0]!r}?" if close else "take the line out",
                )
