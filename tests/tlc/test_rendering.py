"""Results as HTML: nothing of a specification's text becomes markup, and nothing is hidden."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given, strategies as st
from pygments import lex

from toolkit.tlc import CheckResult, Counterexample, Location, SpecSource, TraceState, check
from toolkit.tlc.html.render import render_counterexample, render_result, render_source_error
from toolkit.tlc.lexer import TlaLexer
from toolkit.values import parse_value

EVIL = '<script src="http://example.org/x.js">alert(1)</script>'
VOID = {"br", "hr", "img", "path", "circle", "rect", "line", "meta", "input", "use"}


class Tags(HTMLParser):
    """Collects elements, and fails where they are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            assert name not in {"src", "href"} or not (value or "").startswith(("http", "//"))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    tags.close()
    assert tags.open == []
    assert "script" not in tags.seen
    return tags


def example(length: int, **more: object) -> Counterexample:
    states = tuple(
        TraceState(
            index + 1,
            "Next" if index else None,
            None,
            {"x": parse_value(str(index)), "name": parse_value('"same"')},
        )
        for index in range(length)
    )
    return Counterexample(kind="invariant", name="Low", message=EVIL, states=states, **more)  # type: ignore[arg-type]


def test_text_of_a_specification_never_becomes_markup() -> None:
    page = render_counterexample(example(3))
    read(page)
    assert "<script" not in page
    error = render_source_error(Location("M", 1, 1, 1, 5), {"M": EVIL}, EVIL)
    assert "<script" not in error
    assert "alert(1)" in read(error).text


def test_a_very_long_behaviour_is_cut_in_the_middle_and_says_by_how_much() -> None:
    text = read(render_counterexample(example(10_000))).text
    shown = len(re.findall(r"\bNext\b", text))
    assert shown < 1_000
    assert re.search(r"[\d,]+ (?:more )?states", text)


def test_a_lasso_and_stuttering_are_drawn_and_said_in_words() -> None:
    for one in (example(4, loop=2), example(2, stuttering=True)):
        tags = read(render_counterexample(one))
        assert "svg" in tags.seen
        assert re.search(r"back to|stutter", tags.text)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "config", "words"),
    [
        ("x' = (x + 1) % 5", "SPECIFICATION Spec", "No error"),
        ("x' = (x + 1) % 5", "SPECIFICATION Spec INVARIANT Low", "Low"),
        ("x' = <<1>>[x + 5]", "SPECIFICATION Spec", "out of domain"),
        ("x' = missing", "SPECIFICATION Spec", "missing"),
    ],
)
def test_every_kind_of_result_can_be_looked_at(step: str, config: str, words: str) -> None:
    module = f"""---- MODULE M ----
EXTENDS Integers
VARIABLE x
Init == x = 0
Next == {step}
Spec == Init /\\ [][Next]_x
Low == x < 3 \\* {EVIL}
===="""
    result = check(SpecSource("M", {"M": module}, config), workers=1, coverage=True)
    text = read(result._repr_html_()).text
    assert words.lower() in text.lower()


def test_a_success_that_leaves_something_open_does_not_look_like_a_whole_one() -> None:
    whole = CheckResult(
        outcome="success", name=None, message="no error was found", location=None, generated=3,
        distinct=2, left_on_queue=0, depth=2, complete=True, duration=1.0, counterexamples=(),
        prints="", warnings=(), log="", log_cut=False, exit_status=0, tlc_version="TLC2",
        java_version="25", command=(), workers=1, fingerprint=0, seed=None,
    )  # fmt: skip
    part = msgspec.structs.replace(whole, complete=False, caveats=("only a part was looked at",))
    assert "only a part was looked at" in read(render_result(part)).text
    assert render_result(whole) != render_result(part)


@given(st.text(alphabet=st.sampled_from("ab1 \n\t\"\\/(*)=-<>[]{}'|:.∈"), max_size=60))
def test_colours_lose_no_character(text: str) -> None:
    lexer = TlaLexer(stripnl=False, ensurenl=False)
    assert "".join(value for _, value in lex(text, lexer)) == text
