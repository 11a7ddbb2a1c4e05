"""Definitions read from text: never fewer variables than a definition reads."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings, strategies as st

from toolkit.protocols import get_protocol
from toolkit.tlc import spec_from_text
from toolkit.tlc.definitions import Definitions, read_definitions

ALL = {"x", "y", "z"}


def read(body: str, **modules: str) -> Definitions:
    text = f"---- MODULE M ----\nEXTENDS Naturals\nVARIABLES x, y, z\n{body}\n===="
    return Definitions({"M": text, **modules}, "M")


def test_a_chain_of_definitions_reads_what_its_end_reads() -> None:
    defined = read("A == B\nB == C(1)\nC(n) == n = y\nD == 1")
    assert defined.reads("A") == {"y"}
    assert defined.reads("D") == set()
    assert defined.problem is None


@pytest.mark.parametrize(
    ("body", "reads"),
    [
        ("A == LET a == x b(n) == y + n IN a = b(1)", {"x", "y"}),
        ("F(P(_), n) == P(n)\nG(n) == n = x\nA == F(G, 1)", {"x"}),
        ("F(P(_), n) == P(n)\nA == F(LAMBDA n : n = z, 1)", {"z"}),
        ("A == \\A n \\in {x} : \\E m \\in {n} : m = 1", {"x"}),
        ("A == [n \\in x |-> n] = 1", {"x"}),
        ("A == [a |-> 1, b \\in y |-> 2] = 1", {"y"}),
        ("A == [x |-> 1, y |-> 2] = [z EXCEPT !.x = @ + 1]", {"z"}),
        ("A == z.x.y = 1", {"z"}),
        ('A == z["x"] = "y"', {"z"}),
        ("f[n \\in x] == n\nA == f[1] = 1", {"x"}),
        ("RECURSIVE g(_)\ng(n) == IF n = y THEN 1 ELSE g(n - 1)\nA == g(3) = 1", {"y"}),
        ("a \\prec b == a < x + b\nA == 1 \\prec 2", {"x"}),
        ("a ^+ == a + z\nA == 1^+ = 2", {"z"}),
        ("a (+) b == a + b + y\nA == 1 (+) 2 = 3", {"y"}),
        ("(* B == x *) A == \\* y\n  z = 1", {"z"}),
        ('A == "B == x" = z', {"z"}),
        ("LOCAL B == x\nA == B", {"x"}),
        ("A ==\n  CASE x = 1 -> y = 1\n  [] OTHER -> TRUE", {"x", "y"}),
        ("B == x'\nC == y\nA == C", {"y"}),
        ("A == \\E a, b \\in x : a = b\n----\nB == y", {"x"}),
        ("THEOREM x = 1\nA == y = 1\nASSUME 1 = 1", {"y"}),
        ("A == {<<a, x>> : a \\in {1}} = {x : a \\in {y}}", {"x", "y"}),
    ],
)
def test_every_way_to_read_a_variable_is_seen(body: str, reads: set[str]) -> None:
    defined = read(body)
    assert defined.problem is None
    assert defined.reads("A") == reads


@pytest.mark.parametrize(
    ("body", "reads"),
    [
        ("I == INSTANCE N WITH v <- y\nA == I!P", {"y"}),
        ("I(n) == INSTANCE N WITH v <- y + n\nA == I(x)!P", {"x", "y"}),
        ("INSTANCE N WITH v <- z\nA == P", {"z"}),
        ("A == LET I == INSTANCE N WITH v <- x, u <- z IN I!P", {"x", "z"}),
        ("I == INSTANCE N WITH v <- B\nB == C\nC == y\nA == I!P", {"y"}),
    ],
)
def test_an_instance_reads_what_is_put_in_for_its_variables(body: str, reads: set[str]) -> None:
    other = "---- MODULE N ----\nVARIABLES u, v\nP == v = 1\n===="
    defined = read(body, N=other)
    assert defined.problem is None
    # A substitution of another variable of the same instance may count as well.
    assert reads <= defined.reads("A")
    assert defined.reads("A") <= reads | {"x", "z"}


def test_an_instance_reads_variables_of_the_same_name_without_with() -> None:
    other = "---- MODULE N ----\nVARIABLES y\nP == y = 1\n===="
    assert read("INSTANCE N\nA == P", N=other).reads("A") == {"y"}


def test_an_extended_modules_variables_and_definitions_count() -> None:
    base = "---- MODULE B ----\nVARIABLES p, q\nP == p = 1\n===="
    text = "---- MODULE M ----\nEXTENDS B\nVARIABLE r\nA == P /\\ r = 1\n===="
    defined = Definitions({"M": text, "B": base}, "M")
    assert defined.variables == ("r", "p", "q")
    assert defined.reads("A") == {"p", "r"}


def test_an_inner_modules_definitions_count() -> None:
    inner = "---- MODULE Inner ----\nP == x\n====\nI == INSTANCE Inner\nA == I!P"
    assert read(inner).reads("A") == {"x"}


@pytest.mark.parametrize(
    "body",
    [
        "A == x' = 1",
        "A == ENABLED B\nB == x = 1",
        'A == TLCGet("level") = x',
        "A == PrintT(x)",
        "A == RandomElement({1, 2}) = 1",
        "A == <>(x = 1)",
        "B == x",
    ],
)
def test_what_is_not_a_function_of_a_state_reads_all_variables(body: str) -> None:
    assert read(body).reads("A") is None


@pytest.mark.parametrize(
    "body",
    [
        "A == x = 1\n-. a == 0 - a",
        "A == x = 1 IN y",
        "A == LET b == x",
        "A == x = 1\n{a} == 3",
        "A ==\nB == 1",
        "A == x = 1 \x01",
        "A == x = 1 \N{LOGICAL AND} y = 1",
        "INSTANCE Missing\nA == x = 1",
    ],
)
def test_what_is_not_understood_makes_all_definitions_read_all(body: str) -> None:
    defined = read(body)
    assert defined.problem is not None
    assert defined.reads("A") is None


def test_a_configurations_replacement_counts_as_the_definition() -> None:
    text = "---- MODULE M ----\nCONSTANT C\nVARIABLES x, y\nOther == y\nA == C = x\n===="
    source = spec_from_text(text, "CONSTANTS\n  C <- Other\nINVARIANT A")
    assert read_definitions(source).reads("A") == {"x", "y"}
    source = spec_from_text(text, "CONSTANTS\n  C <- [M] Other\nINVARIANT A")
    assert read_definitions(source).reads("A") == {"x", "y"}
    source = spec_from_text(text, "CONSTANT C = 1")
    assert read_definitions(source).reads("A") == {"x"}


def test_a_definition_says_its_parameters_and_text() -> None:
    defined = read("Take(s, m) == /\\ m \\in x \\* why\n  /\\ s.y = 1\nf[n \\in x, k \\in {}] == n")
    (take,) = defined["Take"]
    assert (take.module, take.parameters) == ("M", ("s", "m"))
    assert take.body.split() == ["/\\", "m", "\\in", "x", "/\\", "s.y", "=", "1"]
    assert {"x", "s", "m"} <= take.uses
    assert "y" not in take.uses
    (function,) = defined["f"]
    assert function.parameters == ("n", "k")
    assert "f" in defined
    assert set(defined) == {"Take", "f"}
    with pytest.raises(KeyError):
        defined["g"]


def test_declared_constants_are_read_without_their_parameters() -> None:
    text = "---- MODULE M ----\nCONSTANTS a, F(_, _), \\* one\n b\nCONSTANT c\nA == 1\n===="
    assert Definitions({"M": text}, "M").constants == ("a", "F", "b", "c")


@pytest.mark.parametrize("name", ["multipaxos", "paxos", "raft", "zab"])
def test_the_specifications_of_all_protocols_are_understood(name: str) -> None:
    specification = get_protocol(name).specification
    modules = {file.stem: file.read_text() for file in specification.folder.glob("*.tla")}
    defined = Definitions(modules, specification.module)
    assert defined.problem is None
    for invariant in specification.invariants:
        assert invariant in defined
        assert defined.reads(invariant)
    assert any(
        defined.reads(invariant) < set(defined.variables) for invariant in specification.invariants
    )
    for action in specification.actions:
        assert action in defined


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    defined = read(text)
    for name in defined:
        assert (defined.reads(name) or set()) <= set(defined.variables)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32))
def test_a_damaged_specification_is_read_without_an_error(seed: int) -> None:
    rng = random.Random(seed)
    specification = get_protocol("paxos").specification
    path = specification.folder / f"{specification.module}.tla"
    text = path.read_text()
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(text))
        text = (
            text[:at] + rng.choice(["", "(*", '"', "LET ", "IN ", " == ", "===="]) + text[at + 1 :]
        )
    defined = Definitions({"P": text}, "P")
    for name in ("Agreement", "TypeOK", "Next"):
        assert (defined.reads(name) or set()) <= set(defined.variables)


NAMES = [f"d{k}" for k in range(6)]


@given(
    st.lists(
        st.lists(st.sampled_from([*NAMES, "x", "y", "z", "1"]), min_size=1, max_size=3),
        min_size=len(NAMES),
        max_size=len(NAMES),
    ),
    st.lists(st.sampled_from(["({})", "LET q == {} IN q", "{{{}}}", "[a |-> {}].a"]), min_size=6,
             max_size=6),
)  # fmt: skip
def test_reads_is_the_reachable_part_of_the_graph_of_uses(
    uses: list[list[str]], shapes: list[str]
) -> None:
    graph = dict(zip(NAMES, uses, strict=True))
    lines = [
        f"{name} == " + shape.format(" = ".join(graph[name]))
        for name, shape in zip(NAMES, shapes, strict=True)
    ]
    defined = read("\n".join(lines))

    def reached(name: str, seen: set[str]) -> set[str]:
        for other in graph.get(name, []):
            if other not in seen:
                seen.add(other)
                reached(other, seen)
        return seen

    for name in NAMES:
        assert defined.reads(name) == reached(name, set()) & ALL
