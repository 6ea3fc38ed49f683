"""The report in Debian's Chromium: its charts drew data, it asks for nothing, and it can be read by all."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By

from lading.loadtests.reporting.page import html
from lading.loadtests.result import LoadTest
from tests.browsers import SCRIPTS, Browser, chromium
from tests.loadtests.results import Service, capacity_result, compared_result, plain_result

pytestmark = pytest.mark.browser

RESULTS: dict[str, Callable[[], LoadTest]] = {
    "plain": plain_result,
    "failing": lambda: plain_result(Service(failing={"503": 0.004, "timeout": 0.001}, stall_every=5.0)),
    "compared": lambda: compared_result(1.2),
    "capacity": capacity_result,
}

DRAWN = """
return [...document.querySelectorAll(arguments[0])].map((one) => {
  const box = one.getBoundingClientRect();
  return [box.width, box.height, (one.getAttribute("d") || "").split(/[LHM]/).length];
});
"""
INSIDE = """
return [...document.querySelectorAll("svg.plot")].flatMap((plot) => {
  const outer = plot.getBoundingClientRect();
  return [...plot.querySelectorAll("path, circle")].map((one) => one.getBoundingClientRect()).filter((box) =>
    box.left < outer.left - 8 || box.right > outer.right + 8 || box.top < outer.top - 8 || box.bottom > outer.bottom + 8
  ).map((box) => [box.left, box.right, box.top, box.bottom]);
});
"""


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of reports, by name."""
    folder = tmp_path_factory.mktemp("reports")
    for name, make in RESULTS.items():
        (folder / f"{name}.html").write_bytes(html(make()))
    return folder


@pytest.fixture(scope="session", params=["desktop", "phone"])
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A light window of 1280 by 900, and a dark phone of 360 by 740."""
    phone = request.param == "phone"
    width, height = (360, 740) if phone else (1280, 900)
    with chromium(tmp_path_factory.mktemp(request.param), width, height, mobile=phone, dark=phone) as found:
        yield found


@pytest.fixture(params=list(RESULTS))
def browser(request: pytest.FixtureRequest, driver: Chrome, reports: Path) -> Browser:
    """A window with one report open."""
    found = Browser(driver, reports.as_uri())
    driver.get("about:blank")
    found.requests()
    found.complaints()
    found.open(f"/{request.param}.html")
    return found


def drawn(browser: Browser, selector: str) -> list[tuple[float, float, int]]:
    """The width, the height and the points of all that a selector finds."""
    return [(width, height, points) for width, height, points in browser.driver.execute_script(DRAWN, selector)]


def test_every_chart_drew_data(browser: Browser) -> None:
    charts = browser.driver.find_elements(By.CSS_SELECTOR, "svg.plot")
    assert len(charts) >= 5
    for width, height, points in drawn(browser, "path.p50, path.p95, path.p99, path.candidate, path.answered"):
        assert width > 150
        assert height >= 0
        assert points > 30
    assert any(height > 20 for _, height, _ in drawn(browser, "path.p99"))
    assert all(width > 4 and height > 4 for width, height, _ in drawn(browser, "circle.mark"))
    assert sum(width for width, _, _ in drawn(browser, ".split:first-of-type rect.part")) > 150
    assert browser.run(INSIDE) == []


def test_nothing_is_asked_for_and_nothing_complains(browser: Browser) -> None:
    assert [request["url"] for request in browser.requests()] == [browser.driver.current_url]
    assert browser.complaints() == []


def test_it_can_be_read(browser: Browser) -> None:
    assert browser.run((SCRIPTS / "structure.js").read_text()) == []
    assert browser.run((SCRIPTS / "contrast.js").read_text()) == []
    assert browser.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth") is True


def test_values_are_read_off(browser: Browser) -> None:
    """By the pointer, and by the keyboard alone."""
    plot = next(
        one
        for one in browser.driver.find_elements(By.CSS_SELECTOR, "svg.plot")
        if one.find_elements(By.CSS_SELECTOR, "path.p99, path.answered")
    )
    browser.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", plot)
    ActionChains(browser.driver).move_to_element(plot).move_by_offset(3, 3).perform()
    tip = browser.driver.find_element(By.ID, "tip")
    browser.wait_for(tip.is_displayed)
    said = tip.text
    assert any(unit in said for unit in (" ms", " s", "µs", " /s"))
    browser.driver.execute_script("arguments[0].focus({focusVisible: true})", plot)
    ActionChains(browser.driver).send_keys("\ue010").perform()
    browser.wait_for(lambda: tip.text != said)


def test_without_javascript_it_is_all_there(driver: Chrome, reports: Path) -> None:
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        driver.get(f"{reports.as_uri()}/compared.html")
        assert len(driver.find_elements(By.CSS_SELECTOR, "svg.plot path.line")) > 10
        assert "FAILED" in driver.find_element(By.CSS_SELECTOR, ".verdict").text
        assert not driver.find_element(By.ID, "tip").is_displayed()
    finally:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
