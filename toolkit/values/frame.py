"""States as a table: one row per state, one column per variable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from toolkit.errors import SettingError
from toolkit.values.convert import to_python
from toolkit.values.model import Bool, Function, Record, Value
from toolkit.values.printing import format_value, is_identifier

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["to_frame"]

_MISSING = object()
_INT64 = range(-(2**63), 2**63)


def to_frame(
    states: Iterable[Mapping[str, Value]], *, flatten: bool = False, plain: bool = False
) -> pd.DataFrame:
    """Convert states to a table.

    Parameters
    ----------
    states : iterable of mapping of str to Value
        For each state, a map from variables to values.
    flatten : bool
        Whether each field of a record and each argument of a function gets its own column, at
        any depth: ``x.field``, ``x[n1]``, ``x[n1].field``.  Sequences are not split, because
        their lengths change; this includes functions whose domain is ``1..n``.
    plain : bool
        Whether to convert cells with :func:`toolkit.values.to_python`, which loses some
        distinctions.

    Returns
    -------
    pandas.DataFrame
        One row per state, numbered from 0; columns in the order in which variables appear.
        A column of integers that fit has dtype ``int64``, a column of Booleans ``bool`` (or
        ``Int64`` and ``boolean`` if values are missing).  All other columns have dtype ``object``
        and hold the values themselves, which are hashable, so that ``groupby`` and
        ``value_counts`` work.  A value that a state lacks is ``pandas.NA``.

    Raises
    ------
    SettingError
        If `states` is a single state.
    ValueParseError
        If `plain` is true and a value cannot be converted.

    Examples
    --------
    >>> from toolkit.values import parse_state
    >>> states = [parse_state("x = (a :> 1 @@ b :> 2)"), parse_state("x = (a :> 3 @@ b :> 2)")]
    >>> to_frame(states, flatten=True)
       x[a]  x[b]
    0     1     2
    1     3     2
    """
    import pandas as pd

    if isinstance(states, Mapping):
        raise SettingError(
            "states must be a sequence of states, not a single state", hint="put it into a list"
        )
    rows = list(states)
    names = dict.fromkeys(name for row in rows for name in row)
    columns: list[tuple[str, list[Any]]] = []
    for name in names:
        cells = [row.get(name, _MISSING) for row in rows]
        columns.extend(_flat(name, cells) if flatten else [(name, cells)])
    series = {name: _series(cells, plain) for name, cells in columns}
    return pd.DataFrame(series, index=pd.RangeIndex(len(rows)), columns=list(series))


def _flat(name: str, cells: list[Any]) -> list[tuple[str, list[Any]]]:
    # A stack instead of recursion, so that any depth of nesting works; last in, first out.
    done: list[tuple[str, list[Any]]] = []
    open_columns = [(name, cells)]
    while open_columns:
        name, cells = open_columns.pop()
        mappings = [cell for cell in cells if isinstance(cell, (Record, Function))]
        if not mappings:
            done.append((name, cells))
            continue
        if any(cell is not _MISSING and not isinstance(cell, (Record, Function)) for cell in cells):
            rest = [_MISSING if isinstance(cell, (Record, Function)) else cell for cell in cells]
            done.append((name, rest))
        # Arguments of different kinds differ: the string "a" and the model value a get a column
        # each.
        labels: dict[Value, None] = {}
        for mapping in dict.fromkeys(mappings):
            labels.update(dict.fromkeys(mapping))
        parts = []
        for key in labels:
            part = [
                cell._key.get(key, _MISSING) if isinstance(cell, (Record, Function)) else _MISSING
                for cell in cells
            ]
            parts.append((_label(name, key), part))
        open_columns.extend(reversed(parts))
    return done


def _label(name: str, key: Value) -> str:
    if isinstance(key, str) and is_identifier(key):
        return f"{name}.{key}"
    return f"{name}[{format_value(key)}]"


def _series(cells: list[Any], plain: bool) -> pd.Series[Any]:
    import numpy as np
    import pandas as pd

    kinds = set(map(type, cells))
    missing = object in kinds
    kinds.discard(object)
    if kinds == {int} and all(cell is _MISSING or cell in _INT64 for cell in cells):
        dtype = "Int64" if missing else "int64"
    elif kinds == {Bool}:
        dtype = "boolean" if missing else "bool"
        cells = [cell if cell is _MISSING else bool(cell) for cell in cells]
    else:
        dtype = "object"
        if plain:
            cells = [cell if cell is _MISSING else to_python(cell) for cell in cells]
    if missing:
        cells = [pd.NA if cell is _MISSING else cell for cell in cells]
    if dtype == "object":
        # Cell by cell, because NumPy would split values that have a length.
        array = np.empty(len(cells), dtype=object)
        for place, cell in enumerate(cells):
            array[place] = cell
        return pd.Series(array, dtype=object)
    return pd.Series(cells, dtype=dtype)
