"""The rooms of the package and the doors between them, and what is promised of every room."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import toolkit
from toolkit.cli import app

PACKAGE = Path(toolkit.__file__).resolve().parent

EVERYONE = {
    "toolkit", "errors", "values", "quorum", "registry", "resources", "faces", "invocation",
}  # fmt: skip
"""Rooms that all others may import; of ``toolkit`` itself, only the version."""

DOORS: dict[str, set[str]] = {
    "toolkit": set(),
    "errors": set(),
    "values": {"errors"},
    "quorum": {"errors"},
    "registry": {"errors"},
    "resources": {"errors"},
    "faces": {"display"},
    "invocation": {"cli"},
    "installation": {"protocols", "tlc"},
    "trace": set(),
    "machines": set(),
    "histories": {"machines"},
    "protocols": {"machines", "trace"},
    "hosting": {"protocols", "machines", "trace"},
    "sim": {"hosting", "protocols", "machines", "trace"},
    "controlled": {"hosting", "sim", "protocols", "machines", "trace"},
    "runtime": {"hosting", "protocols", "machines", "trace"},
    "tlc": set(),
    "conformance": {"trace", "tlc", "protocols", "controlled"},
    "checks": {"conformance", "histories", "sim", "protocols", "machines", "trace"},
    "analysis": {"trace", "tlc", "checks"},
    "display": {
        "analysis",
        "checks",
        "conformance",
        "histories",
        "installation",
        "protocols",
        "sim",
        "tlc",
        "trace",
    },
}
"""Room to the rooms it may import, besides itself and :data:`EVERYONE`'s."""

DOORS["comparison"] = set(DOORS)
DOORS["reproduction"] = set(DOORS) - {"comparison"}
DOORS["widgets"] = set(DOORS)
DOORS["cli"] = set(DOORS)
DOORS["front"] = set(DOORS)
DOORS["toolkit"] = set(DOORS)

BASEMENT = EVERYONE
"""Rooms that may not import each other unless :data:`DOORS` says so."""

IMPURE = {
    "asyncio", "datetime", "multiprocessing", "os", "secrets", "select", "selectors", "socket",
    "subprocess", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip
"""What a protocol must not import: it has no clock, no I/O and no randomness of its own."""


def room_of(path: Path, package: Path) -> str:
    """Return the room that a file belongs to: the package's folder, or the module beside them."""
    parts = path.relative_to(package).parts
    name = parts[0] if len(parts) > 1 else path.stem
    if len(parts) == 1 and name == "__init__":
        return "toolkit"
    return name


def imports_of(path: Path, package: Path) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of everything that a file imports, wherever it does."""
    dotted = (package.name, *path.relative_to(package).with_suffix("").parts)
    here = dotted if path.name != "__init__.py" else dotted[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = node.level - (path.name == "__init__.py")
                parents = here[: len(here) - up]
                base = ".".join((*parents, *([base] if base else [])))
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"
        elif isinstance(node, ast.Call) and node.args:
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            first = node.args[0]
            if called in {"import_module", "__import__"} and isinstance(first, ast.Constant):
                yield node.lineno, str(first.value)


def rooms_of(package: Path) -> set[str]:
    return {room_of(path, package) for path in package.rglob("*.py")}


def forbidden(package: Path) -> list[str]:
    """Return every import through a door that is not drawn, and every room without a plan."""
    found = []
    known = rooms_of(package)
    for path in sorted(package.rglob("*.py")):
        room = room_of(path, package)
        where = path.relative_to(package.parent)
        if room not in DOORS:
            found.append(f"{where}: the room {room!r} is not on the plan")
            continue
        everyone = set() if room in BASEMENT else EVERYONE
        allowed = DOORS[room] | everyone | {room, "toolkit"}
        for line, name in imports_of(path, package):
            parts = name.split(".")
            if parts[0] != package.name:
                continue
            target = parts[1] if len(parts) > 1 and parts[1] in known | set(DOORS) else "toolkit"
            if target == "toolkit" and len(parts) > 1 and parts[1] != "__version__":
                found.append(f"{where}:{line}: {room} must not go through the front door")
            if target not in allowed:
                found.append(f"{where}:{line}: {room} must not import {target}")
    return found


def impure(folder: Path) -> list[str]:
    """Return the places where a pure room reaches for a clock, a disk or a die."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for line, name in imports_of(path, folder.parent):
            if name.split(".")[0] in IMPURE:
                found.append(f"{path.name}:{line}: imports {name}")
            if name.startswith("random.") and name != "random.Random":
                found.append(f"{path.name}:{line}: imports {name}")
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "random"
                and node.attr != "Random"
            ):
                found.append(f"{path.name}:{node.lineno}: uses random.{node.attr}")
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {
                "random.Random", "Random", "open", "print", "input", "hash", "id",
            }:  # fmt: skip
                found.append(f"{path.name}:{node.lineno}: calls {ast.unparse(node.func)}")
    return found


def undocumented(package: Path) -> list[str]:
    """Return every public module, class, function and method without a docstring."""
    found = []

    def visit(
        node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, name: str
    ) -> None:
        if ast.get_docstring(node) is None:
            found.append(name)
        if isinstance(node, ast.Module | ast.ClassDef):
            for child in node.body:
                if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    overload = any("overload" in ast.unparse(d) for d in child.decorator_list)
                    if not child.name.startswith("_") and not overload:
                        visit(child, f"{name}.{child.name}")

    for path in sorted(package.rglob("*.py")):
        visit(ast.parse(path.read_text(encoding="utf-8")), str(path.relative_to(package)))
    return found


def command_names() -> set[str]:
    """Return the names of the commands, as the application knows them."""
    group: Any = get_command(app)
    return set(group.commands)


def command_lines(package: Path) -> list[str]:
    """Return every place outside ``cli`` where a line of the command is spelt out.

    Docstrings may show one, as an example for people.
    """
    said = re.compile(rf"\btoolkit ({'|'.join(sorted(command_names()))})\b")
    found = []
    for path in sorted(package.rglob("*")):
        if path.suffix not in {".py", ".j2", ".js"} or room_of(path, package) == "cli":
            continue
        where = path.relative_to(package.parent)
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            found += [
                f"{where}:{number}: a command line"
                for number, line in enumerate(text.splitlines(), 1)
                if said.search(line)
            ]
            continue
        tree = ast.parse(text)
        shown = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if id(node) not in shown and said.search(node.value):
                    found.append(f"{where}:{node.lineno}: a command line")
            elif isinstance(node, ast.List | ast.Tuple) and node.elts:
                first = node.elts[0]
                if isinstance(first, ast.Constant) and first.value == "toolkit":
                    found.append(f"{where}:{node.lineno}: the words of a command line")
    return found


def test_only_cli_writes_command_lines() -> None:
    assert command_lines(PACKAGE) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("sim/x.py", 'replay = f"toolkit simulate {name}"'),
        ("tlc/x.py", "raise E(hint=\"run 'toolkit doctor'\")"),
        ("reproduction/x.py", 'words = ["toolkit", "figure", "run"]'),
        ("display/x.j2", "Again: <code>toolkit bugs raft</code>"),
    ],
)
def test_a_planted_command_line_is_caught(tmp_path: Path, file: str, text: str) -> None:
    path = tmp_path / "toolkit" / file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert len(command_lines(tmp_path / "toolkit")) == 1
    path.rename(tmp_path / "toolkit" / "y")
    assert command_lines(tmp_path / "toolkit") == []


def test_docstrings_may_show_a_command_line(tmp_path: Path) -> None:
    (tmp_path / "sim").mkdir()
    (tmp_path / "sim" / "x.py").write_text(
        '"""Run ``toolkit simulate``."""\nx = "the toolkit checks"'
    )
    assert command_lines(tmp_path) == []


def test_faces_and_command_lines_are_loaded_only_when_shown() -> None:
    for name in ("faces", "invocation"):
        tree = ast.parse((PACKAGE / f"{name}.py").read_text(encoding="utf-8"))
        top = [
            ast.unparse(one) for one in tree.body if isinstance(one, ast.Import | ast.ImportFrom)
        ]
        assert not [line for line in top if "toolkit" in line]


def test_no_import_goes_through_a_door_that_is_not_drawn() -> None:
    assert forbidden(PACKAGE) == []


def test_protocols_have_no_clock_no_io_and_no_randomness_of_their_own() -> None:
    by_identity = [place for place in impure(PACKAGE / "protocols") if "calls id" in place]
    # Encoded lists are shared by identity, which is looked at again before a list is used.
    assert {place.split(":")[0] for place in by_identity} <= {"views.py"}
    assert set(impure(PACKAGE / "protocols")) == set(by_identity)


def test_what_hosts_share_has_no_clock_no_io_and_no_randomness() -> None:
    by_identity = [place for place in impure(PACKAGE / "hosting") if "calls id" in place]
    # Records of messages are kept by identity, together with the messages.
    assert {place.split(":")[0] for place in by_identity} <= {"recorder.py"}
    assert set(impure(PACKAGE / "hosting")) == set(by_identity)


def test_every_public_name_has_a_docstring() -> None:
    assert undocumented(PACKAGE) == []


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("trace/x.py", "from toolkit.sim import simulate", "trace must not import sim"),
        ("trace/x.py", "def f():\n    import toolkit.tlc.run", "trace must not import tlc"),
        ("tlc/x.py", "from ..protocols import base", "tlc must not import protocols"),
        ("tlc/__init__.py", "from ..protocols import base", "tlc must not import protocols"),
        ("sim/deep/x.py", "from ...conformance import y", "sim must not import conformance"),
        ("protocols/x.py", "from toolkit import sim", "protocols must not import sim"),
        ("errors.py", "import toolkit.values", "errors must not import values"),
        ("analysis/x.py", "importlib.import_module('toolkit.cli')", "must not import cli"),
        ("widgets/x.py", "from toolkit.cli.demo import demo", "widgets must not import cli"),
        ("comparison/x.py", "import toolkit.widgets", "comparison must not import widgets"),
        ("sim/x.py", "from toolkit import simulate", "sim must not go through the front door"),
        ("cli/x.py", "from toolkit import tlc, check", "must not go through the front door"),
        ("attic/x.py", "", "'attic' is not on the plan"),
    ],
)
def test_a_planted_forbidden_import_is_caught(
    tmp_path: Path, file: str, text: str, said: str
) -> None:
    path = tmp_path / "toolkit" / file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert len(found := forbidden(tmp_path / "toolkit")) == 1
    assert said in found[0]


def test_drawn_doors_are_open(tmp_path: Path) -> None:
    for file, text in {
        "sim/x.py": "from toolkit.protocols.base import Node\nfrom .y import z\nimport heapq",
        "tlc/x.py": "from ..errors import TlcError\nfrom toolkit.values import Value",
        "reproduction/papers/x.py": "from toolkit import __version__, sim",
        "cli/demo.py": "from toolkit.cli.output import x\nimport toolkit.widgets",
    }.items():
        (tmp_path / "toolkit" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "toolkit" / file).write_text(text)
    assert forbidden(tmp_path / "toolkit") == []


@pytest.mark.parametrize(
    "text",
    [
        "import time", "from os import path", "import random\nrandom.random()",
        "from random import choice", "import random\nr = random.Random(1)", "print(1)",
        "import asyncio.events",
    ],
)  # fmt: skip
def test_planted_impurity_is_caught(tmp_path: Path, text: str) -> None:
    (tmp_path / "protocols").mkdir()
    (tmp_path / "protocols" / "x.py").write_text(text)
    assert impure(tmp_path / "protocols")


def test_a_planted_missing_docstring_is_caught(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text('"""M."""\nclass A:\n    """A."""\n    def f(self): ...\n')
    assert undocumented(tmp_path) == ["x.py.A.f"]


MOST_LINES, LONGEST_NAME = 700, 80


def too_long(root: Path) -> list[str]:
    """Return files with too many lines, and tests with too long names."""
    found = []
    for path in sorted(root.rglob("*.py")):
        text = path.read_text("utf-8")
        if (lines := len(text.splitlines())) >= MOST_LINES:
            found.append(f"{path.relative_to(root)}: {lines} lines")
        for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE):
            if len(name) >= LONGEST_NAME:
                found.append(f"{path.relative_to(root)}: {name}")
    return found


@pytest.mark.parametrize("folder", ["toolkit", "tests"])
def test_files_and_names_of_tests_are_short(checkout: Path, folder: str) -> None:
    assert too_long(checkout / folder) == []


def test_a_planted_long_file_and_a_long_name_are_caught(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("pass\n" * MOST_LINES)
    (tmp_path / "y.py").write_text(f"def test_{'a' * LONGEST_NAME}(): pass\n")
    assert len(too_long(tmp_path)) == 2
