"""The parser reads what TLC prints, both ways through it agree, and nothing crashes it."""

from __future__ import annotations

import contextlib
import random
import time

import pytest
from hypothesis import given, settings, strategies as st

from tests.strategies import values
from toolkit.errors import ToolkitError, ValueParseError
from toolkit.values import (
    TRUE,
    ModelValue,
    Record,
    Set,
    Tuple,
    Value,
    format_value,
    from_python,
    function,
    order_key,
    parse_state,
    parse_value,
    parse_values,
    printing,
    text as text_module,
    to_itf,
    to_python,
)

PIECES = [
    "{", "}", "<<", ">>", "[", "]", "(", ")", ",", ":>", "@@", "|->", "->", ":", "..", "/\\", "\\X",
    "=", "SUBSET", "1", "-1", "a", "x", "y", "TRUE", '"a"', '"/\\\\ x = 3"', '"', "\\", "\n", " ",
    "{}", "<<>>", "{1, 2}", "[a |-> 1]", "(a :> 1 @@ b :> 2)", "1..3", "/\\ x = 1\n",
    "/\\ y = {}\n", "<", ">", "/", "-", "|", "!", "\u00e4", "\u00b2", "$",
]  # fmt: skip
garbage = st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=20)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Draw the text of a value or a state, of which a part is lost, doubled or replaced."""
    text = format_value(draw(values))
    if draw(st.booleans()):
        text = f"/\\ x = {text}\n/\\ y = {format_value(draw(values))}"
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(len(text), start + 6)))
    return text[:start] + draw(st.sampled_from(["", *PIECES, text[start:end] * 2])) + text[end:]


def slowly(read: str, text: str) -> object:
    """Return what the careful way says of a text, a value or an error's text."""

    def refuse(text: str) -> Value:
        raise text_module._SyntaxError(0, "not quickly")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_module, "_quick_value", refuse)
        patch.setattr(text_module, "_quick_state", refuse)
        return outcome(read, text)


def outcome(read: str, text: str) -> object:
    try:
        return {"value": parse_value, "state": parse_state}[read](text)
    except ValueParseError as error:
        return str(error), f"line {error.line}:{error.column}: " in str(error)


@settings(max_examples=400)
@given(garbage | damaged())
def test_the_quick_way_and_the_careful_way_agree_on_every_text(text: str) -> None:
    for read in ("value", "state"):
        quickly = outcome(read, text)
        assert quickly == slowly(read, text)
        assert not isinstance(quickly, tuple) or quickly[1], "the place is missing"


@given(values, values)
def test_what_was_read_before_changes_nothing(one: Value, two: Value) -> None:
    text = f"/\\ x = {format_value(one)}\n/\\ y = {format_value(two)}"
    first = parse_state(text)
    second = parse_state(text)
    text_module._KNOWN.clear()
    text_module._VARIABLES.clear()
    assert first == second == parse_state(text) == {"x": one, "y": two}
    assert [*first] == ["x", "y"]


def test_the_memory_of_the_parser_is_bounded() -> None:
    for number in range(10_000):
        assert parse_state(f"/\\ x = {{{number}, 0}}\n/\\ y = <<{number}>>") == {
            "x": Set([number, 0]),
            "y": Tuple([number]),
        }
    for memo in (text_module._KNOWN, text_module._VARIABLES, small := text_module._Memo(999, 90)):
        for number in range(100):
            small.remember(f"{number:04}" * 6, number)
        assert sum(map(len, memo)) <= memo._room
    assert 10 < len(small) < 30
    assert small[f"{99:04}" * 6] == 99
    small.remember("1" * 80, 1)
    assert "1" * 80 not in small
    # A short text may stand for much: nothing of the kind is kept.
    text_module._VARIABLES.clear()
    text_module._KNOWN.clear()
    parse_value("[1..10 -> 0..1]")
    parse_value("{[a: 1..30, b: 1..30]}")
    parse_value("SUBSET 1..10")
    parse_value("{SUBSET {1, 2, 3, 4}}")
    parse_value("([1..3 -> {0, 1}] \\X {5})")
    assert len(text_module._VARIABLES) == 0
    assert all(len(v) < 10 for v in text_module._KNOWN.values() if isinstance(v, Set))
    parse_value("{1, 2}")
    assert len(text_module._VARIABLES) == 1


@given(values, st.integers(1, 60))
def test_lines_can_be_kept_short_and_mean_the_same(value: Value, width: int) -> None:
    text = format_value(value, width=width)
    assert parse_value(text) == value
    assert text.replace("\n", " ") == format_value(value)
    for line in text.split("\n"):
        # Longer than asked for is only what has no place to break it: what has no space outside
        # strings.
        pieces = printing._PIECE.findall(line)
        assert len(line) <= width or len(pieces) == 1


@given(st.lists(values, max_size=4))
def test_values_that_follow_one_another_are_read_one_by_one(several: list[Value]) -> None:
    assert parse_values("\n".join(map(format_value, several))) == several


def test_strings_may_hold_anything() -> None:
    for content in (
        "/\\ x = 3", "\n/\\ x = 3\n", '"', '\\"', "\\", "\\\\", "\\n", "}", ">>", "a\tb\f\r", "]",
        ")", "1..3", "<<", "[a |-> 1]", "@@", "\u2028", "\u00e4", "\x00",
    ):  # fmt: skip
        text = format_value(content)
        assert parse_value(text) == content
        assert parse_value(f"{{{text}, [a |-> {text}]}}") == Set([content, Record({"a": content})])
        state = parse_state(f"/\\ x = ({text} :> <<{text}>>)\n/\\ y = {text}")
        assert state == {"x": function([(content, Tuple([content]))]), "y": content}


def test_a_string_is_what_tlc_means_by_it() -> None:
    assert parse_value('"a\\"b\\\\c\\n\\t\\f\\r"') == 'a"b\\c\n\t\f\r'
    assert format_value('a"b\\c\n\t\f\r') == '"a\\"b\\\\c\\n\\t\\f\\r"'


def test_states_as_tlc_prints_them_take_the_quick_way() -> None:
    for state in (
        "/\\ x = 1\n/\\ y = {1..3, <<>>}", "x = <<1>>", '/\\ x = "/\\\\ y = 2"\n/\\ y = "a/b"',
        "/\\ x = << {1},\n  [a |-> (n1 :> {} @@ n2 :> SUBSET 1..2)] >>\n/\\ y = ({1} \\X {2})\n",
    ):  # fmt: skip
        assert text_module._quick_state(state) == slowly("state", state)


def test_what_tlc_prints_in_many_ways_is_one_value() -> None:
    assert parse_value("<< >>") == parse_value("<<>>") == Tuple()
    assert parse_value("{ }") == Set()
    assert parse_value("[1a |-> 2, IF |-> 3]") == function([("1a", 2), ("IF", 3)])
    assert parse_value('("f" :> 1 @@ "a b" :> 2)') == function([("f", 1), ("a b", 2)])
    assert parse_value("(1 :> 5 @@ 2 :> 6)") == Tuple([5, 6])
    assert parse_value("<< {1},\n   {[ a |-> 1,\n  b |->\n      TRUE ]} >>") == Tuple(
        [Set([1]), Set([Record({"a": 1, "b": TRUE})])]
    )
    assert parse_state("x = (a :> 1)") == {"x": function([(ModelValue("a"), 1)])}
    assert parse_state(" /\\ x = 1\n\n/\\  y=2 \n") == {"x": 1, "y": 2}
    assert parse_state("") == parse_state(" \n") == {}
    assert parse_value("-2147483648") == -(2**31)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ('"abc', "1:1", "the string has no closing quotation mark"),
        ('{1,\n "abc', "2:2", "the string has no closing quotation mark"),
        ('"a\\"', "1:1", "the string has no closing quotation mark"),
        ('["a |-> 1]', "1:2", "the string has no closing quotation mark"),
        ('["a" |-> 1, "b |-> 2]', "1:13", "the string has no closing"),
        ("{1, 2", "1:6", "expected ',' or '}', found the end of the text"),
        ("<<1}", "1:4", "expected ',' or '>>', found '}'"),
        ("[a |-> 1, b 2]", "1:13", "expected '|->', found '2'"),
        ("{1} {2}", "1:5", "unexpected '{' after the value"),
        ("{$}", "1:2", "'$' cannot occur in a TLA+ value"),
        ("a..3", "1:4", "the ends of an interval must be numbers"),
        ("", "1:1", "expected a value, found the end of the text"),
        ("9" * 5000, "1:1", "a number of 5000 digits is too long"),
        ("SUBSET 1..40", "1:13", "more than 1,000,000 members"),
        ("{[1..12 -> {1, 2, 3, 4}]}", "1:24", "more than 1,000,000 members"),
    ],
)
def test_an_error_names_its_place(text: str, place: str, words: str) -> None:
    with pytest.raises(ValueParseError) as caught:
        parse_value(text)
    assert str(caught.value).startswith(f"line {place}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("/\\ x = 1\n/\\ x = 2", "line 2:4"),
        ("/\\ x = 1\n/\\ y = {1,, 2}", "line 2:11"),
        ("/\\ x = 1 2", "line 1:10"),
        ("x = 1\n/\\ y = 2", "line 2:1"),
        ("/\\ x 1", "line 1:6"),
        ("/\\ 1 = 1", "line 1:4"),
        ("/\\ x = 1 /\\", "line 1:12"),
        ('/\\ x = "abc\n/\\ y = 2', "line 1:8"),
    ],
)
def test_an_error_in_a_state_names_its_place(text: str, place: str) -> None:
    with pytest.raises(ValueParseError, match=place):
        parse_state(text)


OPENING = [
    ("{", "}"), ("<<", ">>"), ("(", ")"), ("[a |-> ", "]"), ("(0 :> ", ")"), ("[a: ", "]"),
    ("SUBSET ", ""), ("[", " -> {}]"), ("({} \\X ", ")"), ("{1, <<", ">>}"), ("(1 :> {", "})"),
]  # fmt: skip


@pytest.mark.parametrize(("opening", "closing"), OPENING)
@pytest.mark.parametrize("core", ["", "{}"])
def test_ten_thousand_open_brackets_give_a_value_or_our_error(
    opening: str, closing: str, core: str
) -> None:
    if closing or not core:
        with pytest.raises(ValueParseError):
            parse_value(opening * 10_000 + core)
    with contextlib.suppress(ValueParseError):
        assert parse_value(opening * 10_000 + core + closing * 10_000) is not None


def test_ten_thousand_open_brackets_in_a_state_give_our_error() -> None:
    with pytest.raises(ValueParseError):
        parse_state("/\\ x = " + "{" * 10_000)


@pytest.mark.parametrize(("opening", "closing"), OPENING)
def test_what_is_done_with_a_deep_value_gives_our_error_at_most(opening: str, closing: str) -> None:
    deep: list[Value] = []
    for _ in range(2):
        try:
            deep.append(parse_value(opening * 10_000 + "{}" + closing * 10_000))
        except ValueParseError:
            return
    for use in (
        hash, format_value, to_itf, to_python, order_key, repr, list,
        lambda value: value == deep[1], lambda value: Set([*deep]), lambda value: {*deep},
        lambda value: [*Set([value, 1])], lambda value: function([(value, 1), (deep[1], 2)]),
    ):  # fmt: skip
        said = "nested too deeply"
        try:
            use(deep[0])
        except ToolkitError as error:
            said = str(error)
        assert "nested too deeply" in said


@pytest.mark.parametrize(("opening", "closing"), [("<<", ">>"), ("[a |-> ", "]"), ("{", "}")])
def test_a_deep_value_is_read_and_hashed(opening: str, closing: str) -> None:
    text = opening * 5_000 + "1" + closing * 5_000
    value = parse_value(text)
    assert hash(value) == hash(parse_value(text))
    assert isinstance(parse_value(f"{{{text}, 1}}"), Set)


def test_plain_python_that_is_nested_deeply_gives_our_error() -> None:
    deep: object = 1
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(ValueParseError, match="nested too deeply"):
        from_python(deep)


@pytest.mark.parametrize(
    "unit",
    [
        '\\"', '"', "a", "1", " ", "[", "<", "<<", '["', '{"a', "[a ", "a!", "/", "/\\", "-",
        "x = ", "(1 ",
    ],
)  # fmt: skip
def test_long_garbage_takes_time_in_proportion_to_its_length(unit: str) -> None:
    for text in (unit * 30_000, '"' + unit * 30_000, "/\\ x = " + unit * 30_000):
        started = time.process_time()
        for read in (parse_value, parse_state):
            try:
                read(text)
            except ValueParseError:
                continue
        # In proportion it is a fraction of a second, in its square many minutes.
        assert time.process_time() - started < 10


def test_damaged_long_states_say_where() -> None:
    rng = random.Random(7)
    rows = [f"/\\ x{n} = [a |-> {{{n}, <<{n}>>}}, b |-> (n1 :> {n})]" for n in range(200)]
    for _ in range(50):
        line = rng.randrange(200)
        broken = [*rows]
        broken[line] = broken[line].replace("<<", "<")
        with pytest.raises(ValueParseError, match=f"line {line + 1}:"):
            parse_state("\n".join(broken))
