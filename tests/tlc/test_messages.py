"""TLC's output is read whatever stands in it."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from toolkit.tlc import Message, Unmarked, parse_messages
from toolkit.tlc.interpret import Interpreter

START, END = "@!@!@STARTMSG {} @!@!@", "@!@!@ENDMSG {} @!@!@"


def test_a_message_inside_another_is_told_apart() -> None:
    events = list(
        parse_messages([START.format("1000:1"), "thrown: " + START.format("2132:0"), "Assert",
                        END.format("2132"), "rest", END.format("1000")])
    )  # fmt: skip
    assert [(event.code, event.within) for event in events if isinstance(event, Message)] == [
        (2132, 1000), (1000, None)]  # fmt: skip


def test_what_a_failed_assertion_quotes_does_not_end_its_message() -> None:
    quoted = '<<"too high", "' + END.format("1000") + '", "' + START.format("2193:0") + '">>'
    events = list(
        parse_messages([START.format("1000:1"), "thrown: " + START.format("2132:0"), quoted,
                        END.format("2132"), END.format("1000")])
    )  # fmt: skip
    assert [one.code for one in events if isinstance(one, Message)] == [2132, 1000]
    assert isinstance(events[0], Message)
    assert events[0].text == quoted


def test_a_mark_with_an_absurd_number_is_no_mark() -> None:
    line = START.format("9" * 5000 + ":1")
    assert list(parse_messages([line])) == [Unmarked(line)]


def test_a_string_that_looks_like_a_mark_is_no_mark() -> None:
    state = '1: <Initial predicate>\nx = "' + END.format("2217") + '"'
    events = list(parse_messages([START.format("2217:4"), *state.split("\n"), END.format("2217"),
                                  '"' + START.format("2193:0") + '"']))  # fmt: skip
    assert events == [Message(2217, 4, state), Unmarked('"' + START.format("2193:0") + '"')]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("n1", "<<1, {2, 3}>>", "[a |-> 1, b |-> 2]", "f(1, 2)"),
        ('(0 :> <<"a">> @@ 1 :> {})', "<<<<>>, <<1>>>>", "3"),
        (r'"ends in a backslash \\"', "n1"),
        (r'"a quote \", and a comma"', r'"\\\", x"', "2"),
        ('"a line b"', '"line 1, col 2 to line 3, col 4 of module N"', "<<>>"),
    ],
)
def test_an_actions_arguments_are_told_apart_whatever_stands_in_strings(
    arguments: tuple[str, ...],
) -> None:
    call = f"Send({', '.join(arguments)})" if arguments else "Send"
    interpreter = Interpreter()
    for code, text in (
        (2110, "Invariant I is violated."),
        (2217, f"2: <{call} line 8, col 3 to line 9, col 12 of module M>\nx = 1"),
    ):
        for event in parse_messages(
            [START.format(f"{code}:1"), *text.split("\n"), END.format(code)]
        ):
            interpreter.take(event)
    [example] = interpreter.examples()
    [state] = example.states
    assert (state.action, state.parameters) == ("Send", arguments)
    assert str(state.location) == "M:8:3"


lines = st.one_of(
    st.text(max_size=30),
    st.builds(START.format, st.sampled_from(["1000:1", "2110:1", "2217:4", "2199:0", "3002:1"])),
    st.builds(END.format, st.sampled_from([1000, 2110, 2217, 2199, 3002])),
    st.sampled_from(["1: <Next line 3, col 1>", "/\\ x = {", "Invariant I is violated."]),
)


@given(st.lists(lines, max_size=25))
def test_garbage_is_read_and_never_called_a_success(text: list[str]) -> None:
    interpreter = Interpreter()
    for event in parse_messages(text):
        interpreter.take(event)
    assert interpreter.verdict(0, "", None).outcome != "success"
    interpreter.examples()


def test_success_after_a_violation_is_no_success() -> None:
    interpreter = Interpreter()
    for code, severity, text in [(2110, 1, "Invariant I is violated."), (2193, 0, "fine")]:
        interpreter.take(Message(code, severity, text))
    assert interpreter.verdict(0, "", None).outcome == "invariant"
