"""Registries of plug-ins: names, errors, and entry points that cannot be used."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from tests.reproduction.tiny import Tiny
from toolkit import registry
from toolkit.errors import SettingError, UnknownNameError
from toolkit.registry import Registry
from toolkit.reproduction.registry import (
    all_figures,
    get_figure,
    register_figure,
    unregister_figure,
)


def colours(monkeypatch: pytest.MonkeyPatch, **points: str) -> Registry[str]:
    found = {name: EntryPoint(name, value, "test.colours") for name, value in points.items()}
    monkeypatch.setattr(registry, "_installed", lambda group: found)
    return Registry(
        "colour", "test.colours", lambda it: isinstance(it, str), "a text", lambda it: it[:4]
    )


def test_entry_points_and_registered_plugins_are_found_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = colours(monkeypatch, lowe="string:ascii_lowercase")
    with pytest.raises(SettingError, match="refers to the colour 'abcd'"):
        known.get("lowe")
    known = colours(monkeypatch, abcd="string:ascii_lowercase")
    known.register("grey")
    assert known.names() == ["abcd", "grey"]
    assert known.get("abcd").startswith("abcdef")
    assert known.all() == [known.get("abcd"), "grey"]
    known.unregister("grey")
    assert known.names() == ["abcd"]


def test_an_unknown_plugin_is_refused_with_the_nearest_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = colours(monkeypatch, abcd="string:ascii_lowercase")
    with pytest.raises(UnknownNameError, match=r"unknown colour 'abcx' \(did you mean 'abcd'"):
        known.get("abcx")
    with pytest.raises(UnknownNameError, match="known: abcd"):
        known.get("zzz")


def test_a_second_plugin_of_one_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    known = colours(monkeypatch, abcd="string:ascii_lowercase")
    known.register("grey-1")
    for name in ("grey-2", "abcd"):
        with pytest.raises(SettingError, match="is already registered"):
            known.register(name)


def test_a_plugin_that_cannot_be_loaded_or_does_not_fit_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = colours(monkeypatch, gone="no_such_module:x", pi="math:pi", abcd="string:ascii_letters")
    with pytest.raises(SettingError, match="'gone' cannot be loaded: No module named"):
        known.get("gone")
    with pytest.raises(SettingError, match=r"'pi' refers to 3\.14.* must refer to a text"):
        known.get("pi")
    with pytest.raises(SettingError, match="cannot be loaded"):
        known.all()
    assert len(known.loadable()) == 1
    with pytest.raises(SettingError, match=r"3 cannot be registered as a colour"):
        known.register(3)  # type: ignore[arg-type]


def test_a_plugin_that_cannot_be_used_is_refused_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = colours(monkeypatch, abcd="string:ascii_lowercase")
    with pytest.raises(SettingError, match="registered as a colour: its name must consist of"):
        known.register("a b")
    known = Registry(
        "arc",
        "test.colours",
        lambda it: isinstance(it, str),
        "a text",
        lambda it: it[:4],
        flaw_of=lambda it: f"it has {len(it)} letters" if len(it) > 20 else None,
    )
    with pytest.raises(SettingError, match="'aaaa' cannot be registered as an arc: it has 21 let"):
        known.register("a" * 21)
    with pytest.raises(SettingError, match=r"'abcd' of the entry point .* used: it has 26"):
        known.get("abcd")


def test_a_registered_figure_is_listed_and_its_letter_is_its_own() -> None:
    class Clash(Tiny):
        id = "D"
        name = "clash"

    tiny = Tiny()
    register_figure(tiny)
    try:
        assert get_figure("z") is get_figure("tiny") is tiny
        assert all_figures()[-1] is tiny
        with pytest.raises(SettingError, match=r"the letter 'D' .* already used by 'split-votes'"):
            register_figure(Clash())
    finally:
        unregister_figure("tiny")
    with pytest.raises(UnknownNameError):
        get_figure("tiny")
