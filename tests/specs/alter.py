"""Ask a model of the manifest another question, or of an altered specification."""

from __future__ import annotations

import re

import msgspec

from toolkit.resources import specs_root
from toolkit.tlc import SpecSource, load_manifest, load_spec

__all__ = ["altered", "asking"]


def asking(name: str, claim: str, *, spec: str | None = None) -> SpecSource:
    """A model without symmetry, with one claim in place of its own."""
    model = load_manifest()[name]
    folder = specs_root()
    source = load_spec(
        folder / model.spec, folder / model.config, module_path=model.module_path(folder)
    )
    head = re.split(r"^(?:INVARIANTS|PROPERT(?:Y|IES)|SYMMETRY)\b", source.config, flags=re.M)[0]
    if spec is not None:
        head = re.sub(r"SPECIFICATION \w+", f"SPECIFICATION {spec}", head)
    return msgspec.structs.replace(source, config=f"{head}{claim}\n")


def altered(source: SpecSource, module: str, old: str, new: str) -> SpecSource:
    """The same with a change in one module, of something that stands there once."""
    text = source.modules[module]
    assert text.count(old) == 1, old
    return msgspec.structs.replace(
        source, modules={**source.modules, module: text.replace(old, new)}
    )
