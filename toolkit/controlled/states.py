"""Saved states of the controlled host, and copies of nodes."""

from __future__ import annotations

import io
import pickle
from typing import Any

import msgspec

from toolkit.controlled.choices import Choice
from toolkit.errors import SettingError
from toolkit.hosting import Connections
from toolkit.hosting.mailbox import Mailbox

__all__ = ["SavedState", "pickle_state", "unpickle_state"]


class SavedState(msgspec.Struct, frozen=True):
    """A saved state of a controlled host, for :meth:`ControlledHost.restore`.

    Its fields are internal: use it only as an argument of that method.
    """

    host: tuple[Any, ...]
    nodes: dict[str, bytes]
    timers: dict[str, dict[str, Any]]
    lives: dict[str, int]
    mailbox: Mailbox
    cut: frozenset[tuple[str, str]]
    connections: Connections | None
    counters: tuple[Any, ...]
    requests: dict[str, int]
    answers: tuple[tuple[str, int, Any], ...]
    history: tuple[Choice, ...]
    digests: dict[str, bytes]


class _Pickler(pickle.Pickler):
    """Pickler of nodes, which refers to their configuration instead of copying it."""

    def __init__(self, file: io.BytesIO, config: Any) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._config = config

    def persistent_id(self, value: Any) -> str | None:
        """Return a reference to the configuration."""
        return "config" if value is self._config else None


class _Unpickler(pickle.Unpickler):
    """Unpickler of nodes, which resolves references of :class:`_Pickler`."""

    def __init__(self, file: io.BytesIO, config: Any) -> None:
        super().__init__(file)
        self._config = config

    def persistent_load(self, reference: Any) -> Any:
        """Return the configuration."""
        return self._config


def pickle_state(value: Any, config: Any) -> bytes:
    """Pickle a node's state, with a reference to the configuration instead of a copy.

    Parameters
    ----------
    value : object
        The state.
    config : object
        The configuration, which nodes share and do not change.

    Raises
    ------
    SettingError
        If the state contains an object that cannot be pickled.
    """
    file = io.BytesIO()
    try:
        _Pickler(file, config).dump(value)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise SettingError(
            f"the state of a node cannot be saved: {error}",
            hint="keep no lambda, generator or open file in a node; a bound method is fine",
        ) from error
    return file.getvalue()


def unpickle_state(data: bytes, config: Any) -> Any:
    """Return the state that :func:`pickle_state` pickled.

    Parameters
    ----------
    data : bytes
        The result of :func:`pickle_state`.
    config : object
        The configuration to insert.
    """
    return _Unpickler(io.BytesIO(data), config).load()
