"""The cell magics ``%%tla`` and ``%%tlc``: define a TLA+ module in a cell and check it."""

from __future__ import annotations

import shlex
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import HTML, display

from toolkit.errors import SpecError, ToolkitError
from toolkit.tlc import (
    CheckResult,
    Location,
    SpecSource,
    cached_check,
    parse_problem,
    spec_from_text,
    translate_pluscal,
)
from toolkit.tlc.html.render import render_source, render_source_error
from toolkit.tlc.result import CheckProgress
from toolkit.tlc.source import module_name
from toolkit.widgets.checking import CheckView

__all__ = ["ModuleView", "TlaMagics", "load_ipython_extension"]

_QUIET = 2.0


class ModuleView:
    """A module defined in a cell, shown with syntax colours or with its first error.

    Parameters
    ----------
    name : str
    text : str
        The module's text, including the translation of its PlusCal if there is one.
    problem : str or None
        The error message; ``None`` if the module is correct.
    location : Location or None
        The location of the error.
    modules : dict of str to str
        The texts of all modules that it needs, by name.
    """

    def __init__(
        self,
        name: str,
        text: str,
        *,
        problem: str | None = None,
        location: Location | None = None,
        modules: dict[str, str],
    ) -> None:
        self.name = name
        self.text = text
        self.problem = problem
        self.location = location
        self._modules = modules

    def __repr__(self) -> str:
        if self.problem is None:
            return f"<module {self.name}, {len(self.text.splitlines())} lines>"
        where = f"{self.location}: " if self.location is not None else ""
        return f"<module {self.name} cannot be parsed: {where}{self.problem}>"

    def _repr_html_(self) -> str:
        if self.problem is not None:
            return render_source_error(self.location, self._modules, self.problem)
        return render_source(self.text, f"module {self.name}")


@magics_class
class TlaMagics(Magics):
    """The cell magics ``%%tla`` and ``%%tlc``.

    Parameters
    ----------
    shell : InteractiveShell

    Attributes
    ----------
    modules : dict of str to str
        Name to text of the modules that cells have defined.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.modules: dict[str, str] = {}

    @magic_arguments()
    @argument("--translate", action="store_true", help="Translate the PlusCal algorithm first.")
    @argument("--fairness", default="none", help="Fairness that the translation's Spec "
              "assumes: none, wf, sf or wfNext.")  # fmt: skip
    @argument("--out", metavar="NAME", help="Store the module's text in this variable.")
    @argument("--quiet", action="store_true", help="Show only errors.")
    @cell_magic
    def tla(self, line: str, cell: str) -> ModuleView | None:
        """Define a TLA+ module, parse it and show it with syntax colours.

        Later cells can EXTEND it, and %%tlc can check it.  A module with an error is not defined;
        it is shown with the error underlined.
        """
        args = _arguments(TlaMagics.tla, line)
        try:
            name = module_name(cell)
        except SpecError as error:
            raise UsageError(str(error)) from error
        # An earlier module of this name is no longer the one that the notebook shows.
        self.modules.pop(name, None)
        text = cell
        if args.translate:
            try:
                text = translate_pluscal(cell, fairness=args.fairness).text
            except SpecError as error:
                place = None
                if error.line is not None:
                    place = Location(name, error.line, error.column or 1)
                return ModuleView(
                    name, cell, problem=error.message, location=place, modules={name: cell}
                )
            except ToolkitError as error:
                raise UsageError(str(error)) from error
        try:
            source = self._source(text, "")
            problem = parse_problem(source)
        except ToolkitError as error:
            raise UsageError(str(error)) from error
        if problem is not None:
            return ModuleView(
                name, text, problem=problem.message, location=problem.location,
                modules=source.modules,
            )  # fmt: skip
        self.modules[name] = text
        self._store(args.out, text)
        return None if args.quiet else ModuleView(name, text, modules=source.modules)

    @magic_arguments()
    @argument("module", help="A module defined in a cell, or a .tla file.")
    @argument("--workers", type=int, help="TLC's worker threads (default: one, so that "
              "counts and counterexamples are the same in every run).")  # fmt: skip
    @argument("--timeout", type=float, metavar="S", help="Stop TLC after S seconds.")
    @argument("--memory", type=int, metavar="MB", help="TLC's heap in MB.")
    @argument("--no-deadlock", action="store_true", help="Do not check for deadlock.")
    @argument("--coverage", action="store_true", help="Count how often each action is taken.")
    @argument("--keep-going", action="store_true", help="Continue after a violation.")
    @argument("--simulate", type=int, metavar="N", help="Check N random behaviours only.")
    @argument("--depth", type=int, metavar="N", help="Maximum length of a random behaviour.")
    @argument("--seed", type=int, metavar="N", help="Seed of TLC's randomness.")
    @argument("--again", action="store_true", help="Run TLC even if the result is cached.")
    @argument("--live", action="store_true", help="Run TLC in the background, with progress and a "
              "stop button.")  # fmt: skip
    @argument(
        "--out", metavar="NAME", help="Store the result (with --live: the view) in this variable."
    )
    @cell_magic
    def tlc(self, line: str, cell: str) -> CheckResult | CheckView:
        """Check a module with TLC; the cell is the configuration file.

        The result is cached, so that running a notebook again does not run TLC again; use --again
        to ignore the cache.
        """
        args = _arguments(TlaMagics.tlc, line)
        options: dict[str, Any] = {
            "workers": args.workers or 1,
            "timeout": args.timeout,
            "deadlock": not args.no_deadlock,
            "coverage": args.coverage,
            "keep_going": args.keep_going,
            "simulate": args.simulate,
            "depth": args.depth,
            "seed": args.seed,
        }
        result: CheckResult | CheckView
        try:
            source = self._load(args.module, cell)
            if args.live:
                result = CheckView(source, memory=args.memory, **options)
            else:
                with _ProgressLine(source.root) as line_shown:
                    result = cached_check(
                        source,
                        again=args.again,
                        heap=args.memory,
                        on_progress=line_shown.update,
                        **options,
                    )
        except ToolkitError as error:
            raise UsageError(str(error)) from error
        self._store(args.out, result)
        return result

    def _source(self, text: str, config: str, folder: Path | None = None) -> SpecSource:
        return spec_from_text(
            text, config, modules=self.modules, module_path=[folder or Path.cwd()]
        )

    def _load(self, name: str, config: str) -> SpecSource:
        if name in self.modules:
            return self._source(self.modules[name], config)
        path = Path(name)
        if path.suffix != ".tla":
            known = ", ".join(self.modules) or "none"
            raise SpecError(
                f"no cell has defined a correct module {name!r} (defined: {known})",
                hint="run the cell that defines it, or give a .tla file",
            )
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SpecError(f"cannot read the file: {error}", path=path) from error
        return self._source(text, config, path.parent)

    def _store(self, name: str | None, value: object) -> None:
        if name is None:
            return
        if not name.isidentifier():
            raise UsageError(f"--out must be the name of a variable, got {name!r}")
        assert self.shell is not None
        self.shell.user_ns[name] = value


def _arguments(magic: Any, line: str) -> Namespace:
    try:
        args: Namespace = parse_argstring(magic, line)
    except (SystemExit, ValueError) as error:
        raise UsageError(f"{shlex.quote(line)}: {error}") from error
    return args


class _ProgressLine:
    """A progress line, shown if a check takes longer than two seconds."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._started = time.monotonic()
        self._line: Any = None

    def __enter__(self) -> _ProgressLine:
        return self

    def update(self, progress: CheckProgress) -> None:
        """Show the numbers of states."""
        if time.monotonic() - self._started < _QUIET:
            return
        text = HTML(
            f"<code>{self._title}</code>: {progress.distinct:,} distinct of "
            f"{progress.generated:,} states, {progress.queue:,} to explore"
        )
        if self._line is None:
            self._line = display(text, display_id=True)
        else:
            self._line.update(text)

    def __exit__(self, *_: object) -> None:
        if self._line is not None:
            self._line.update(HTML(""))


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the cell magics; called by ``%load_ext toolkit.widgets``.

    Parameters
    ----------
    shell : InteractiveShell
    """
    shell.register_magics(TlaMagics)
