"""A browser without a network, and a JupyterLab to point it at."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from toolkit.resources import resource_root

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic",
]  # fmt: skip
TOKEN = "test"


class Lab(NamedTuple):
    url: str
    root: Path


def screenshot(page: Any, name: str) -> None:
    """Save a picture where TOOLKIT_SCREENSHOTS asks for it."""
    if folder := os.environ.get("TOOLKIT_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def picture(part: Any, name: str) -> None:
    """Save a picture of a part of a page where TOOLKIT_SCREENSHOTS asks for it."""
    if folder := os.environ.get("TOOLKIT_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        part.scroll_into_view_if_needed()
        part.screenshot(path=str(Path(folder) / f"{name}.png"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("TOOLKIT_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("no browser: install Debian's chromium, or let TOOLKIT_CHROMIUM name one")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    base = tmp_path_factory.mktemp("lab")
    root = base / "root"
    root.mkdir()
    for notebook in resource_root("notebooks").glob("*.ipynb"):
        shutil.copy(notebook, root)
    settings = base / "app-settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(
        json.dumps({
            "@jupyterlab/apputils-extension:notification": {
                "fetchNews": "false", "checkForUpdates": False,
            },
            "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
            "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
        })
    )  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = (base / "log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
         f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}",
         f"--ServerApp.root_dir={root}", "--LabApp.expose_app_in_browser=True",
         f"--LabApp.app_settings_dir={settings}", f"--LabApp.user_settings_dir={base / 'user'}",
         f"--LabApp.workspaces_dir={base / 'workspaces'}"],
        stdout=log, stderr=log, env={**os.environ, "JUPYTER_CONFIG_DIR": str(base / "config")},
    )  # fmt: skip
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{url}/api/status?token={TOKEN}", timeout=2).close()
                break
            except (urllib.error.URLError, OSError):
                assert process.poll() is None, (base / "log").read_text()
                time.sleep(0.5)
        yield Lab(url, root)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()
