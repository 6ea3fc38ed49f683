"""Debian's Chromium, driven by tests of what people see."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

SCRIPTS = Path(__file__).parent / "runtime" / "browser"
"""Where ``structure.js`` and ``contrast.js`` lie."""

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Browser:
    """One window of Chromium, and what it asked for and complained about."""

    def __init__(self, driver: Chrome, origin: str) -> None:
        self.driver, self.origin = driver, origin

    def open(self, path: str) -> None:
        self.driver.get(self.origin + path)

    def run(self, script: str) -> object:
        """What a piece of JavaScript returns."""
        return self.driver.execute_script(script)

    def wait_for(self, what: Callable[[], object]) -> None:
        """Wait until it is so; a minute is long enough for any machine."""
        deadline = time.monotonic() + 60
        while not what():
            assert time.monotonic() < deadline, "waited for a minute"
            time.sleep(0.02)

    def requests(self) -> list[dict[str, Any]]:
        """All requests since the last call: ``url``, ``method``, ``postData``."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]  # type: ignore[no-untyped-call]
        return [event["params"]["request"] for event in events if event["method"] == "Network.requestWillBeSent"]

    def complaints(self) -> list[str]:
        """What the console says since the last call: errors, refusals by the security policy, warnings."""
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]


def _program(*names: str) -> str:
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail(f"none of {', '.join(names)} is installed; on Debian: apt-get install chromium chromium-driver")
    return found


@contextmanager
def chromium(profile: Path, width: int, height: int, mobile: bool, dark: bool) -> Iterator[Chrome]:
    """A driver of a window of its own."""
    options = ChromeOptions()
    options.binary_location = _program("chromium", "chromium-browser")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options, ChromeService(_program("chromedriver")))
    try:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        media = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in media.items()]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        yield driver
    finally:
        driver.quit()
