"""Fixtures and flags that all tests share."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

import toolkit.tlc.run
from toolkit.tlc.jvm_cache import JvmCache
from toolkit.tlc.jvm_training import make_cache

# The same examples in every run, and no limit of time: a test must not fail because the machine
# is busy.  ``--hypothesis-profile=default`` draws new examples.
settings.load_profile("ci")


# All tests share one folder of Java's caches, whatever else they isolate, and later runs find it
# again.  A cache that is missing is made on the spot: a process of the background would be one of
# those that tests look for when they ask whether anything was left running.
os.environ.setdefault(
    "TOOLKIT_JVM_CACHE", str(Path(tempfile.gettempdir()) / f"toolkit-tests-jvm-{os.getuid()}")
)


def _make_now(cache: JvmCache, version: str) -> bool:
    return make_cache(cache)


toolkit.tlc.run.request_cache = _make_now


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-golden",
        action="store_true",
        help="write what was seen into the golden files, to be read in the diff",
    )


@pytest.fixture
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written anew."""
    return bool(request.config.getoption("--rewrite-golden"))


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder of this checkout."""
    return Path(__file__).resolve().parent.parent
