"""Load a specification: its modules and its configuration file.

TLC loads ``.class`` files that are next to a specification, so that an untrusted folder could run
any Java code.  Therefore only the required modules and the configuration file are copied to the
folder of a run.
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
    """A specification with all modules that TLC needs to parse it.

    Parameters
    ----------
    root : str
        Name of the module to check.
    modules : dict of str to str
        Map from module name to text.
    config : str
        Text of the configuration file.
    origin : str
        Name of the specification for messages, usually its path.
    notes : tuple of str
        Notes for the user about how the modules were found.
    """

    root: str
    modules: dict[str, str]
    config: str
    origin: str = ""
    notes: tuple[str, ...] = ()

    def digest(self) -> str:
        """Return a hash of all texts, independent of their origin.

        Returns
        -------
        str
        """
        digest = sha256()
        for name in sorted(self.modules):
            digest.update(f"{name}\0{self.modules[name]}\0".encode())
        digest.update(self.config.encode())
        return digest.hexdigest()

    def write(self, folder: Path) -> None:
        """Write modules and configuration file to a folder.

        Parameters
        ----------
        folder : pathlib.Path
            An existing folder.
        """
        for name, text in self.modules.items():
            (folder / f"{name}.tla").write_text(text, encoding="utf-8")
        (folder / f"{self.root}.cfg").write_text(self.config, encoding="utf-8")


def _read(path: Path, kind: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(
            f"cannot read the {kind}: {error.strerror}", path=path, hint="check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise SpecError(
            f"the {kind} is not encoded in UTF-8", path=path, hint="save it as UTF-8"
        ) from error


def load_spec(
    spec: Path | str,
    config: Path | str | None = None,
    *,
    module_path: Sequence[Path | str] = (),
    extra_modules: Mapping[str, str] | None = None,
) -> SpecSource:
    """Load a specification, the modules that it extends or instantiates, and its configuration.

    Parameters
    ----------
    spec : path
        A ``.tla`` file.
    config : path, optional
        A configuration file (``.cfg``); by default the file of the same name next to the
        specification.
    module_path : sequence of paths, optional
        Further folders with modules, searched in order after the specification's own folder.
    extra_modules : mapping of str to str, optional
        Modules given as texts; they take precedence over files.

    Returns
    -------
    SpecSource
        A module that is not found is missing; TLC reports it in its error.

    Raises
    ------
    SpecError
        If a file is missing or unreadable.
    """
    path = Path(spec)
    if path.suffix != ".tla":
        raise SpecError("not a .tla file", path=path, hint="give the file of a module")
    folders = [path.parent, *map(Path, module_path)]
    modules, notes = _gather(
        path.stem, _read(path, "specification"), folders, dict(extra_modules or {})
    )
    cfg = Path(config) if config is not None else path.with_suffix(".cfg")
    if not cfg.is_file():
        raise SpecError(
            "the configuration file does not exist",
            path=cfg,
            hint="give it with --config, or put it next to the specification",
        )
    text = _read(cfg, "configuration file")
    _reject_unknown_constants(cfg, text, modules)
    return SpecSource(path.stem, modules, text, str(path), notes)


def module_name(text: str) -> str:
    r"""Return the name of the module that a text defines.

    Parameters
    ----------
    text : str
        TLA+ text; like TLC, this ignores text before the module's first line.

    Returns
    -------
    str

    Raises
    ------
    SpecError
        If the text contains no module.

    Examples
    --------
    >>> module_name("---- MODULE Clock ----\n====")
    'Clock'
    """
    header = _HEADER.search(text)
    if header is None:
        raise SpecError(
            "the text does not contain a module",
            hint="start with '---- MODULE Name ----' and end with '===='",
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
    r"""Load a specification from texts instead of files.

    Parameters
    ----------
    text : str
        The module to check.
    config : str
        The text of the configuration file.
    modules : mapping of str to str, optional
        Map from the names of further modules to their texts; only required modules are used.
    module_path : sequence of paths, optional
        Folders with further modules.
    origin : str
        Name of the specification for messages; by default the module's name.

    Returns
    -------
    SpecSource

    Raises
    ------
    SpecError
        If the text contains no module, or the configuration file assigns a value to a constant
        that no module contains.

    Examples
    --------
    >>> spec_from_text("---- MODULE Clock ----\nEXTENDS Naturals\n====", "").root
    'Clock'
    """
    root = module_name(text)
    folders = [Path(folder) for folder in module_path]
    required, notes = _gather(root, text, folders, dict(modules or {}))
    _reject_unknown_constants(None, config, required)
    return SpecSource(root, required, config, origin or root, notes)


def _gather(
    root: str, text: str, folders: Sequence[Path], given: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return a module with all modules that it needs, and notes for the user."""
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
            files = list(
                dict.fromkeys(
                    (f / f"{name}.tla").resolve() for f in folders if (f / f"{name}.tla").is_file()
                )
            )
            if name in given:
                modules[name] = given[name]
            elif files:
                modules[name] = _read(files[0], "module")
                notes += [
                    f"there are several modules {name}: {files[0]} is used, not {other}"
                    for other in files[1:]
                    if _read(other, "module") != modules[name]
                ]
            else:
                continue
            todo.append(name)
    notes += [
        f"{name} has a PlusCal algorithm without a translation: translate it first"
        for name, module in modules.items()
        if untranslated(module)
    ]
    return modules, tuple(notes)


def _reject_unknown_constants(path: Path | None, config: str, modules: Mapping[str, str]) -> None:
    """Raise an error for a constant that no module mentions; TLC would ignore it silently."""
    words = {word for text in modules.values() for word in _WORD.findall(blank_comments(text))}
    if any(map(untranslated, modules.values())):
        # The translation of PlusCal declares this constant.
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
                    f"unknown constant {match['name']!r} in the configuration file",
                    path=path,
                    line=number,
                    hint=f"did you mean {close[0]!r}?" if close else "remove the line",
                )
