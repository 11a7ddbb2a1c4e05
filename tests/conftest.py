"""Fixtures and flags that all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# The same examples in every run, and no limit of time: a test must not fail because the machine
# is busy.  ``--hypothesis-profile=default`` draws new examples.
settings.load_profile("ci")


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
