"""Contents of log entries, in the form that the bundled protocols record.

An entry is a record with the field ``val``, and ``kind`` if not all entries are commands.  The
``val`` of a command is text: a request as JSON, ``[client, number, operation]``, or a batch, which
is a list of such requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from toolkit.machines import operation_label
from toolkit.trace.logview import Request

__all__ = ["entry_label", "entry_requests"]


def entry_requests(entry: Mapping[str, Any]) -> list[Request]:
    """Return the client requests in an entry, in order.

    Parameters
    ----------
    entry : mapping of str to JSON
        The recorded entry.

    Returns
    -------
    list of Request
        Empty for an entry that is not a command.

    Examples
    --------
    >>> entry_requests({"kind": "command", "val": '["c1", 0, {"op": "get", "key": "k"}]'})
    [Request(client='c1', number=0, operation={'op': 'get', 'key': 'k'})]
    >>> entry_requests({"kind": "noop", "val": ""})
    []
    """
    content = _decoded(entry.get("val", ""))
    if not isinstance(content, list):
        return []
    batch = content if content and isinstance(content[0], list) else [content]
    return [Request(*request) for request in batch if len(request) == 3]


def entry_label(entry: Mapping[str, Any]) -> str:
    """Return a short label for the content of an entry.

    Parameters
    ----------
    entry : mapping of str to JSON
        The recorded entry.

    Returns
    -------
    str
        The first operation and the number of further operations; the kind of an entry that is not a
        command; the text of an entry without requests.

    Examples
    --------
    >>> get = '["a", 0, {"op": "get", "key": "k"}]'
    >>> entry_label({"val": get}), entry_label({"val": f"[{get}, {get}]"})
    ('k?', 'k? +1')
    >>> entry_label({"kind": "noop", "val": ""}), entry_label({"val": "v1"})
    ('no-op', 'v1')
    """
    kind = entry.get("kind", "command")
    if kind != "command":
        return "no-op" if kind == "noop" else str(kind)
    requests = entry_requests(entry)
    if requests:
        more = f" +{len(requests) - 1}" if len(requests) > 1 else ""
        return operation_label(requests[0].operation) + more
    return operation_label(_decoded(entry.get("val", "")))


def _decoded(content: Any) -> Any:
    """Return decoded JSON text, or other content unchanged."""
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, TypeError):
        return content
