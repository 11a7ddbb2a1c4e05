"""The manifest of models with their expected results, and the comparison with actual results."""

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


# Up to this number of states, the faster start of a short run outweighs its slower code.
_SHORT_STATES = 5_000


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model: a specification, its configuration file and the expected result of TLC.

    Parameters
    ----------
    name : str
        Name of the model.
    title : str
        Description in one line.
    spec, config : str
        Files, relative to the manifest's folder.
    outcome : str
        The expected outcome.
    violated : str or None
        Name of the invariant or property that is expected to be violated.
    distinct, depth : int or None
        Expected number of distinct states, and expected length of the longest behaviour.  If a
        violation ends the run, the numbers are those of a run with 1 worker.
    length : int or None
        Expected number of states of the counterexample.
    deadlock : bool
        Whether deadlock is checked.
    size : str
        ``"small"`` (seconds), ``"medium"`` (up to a minute or two) or ``"long"``.
    symmetry, liveness : bool
        Whether symmetry is used; whether a temporal property is checked.
    leaves_out : str
        Description of what the model's bounds exclude.
    workers : int or None
        Number of worker threads; 1 if the counterexample must be the same in every run.
    modules : tuple of str
        Further folders with modules of the specification, relative to the manifest's folder.
    simulate, trace_length, seed : int or None
        For a model that is simulated instead of searched: number of random behaviours, their
        maximal length, and the seed.
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
        """Whether a run is expected to take a few seconds, by the expected number of states."""
        return self.distinct is not None and self.distinct <= _SHORT_STATES

    def module_path(self, folder: Path) -> tuple[Path, ...]:
        """Return the further folders with modules.

        Parameters
        ----------
        folder : pathlib.Path
            The manifest's folder.

        Returns
        -------
        tuple of pathlib.Path
        """
        return tuple(folder / name for name in self.modules)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    model: list[Model]


class Manifest(msgspec.Struct, frozen=True):
    """The models of a folder of specifications.

    Parameters
    ----------
    path : pathlib.Path
        Path of the manifest.
    models : tuple of Model
        The models, in the order of the manifest.
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
            f"unknown model {name!r}",
            path=self.path,
            hint=f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names)}",
        )

    def __contains__(self, name: object) -> bool:
        return any(model.name == name for model in self.models)


def load_manifest(path: Path | None = None) -> Manifest:
    """Read a manifest.

    Parameters
    ----------
    path : pathlib.Path, optional
        By default the manifest of this installation.

    Returns
    -------
    Manifest

    Raises
    ------
    SpecError
        If the manifest cannot be read, has unknown keys, contains a model twice, refers to a
        missing file, or combines symmetry with liveness, for which TLC is unsound.

    Examples
    --------
    >>> load_manifest()["paxos"].outcome
    'success'
    """
    file = path or specs_root() / "manifest.toml"
    try:
        content = msgspec.toml.decode(file.read_bytes(), type=_File)
    except OSError as error:
        raise SpecError(f"cannot read the manifest: {error.strerror}", path=file) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise SpecError(f"invalid manifest: {error}", path=file) from error
    seen: set[str] = set()
    for model in content.model:
        if model.name in seen:
            raise SpecError(f"the model {model.name!r} occurs twice", path=file)
        seen.add(model.name)
        for name in model.modules:
            if not (file.parent / name).is_dir():
                raise SpecError(
                    f"model {model.name!r}: the folder {name!r} does not exist", path=file
                )
        for part in (model.spec, model.config):
            if not (file.parent / part).is_file():
                raise SpecError(
                    f"model {model.name!r}: the file {part!r} does not exist", path=file
                )
        if model.symmetry and model.liveness:
            raise SpecError(
                f"model {model.name!r} combines symmetry with liveness, for which TLC is unsound",
                path=file,
                hint="remove either of them",
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
    """Check a model of a manifest with TLC.

    Parameters
    ----------
    manifest : Manifest
    model : Model
    workers : int, optional
        By default the model's number of workers.
    timeout, memory, options, on_progress, cancel
        See :func:`~toolkit.tlc.check`.

    Returns
    -------
    CheckResult

    Raises
    ------
    SpecError, JavaNotFoundError, TlcNotFoundError, SettingError
        See :func:`~toolkit.tlc.check`.
    """
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
        # Further options may make TLC explore more states than the manifest expects.
        short=model.short and not options,
        module_path=model.module_path(folder),
        options=options,
        on_progress=on_progress,
        cancel=cancel,
    )


def compare(model: Model, result: CheckResult) -> list[str]:
    """List the differences between a result and the manifest; the list is empty if they agree.

    Depth, the length of a counterexample, and the number of states before a violation are valid for
    the manifest's number of workers.  They are not compared for a run with more workers, because
    they may vary between runs.

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
    fields = {
        "outcome": (model.outcome, result.outcome),
        "violated": (model.violated, result.name if result.violation else None),
        "distinct states": (model.distinct, result.distinct),
        "depth": (model.depth, result.depth),
        "length of the counterexample": (model.length, len(result.trace)),
    }
    for field, (expected, actual) in fields.items():
        always = field in {"outcome", "violated"}
        stable = always or (field == "distinct states" and model.outcome == "success")
        if not stable and model.workers is not None and result.workers > model.workers:
            continue
        if expected != actual and (always or expected is not None):
            differences.append(f"{field}: expected {expected}, found {actual}")
    return differences
