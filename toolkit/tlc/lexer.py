r"""A Pygments lexer for syntax highlighting of TLA+ and PlusCal.

It only highlights; TLC parses specifications.  It accepts any text, and its tokens joined give the
text again.

The tokens are those of the book *Specifying Systems* (L. Lamport, 2002), chapter 15 and table
1 to 8, and of *A PlusCal User's Manual* in both of its syntaxes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from pygments.lexer import (  # type: ignore[import-untyped]
    RegexLexer,
    bygroups,
    default,
    include,
    words,
)
from pygments.token import (  # type: ignore[import-untyped]
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
)

__all__ = ["TlaLexer"]

_DECLARATIONS = """
ASSUME ASSUMPTION AXIOM CONSTANT CONSTANTS COROLLARY EXTENDS INSTANCE LEMMA LOCAL MODULE
PROPOSITION RECURSIVE THEOREM VARIABLE VARIABLES
"""
_PROOFS = """
ACTION BY DEF DEFINE DEFS HAVE HIDE NEW OBVIOUS OMITTED ONLY PICK PROOF PROVE QED STATE SUFFICES
TAKE TEMPORAL USE WITNESS
"""
_EXPRESSIONS = """
CASE CHOOSE DOMAIN ELSE ENABLED EXCEPT IF IN LAMBDA LET OTHER SUBSET THEN UNCHANGED UNION WITH
"""
_PLUSCAL = """
algorithm assert await begin call define do either else elsif end fair goto if macro or print
procedure process return self skip then variable variables when while with
"""
# Operators that end with a letter are in another rule.
_SIGNS = """
:: := ::= :> || | |- |= -| =| => <=> <= >= =< == = /= # ~> -+-> -> <- <: |-> << >>_ >> ~ /\\ \\/
.. ... . ++ + -- - ** * // / %% % ^^ ^+ ^* ^# ^ && & $$ $ ?? ! !! @@ @ ## < > (+) (-) (.) (/) (\\X)
[] <> '
"""
_NAME = r"[0-9]*[A-Za-z_]\w*"

_HEADER = re.compile(r"(?<!-)-{4,}+[ \t]*+MODULE[ \t]++\w++[ \t]*+-{4,}")


def _list(text: str) -> Any:
    return words(text.split(), prefix=r"(?<!\w)", suffix=r"\b")


def _operators() -> str:
    signs = sorted(_SIGNS.split(), key=len, reverse=True)
    return "|".join(re.escape(sign) for sign in signs)


class TlaLexer(RegexLexer):  # type: ignore[misc]
    r"""Lexer for TLA+ modules, parts of modules, and PlusCal algorithms inside comments.

    Text before the first module and after the last is prose, as for TLC.  A text without a module
    line is treated as part of a module.

    Parameters
    ----------
    **options
        Options of every Pygments lexer.  Unlike other lexers, this lexer does not strip or add
        newlines by default.

    Examples
    --------
    >>> text = "A == 1 \\* one"
    >>> [str(kind) for _, kind, part in TlaLexer().get_tokens_unprocessed(text) if part.strip()]
    ['Token.Name.Function', 'Token.Operator', 'Token.Literal.Number.Integer', 'Token.Comment.Single']
    """  # noqa: E501

    name = "TLA+"
    url = "https://lamport.azurewebsites.net/tla/tla.html"
    aliases: ClassVar[list[str]] = ["tla", "tlaplus", "pluscal"]
    filenames: ClassVar[list[str]] = ["*.tla"]
    mimetypes: ClassVar[list[str]] = ["text/x-tla"]
    flags = re.MULTILINE

    tokens: ClassVar[dict[str, list[Any]]] = {
        "root": [include("module")],
        "prose": [
            include("header"),
            (r"[^-]+", Comment),
            (r"-+", Comment),
        ],
        "header": [
            (
                r"(-{4,}+)([ \t]*+)(MODULE)([ \t]++)(\w++)([ \t]*+)(-{4,})",
                bygroups(
                    Punctuation,
                    Whitespace,
                    Keyword.Declaration,
                    Whitespace,
                    Name.Class,
                    Whitespace,
                    Punctuation,
                ),
                "inside",
            ),
        ],
        "inside": [
            (r"={4,}", Punctuation, "#pop"),
            include("module"),
        ],
        "module": [
            include("header"),
            (r"(?:-{4,}|={4,})", Punctuation),
            (r"\n", Whitespace),
            (r"[^\S\n]+", Whitespace),
            (r"\(\*", Comment.Multiline, "comment"),
            (r"\\\*[^\n]*", Comment.Single),
            include("expression"),
        ],
        "expression": [
            (r'"(?:[^"\\\n]|\\.)*+"', String.Double),
            (r'"[^\n]*', String.Double),
            (r"\\[bB][01]+", Number.Bin),
            (r"\\[oO][0-7]+", Number.Oct),
            (r"\\[hH][0-9a-fA-F]+", Number.Hex),
            (r"(?<!\w)(?:WF_|SF_)", Keyword),
            (r"(<[0-9*+]+>)([\w*+]*\.*)", bygroups(Name.Label, Name.Label)),
            (_list(_DECLARATIONS), Keyword.Declaration),
            (_list(_EXPRESSIONS), Keyword),
            (_list(_PROOFS), Keyword.Reserved),
            (_list("TRUE FALSE BOOLEAN STRING"), Keyword.Constant),
            # The name that is defined, with or without parameters or a domain.
            (rf"{_NAME}(?=[ \t]*==(?!=))", Name.Function),
            (rf"{_NAME}(?=\([\w, \t]*\)[ \t]*==(?!=))", Name.Function),
            (rf"{_NAME}(?=\[[^\[\]\n]*\][ \t]*==(?!=))", Name.Function),
            (_NAME, Name),
            (r"\d++(?:\.\d+)?", Number.Integer),
            (r"\\[A-Za-z]+", Operator.Word),
            (_operators(), Operator),
            (r"[(){},;:]", Punctuation),
            (r"[\[\]]_?", Punctuation),
            (r"\\", Operator),
            (r"[^\w\s\x00-\x7f]", Operator),
            (r".", Text),
            (r"\n", Whitespace),
        ],
        "comment": [
            (r"\(\*", Comment.Multiline, "#push"),
            (r"\*\)", Comment.Multiline, "#pop"),
            (
                r"(--)((?:fair[ \t]+)?algorithm)(\s+)(\w+)(\s*)(?=\{)",
                bygroups(Punctuation, Keyword.Declaration, Whitespace, Name.Class, Whitespace),
                "braces",
            ),
            (
                r"(--)((?:fair[ \t]+)?algorithm)(\s+)(\w+)",
                bygroups(Punctuation, Keyword.Declaration, Whitespace, Name.Class),
                "words",
            ),
            (r"[^(*\-]+", Comment.Multiline),
            (r"[(*\-]", Comment.Multiline),
        ],
        # An algorithm in the syntax with braces ends with the brace that closes the first brace.
        "braces": [
            (r"(?=\*\))", Text, "#pop"),
            (r"\{", Punctuation, ("#pop", "block")),
            default("#pop"),
        ],
        "block": [
            (r"(?=\*\))", Text, "#pop"),
            (r"\{", Punctuation, "#push"),
            (r"\}", Punctuation, "#pop"),
            include("algorithm"),
        ],
        "words": [
            (r"(?=\*\))", Text, "#pop"),
            (r"\b(end)(\s+)(algorithm)\b", bygroups(Keyword, Whitespace, Keyword), "#pop"),
            include("algorithm"),
        ],
        "algorithm": [
            (
                rf"^([ \t]*)({_NAME})(:[+-]?)(?![=:>])",
                bygroups(Whitespace, Name.Label, Punctuation),
            ),
            (r"\n", Whitespace),
            (r"[^\S\n]+", Whitespace),
            (r"\(\*", Comment.Multiline, "comment"),
            # A line comment does not hide the end of the enclosing comment.
            (r"\\\*(?:(?!\*\))[^\n])*", Comment.Single),
            (_list(_PLUSCAL), Keyword),
            include("expression"),
        ],
    }

    def __init__(self, **options: Any) -> None:
        options.setdefault("stripnl", False)
        options.setdefault("ensurenl", False)
        super().__init__(**options)

    def get_tokens_unprocessed(
        self, text: str, stack: Iterable[str] | None = None
    ) -> Iterator[tuple[int, Any, str]]:
        """Yield position, kind and text of each token.

        Parameters
        ----------
        text : str
            Any text.
        stack : iterable of str, optional
            The initial states of the lexer.

        Yields
        ------
        tuple of (int, token type, str)
        """
        if stack is None:
            stack = ("prose",) if _HEADER.search(text) else ("root",)
        yield from super().get_tokens_unprocessed(text, tuple(stack))
