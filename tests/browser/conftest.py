"""The browser, and a demo for it to look at. Tests here carry `pytestmark = pytest.mark.browser`."""

import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext

ROOT = Path(__file__).parents[2]
START_SECONDS_MAX = 600.0  # 40 s of processor, on a machine that may be busy
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# What a page may say without being broken: an image or route that a test asks for and is refused.
EXPECTED_COMPLAINTS = ("Failed to load resource",)


def _chromium() -> str | None:
    named = os.environ.get("BENFEX_CHROMIUM")
    return named or next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Start the machine's own Chromium; skip where there is none."""
    chromium = _chromium()
    if chromium is None:
        pytest.skip("no Chromium found: install it, or name it with BENFEX_CHROMIUM")
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    quiet += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
    if os.geteuid() == 0:
        quiet.append("--no-sandbox")  # Chromium's sandbox refuses to start as root
    return {**browser_type_launch_args, "executable_path": chromium, "args": quiet}


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the running demo keeps its database."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="session")
def demo(browser_type_launch_args: dict[str, Any], demo_home: Path) -> Iterator[str]:
    """The address of a running demo, for the whole run: `python app.py --demo` with a home of its own."""
    home = demo_home
    address = f"http://127.0.0.1:{_free_port()}"
    # A server that inherits pytest's variables takes itself for a NiceGUI test.
    env = {name: value for name, value in os.environ.items() if not name.startswith(("NICEGUI_", "PYTEST_"))}
    env |= {"BENFEX_HOME": str(home), "BENFEX_HOST": "127.0.0.1", "BENFEX_PORT": address.rpartition(":")[2]}
    log_path = home / "server.log"
    with log_path.open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "app.py", "--demo"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_ready(server, address, log_path)
            yield address
        finally:
            server.terminate()
            try:
                server.wait(timeout=15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


@pytest.fixture(scope="session")
def base_url(demo: str) -> str:
    """Let `page.goto("/login")` mean the demo's."""
    return demo


@pytest.fixture(autouse=True)
def no_complaints(context: BrowserContext) -> Iterator[list[str]]:
    """Fail a test whose page wrote an error to the console or threw one; clear the list to expect it."""
    complaints: list[str] = []

    def note(message: Any) -> None:
        if message.type == "error" and not message.text.startswith(EXPECTED_COMPLAINTS):
            complaints.append(message.text)

    context.on("console", note)
    context.on("weberror", lambda fault: complaints.append(str(fault.error)))
    yield complaints
    assert complaints == []


def _free_port() -> int:
    """Return a port below those that the system gives to others, of whom one may take it until we listen."""
    for port in random.sample(range(20_000, 32_000), 50):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port below 32000")


def _wait_until_ready(server: "subprocess.Popen[bytes]", address: str, log_path: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            ready = httpx.get(f"{address}/readyz", timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            ready = False
        if ready:
            return
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the demo did not start:\n{log_path.read_text(errors='replace')[-4000:]}")
        time.sleep(0.1)  # noqa: TID251 the condition is a server coming up, within the deadline above
