"""The manifest of models: what each is expected to show, and whether it does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

import msgspec

from toolkit.errors import SpecError, UnknownNameError
from toolkit.resources import specs_root
from toolkit.tlc.checker import check
from toolkit.tlc.result import CheckOutcome, CheckProgress, CheckResult

__all__ = ["Manifest", "Model", "compare", "load_manifest", "run_model"]


# With fewer states the fast start of a short run saves more than its slower code costs.
_SHORT_STATES = 5_000


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question put to TLC, with the answer that is expected.

    Parameters
    ----------
    name : str
        What people type.
    title : str
        A line for people.
    spec, config : str
        Files, relative to the manifest's folder.
    outcome : str
        The expected outcome.
    violated : str or None
        Name of what is expected to be violated.
    distinct, depth : int or None
        Expected numbers of distinct states and length of the longest behaviour.  Where a
        violation ends the run they are those of one worker.
    length : int or None
        Expected number of states of the counterexample.
    deadlock : bool
        Whether deadlock is checked.
    size : str
        ``"small"`` (seconds), ``"medium"`` (up to a minute or two) or ``"long"``.
    symmetry, liveness : bool
        Whether symmetry is used; whether a temporal property is checked.
    leaves_out : str
        What the model's bounds leave out.
    workers : int or None
        Worker threads; one where a counterexample is to be the same in every run.
    modules : tuple of str
        Further folders with modules that the specification uses, relative to the manifest's.
    simulate, trace_length, seed : int or None
        Of a model whose state space is not searched: how many random behaviours are looked at,
        their greatest length, and the seed that they are drawn with.
    """

    name: str
    title: str
    spec: str
    config: str
    outcome: CheckOutcome
    size: Literal["small", "medium", "long"]
    deadlock: bool
    leaves_out: str
    violated: str | None = None
    distinct: int | None = None
    depth: int | None = None
    length: int | None = None
    symmetry: bool = False
    liveness: bool = False
    workers: int | None = None
    modules: tuple[str, ...] = ()
    simulate: int | None = None
    trace_length: int | None = None
    seed: int | None = None

    @property
    def short(self) -> bool:
        """Whether a run is expected to last a few seconds, by the pinned number of states."""
        return self.distinct is not None and self.distinct <= _SHORT_STATES

    def module_path(self, folder: Path) -> tuple[Path, ...]:
        """Return those further folders.

        Parameters
        ----------
        folder : pathlib.Path
            The manifest's.
        """
        return tuple(folder / name for name in self.modules)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    model: list[Model]


class Manifest(msgspec.Struct, frozen=True):
    """All models of a folder of specifications.

    Parameters
    ----------
    path : pathlib.Path
        The manifest's file.
    models : tuple of Model
        In its order.
    """

    path: Path
    models: tuple[Model, ...]

    def __getitem__(self, name: str) -> Model:
        for model in self.models:
            if model.name == name:
                return model
        names = [model.name for model in self.models]
        close = get_close_matches(name, names, n=1)
        raise UnknownNameError(
            f"there is no model {name!r}",
            path=self.path,
            hint=f"did you mean {close[0]!r}?" if close else f"models: {', '.join(names)}",
        )

    def __contains__(self, name: object) -> bool:
        return any(model.name == name for model in self.models)


def load_manifest(path: Path | None = None) -> Manifest:
    """Read a manifest.

    Parameters
    ----------
    path : pathlib.Path, optional
        By default the one of this installation.

    Raises
    ------
    SpecError
        If it cannot be read, has unknown keys, names a model twice or a file that is missing,
        or uses symmetry with liveness, where TLC is unsound.

    Examples
    --------
    >>> load_manifest()["paxos"].outcome
    'success'
    """
    file = path or specs_root() / "manifest.toml"
    try:
        content = msgspec.toml.decode(file.read_bytes(), type=_File)
    except OSError as error:
        raise SpecError(f"no manifest: {error.strerror}", path=file) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise SpecError(f"the manifest cannot be read: {error}", path=file) from error
    seen: set[str] = set()
    for model in content.model:
        if model.name in seen:
            raise SpecError(f"the model {model.name!r} stands there twice", path=file)
        seen.add(model.name)
        for name in model.modules:
            if not (file.parent / name).is_dir():
                raise SpecError(f"model {model.name!r}: there is no folder {name!r}", path=file)
        for part in (model.spec, model.config):
            if not (file.parent / part).is_file():
                raise SpecError(f"model {model.name!r}: there is no file {part!r}", path=file)
        if model.symmetry and model.liveness:
            raise SpecError(
                f"model {model.name!r} uses symmetry with liveness",
                path=file,
                hint="TLC may miss violations then; take one of them out",
            )
    return Manifest(file, tuple(content.model))


def run_model(
    manifest: Manifest,
    model: Model,
    *,
    workers: int | None = None,
    timeout: float | None = None,
    memory: int | None = None,
    options: tuple[str, ...] = (),
    on_progress: Callable[[CheckProgress], None] | None = None,
    cancel: threading.Event | None = None,
) -> CheckResult:
    """Check a model of a manifest; parameters as for :func:`~toolkit.tlc.check`."""
    folder = manifest.path.parent
    return check(
        folder / model.spec,
        folder / model.config,
        workers=workers or model.workers,
        timeout=timeout,
        memory=memory,
        deadlock=model.deadlock,
        simulate=model.simulate,
        depth=model.trace_length,
        seed=model.seed,
        # Further options may make TLC look at more states than the manifest says.
        short=model.short and not options,
        module_path=model.module_path(folder),
        options=options,
        on_progress=on_progress,
        cancel=cancel,
    )


def compare(model: Model, result: CheckResult) -> list[str]:
    """Return in what a result disagrees with the manifest; nothing if it agrees.

    Depth, the length of a counterexample, and the states found before one are those of the
    manifest's number of workers: of a run with more they are not compared, since they may
    differ from run to run there.

    Parameters
    ----------
    model : Model
    result : CheckResult

    Returns
    -------
    list of str
        A sentence for each disagreement.
    """
    differences = []
    found = {
        "outcome": (model.outcome, result.outcome),
        "violated": (model.violated, result.name if result.violation else None),
        "distinct states": (model.distinct, result.distinct),
        "depth": (model.depth, result.depth),
        "length of the counterexample": (model.length, len(result.trace)),
    }
    for what, (expected, got) in found.items():
        always = what in {"outcome", "violated"}
        settled = always or (what == "distinct states" and model.outcome == "success")
        if not settled and model.workers is not None and result.workers > model.workers:
            continue
        if expected != got and (always or expected is not None):
            differences.append(f"{what}: expected {expected}, found {got}")
    return differences
