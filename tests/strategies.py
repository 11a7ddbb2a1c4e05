"""Random TLA+ values."""

from __future__ import annotations

from hypothesis import strategies as st

from toolkit.values import FALSE, TRUE, ModelValue, Set, Tuple, function
from toolkit.values.printing import is_identifier

names = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,5}", fullmatch=True).filter(is_identifier)
texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8)
atoms = st.one_of(
    st.integers(), texts, st.sampled_from([TRUE, FALSE]), names.map(ModelValue),
    st.sampled_from(['/\\ x = 3', '@!@!@ENDMSG 2217 @!@!@', 'a"b\\n']),
)  # fmt: skip
values = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(Set),
        st.lists(inner, max_size=4).map(Tuple),
        st.lists(st.tuples(names, inner), max_size=3).map(function),
        st.lists(st.tuples(inner, inner), max_size=3).map(function),
    ),
    max_leaves=12,
)
