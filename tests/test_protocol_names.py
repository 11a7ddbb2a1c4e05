"""Outside their own folders no code names a protocol, its variables, actions or messages."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import toolkit
from toolkit.conformance.tracespec import TraceSpec
from toolkit.protocols import get_protocol, protocol_names
from toolkit.protocols.base import Message

PACKAGE = Path(toolkit.__file__).resolve().parent

OWN = ("protocols", "reproduction/papers")
"""Folders of the package in which protocols may be named; ``_share`` holds what lies beside it."""

TEXTS = {".css", ".html", ".j2", ".js", ".md", ".scenario", ".toml"}

HOSTS = {"Crash", "Flush", "Restart", "durable", "up"}
"""Actions and variables of every protocol that its host has, and names."""

ORDINARY = {
    ("analysis/metrics.py", "committed"): "a key of what entries_stored returns",
    ("comparison/compare.py", "committed"): "a key of what entries_stored returns",
    ("display/overlay.py", "round"): "a column of the chart of a figure's cells",
    ("tlc/result.py", "log"): "TLC's own output",
    ("tlc/sweeps.py", "outside"): "a row that is outside the assumptions",
}
"""File and word that mean something else there than a protocol's variable, and what."""


@cache
def names() -> frozenset[str]:
    """Return the names of the protocols that come with the package."""
    own = {path.parent.name for path in (PACKAGE / "protocols").glob("*/__init__.py")}
    return frozenset(own & set(protocol_names()))


def _subclasses(kind: type[Message]) -> Iterator[type[Message]]:
    for one in kind.__subclasses__():
        yield one
        yield from _subclasses(one)


@cache
def vocabulary() -> frozenset[str]:
    """Return all variables, actions and messages of the registered protocols."""
    found: set[str] = set()
    for name in names():
        specification = get_protocol(name).specification
        found |= {*TraceSpec(specification).trace_variables, *specification.actions}
    found |= {
        str(one.__struct_config__.tag)
        for one in _subclasses(Message)
        if one.__module__.startswith("toolkit.protocols.")
    }
    return frozenset(found - HOSTS)


def coined(word: str) -> bool:
    """Return whether a word is not an ordinary one: capitals inside, a digit, or a hyphen."""
    return re.search(r"[a-z][A-Z]|\d|-", word) is not None


def words(text: str) -> set[str]:
    """Return the words of a text in lower case; ``RaftNode`` and ``raft_node`` have two."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text)}


def prose(text: str) -> str:
    """Return a text without doctests, which need an argument, and without cited titles."""
    lines, in_example = [], False
    for line in text.splitlines():
        stripped = line.strip()
        in_example = stripped.startswith(">>>") or (in_example and stripped != "")
        lines.append("" if in_example else line)
    return re.sub(r"\*[^*]+\*", "", "\n".join(lines))


def _read(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what is looked up or compared with, where that is written out."""
    if isinstance(node, ast.Subscript):
        yield node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in {"get", "pop", "setdefault"} and node.args:
            yield node.args[0]
    elif isinstance(node, ast.Compare):
        for one in (node.left, *node.comparators):
            yield from one.elts if isinstance(one, ast.Set | ast.Tuple | ast.List) else [one]


def named(file: str, text: str) -> list[str]:
    """Return where a file of the package names a protocol, or something of its own.

    A name is looked for in all identifiers, strings and comments.  A variable, action or message
    is one where its word is coined and stands alone as a string, an attribute or a name; an
    ordinary word only where it is looked up in a mapping, or compared with.
    """
    if not file.endswith(".py"):
        found = names() & words(text)
        return [f"{file}: {name}" for name in sorted(found)]
    hits = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in {tokenize.NAME, tokenize.STRING, tokenize.COMMENT}:
            hits += [(token.start[0], name) for name in names() & words(prose(token.string))]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value in vocabulary() and coined(node.value):
                hits.append((node.lineno, node.value))
        elif isinstance(node, ast.Attribute | ast.Name | ast.keyword):
            word = {ast.Attribute: "attr", ast.Name: "id", ast.keyword: "arg"}[type(node)]
            if (one := getattr(node, word)) in vocabulary() and coined(one):
                hits.append((node.lineno, one))
        for part in _read(node):
            if isinstance(part, ast.Constant) and part.value in vocabulary():
                word = str(part.value)
                if not coined(word) and (file, word) not in ORDINARY:
                    hits.append((part.lineno, word))
    return [f"{file}:{line}: {word}" for line, word in sorted(set(hits))]


def named_outside(package: Path) -> list[str]:
    found = []
    for path in sorted(package.rglob("*")):
        file = path.relative_to(package).as_posix()
        if path.suffix in TEXTS | {".py"} and not file.startswith((*OWN, "_share/")):
            found += named(file, path.read_text(encoding="utf-8"))
    return found


def test_no_room_names_a_protocol_or_what_is_its_own() -> None:
    assert named_outside(PACKAGE) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('if name == "raft": pass', "raft"),
        ("class RaftPlayground: pass", "raft"),
        ("zab_words = {}", "zab"),
        ('"""Pictures of Multi-Paxos."""', "paxos"),
        ("x = 1  # as in Zab", "zab"),
        ("from toolkit.protocols.multipaxos import PROTOCOL", "multipaxos"),
        ('"""Title.\n\n>>> f("paxos")\n\nFor Paxos only.\n"""', "paxos"),
        ('view["currentTerm"]', "currentTerm"),
        ("node.votedFor", "votedFor"),
        ("f(maxBal=3)", "maxBal"),
        ('ROUNDS = ("currentEpoch",)', "currentEpoch"),
        ('view["history"]', "history"),
        ('view.get("role")', "role"),
        ('has = "mode" in view', "mode"),
        ('counts.get("BecomeLeader", 0)', "BecomeLeader"),
        ('step.action == "Lead"', "Lead"),
        ('message["type"] in {"chosen", "x"}', "chosen"),
        ('KINDS = ["AppendEntries"]', "AppendEntries"),
    ],
)
def test_a_planted_name_is_caught(tmp_path: Path, text: str, word: str) -> None:
    for room in ("widgets", *OWN):
        (tmp_path / room).mkdir(parents=True)
        (tmp_path / room / "x.py").write_text(text + "\n")
    assert [hit.rpartition(" ")[2] for hit in named_outside(tmp_path)] == [word]


def test_a_planted_name_in_a_page_is_caught(tmp_path: Path) -> None:
    (tmp_path / "page.js").write_text('if (data.protocol === "zab") draw();')
    assert named_outside(tmp_path) == ["page.js: zab"]


def test_doctests_cited_titles_and_ordinary_words_are_no_names(tmp_path: Path) -> None:
    text = '''
        def draft(log, role):
            """Weigh quorums after *Flexible Paxos* (2016).

            >>> draft("paxos")
            'raft'
            """
            return {"history": log.history, "mode": role}
    '''
    (tmp_path / "x.py").write_text(__import__("textwrap").dedent(text))
    assert named_outside(tmp_path) == []
