"""The page in Debian's Chromium: by keyboard, on a phone, and with nothing from elsewhere."""

import json
import shlex
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.canary import Canary
from lading.runtime.deployments import Deployments
from lading.runtime.happening import Happening
from tests.browsers import Browser, chromium
from tests.runtime.visits import columns_of, frame

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent

MODELS = ("penguins", "cells", "coins", "forecasts", "images", "roots")
PAGES = ("/", "/page/nobody", *(f"/page/{name}" for name in (*MODELS, "visits", "readings")), "/page/visits/drift")


@pytest.fixture(scope="session")
def origin(deployments: Deployments, trained_bundles: dict[str, Path]) -> Iterator[str]:
    """Where all the bundles answer; of one it was asked what is not like its training data."""
    listener = socket.create_server(("127.0.0.1", 0))
    (visits,) = Deployments.load([trained_bundles["visits"]])
    visits.observed.offer(visits.encoder.encode(columns_of(frame(250, seed=2, shift=1))), 250)
    # The readings have a canary and a shadow, and a history.
    (readings,), (tried,), (shadow,) = (Deployments.load([trained_bundles["readings"]]) for _ in range(3))
    changes = [
        Happening(
            number=number,
            time=f"2026-01-0{number}T10:00:00.000",
            action=action,
            name="readings",
            before="1.0.0",
            after="1.0.0",
            tried="1.1.0-rc1",
            who="ada",
            why="to see whether it agrees, which a long line says",
        )
        for number, action in enumerate(("serve", "canary", "shadow"), 1)
    ]
    models = [*deployments, visits, readings]
    app = Application(Deployments(models, [Canary(tried, 0.1)], [shadow], changes), Settings())
    config = uvicorn.Config(app, log_level="warning", lifespan="off", ws="none", timeout_keep_alive=1)
    server = uvicorn.Server(config)
    running = threading.Thread(target=server.run, args=([listener],))
    running.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    running.join()
    listener.close()


@pytest.fixture(scope="session")
def desktop_driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("desktop"), 1280, 900, mobile=False, dark=False) as driver:
        yield driver


@pytest.fixture(scope="session")
def phone_driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("phone"), 360, 740, mobile=True, dark=True) as driver:
        yield driver


@pytest.fixture
def desktop(desktop_driver: Chrome, origin: str) -> Browser:
    """A light window of 1280 by 900."""
    return _fresh(desktop_driver, origin)


@pytest.fixture
def phone(phone_driver: Chrome, origin: str) -> Browser:
    """A dark phone of 360 by 740."""
    return _fresh(phone_driver, origin)


def _fresh(driver: Chrome, origin: str) -> Browser:
    browser = Browser(driver, origin)
    driver.get("about:blank")
    browser.requests()
    browser.complaints()
    return browser


def control(browser: Browser, field: str) -> WebElement:
    """The control of a field, found by the words of its label."""
    for label in browser.driver.find_elements(By.CSS_SELECTOR, "#form label"):
        if label.text == field:
            return browser.driver.find_element(By.ID, str(label.get_dom_attribute("for")))
    raise AssertionError(f"no label says {field}")


def press(browser: Browser, *keys: str) -> None:
    """Press keys, wherever the focus is."""
    browser.driver.switch_to.active_element.send_keys(*keys)


def tab_to(browser: Browser, element: WebElement) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(200):
        if browser.driver.switch_to.active_element == element:
            return
        press(browser, Keys.TAB)
    raise AssertionError("Tab never reaches it")


def answered(browser: Browser) -> str:
    """The headline of the answer, once it is there: the one before stays until then, and only how long it took goes."""
    browser.wait_for(lambda: browser.driver.find_element(By.ID, "answered").text)
    return browser.driver.find_element(By.CSS_SELECTOR, "#answer .headline").text


def ask(browser: Browser, name: str, row: dict[str, Any]) -> dict[str, Any]:
    """What the API answers to a row."""
    found: dict[str, Any] = httpx.post(f"{browser.origin}/models/{name}/predict", json=row).json()
    return found


def test_from_the_list_to_a_model(desktop: Browser, deployments: Deployments) -> None:
    desktop.open("/")
    listed = desktop.driver.find_element(By.TAG_NAME, "main").text
    for model in deployments:
        assert model.name in listed
        assert model.digest in str(desktop.run("return document.body.textContent"))
    desktop.driver.find_element(By.LINK_TEXT, "penguins").click()
    desktop.wait_for(lambda: desktop.driver.title.startswith("penguins 1.0.0"))
    assert "penguins" in desktop.driver.find_element(By.TAG_NAME, "h1").text


def test_the_form_predicts_by_keyboard_alone(desktop: Browser, deployments: Deployments) -> None:
    row = deployments.get("penguins").golden.records(deployments.get("penguins").signature)[0]
    desktop.open("/page/penguins")
    press(desktop, Keys.TAB)
    assert desktop.driver.switch_to.active_element.text == "Skip to the content"
    tab_to(desktop, control(desktop, "mass"))
    press(desktop, Keys.CONTROL + "a")
    press(desktop, "6.25", Keys.ENTER)
    expected = ask(desktop, "penguins", row | {"mass": 6.25})
    assert answered(desktop) == expected["label"]
    best = max(expected["probabilities"].values())
    assert desktop.driver.find_element(By.CSS_SELECTOR, "#answer .bar-share").text == f"{100 * best:.2f} %"
    assert len(desktop.driver.find_elements(By.CSS_SELECTOR, "#answer .bar")) == 3
    assert deployments.get("penguins").digest[:19] in desktop.driver.find_element(By.ID, "answered").text
    tab_to(desktop, desktop.driver.find_element(By.ID, "predict"))
    press(desktop, Keys.ENTER)
    assert answered(desktop) == expected["label"]


def test_each_of_several_labels_has_its_name_and_its_bars(desktop: Browser, deployments: Deployments) -> None:
    row = deployments.get("forecasts").golden.records(deployments.get("forecasts").signature)[0]
    desktop.open("/page/forecasts")
    desktop.driver.find_element(By.ID, "predict").click()
    answered(desktop)
    expected = ask(desktop, "forecasts", row)
    shown = {
        part: [one.text for one in desktop.driver.find_elements(By.CSS_SELECTOR, f"#answer {part}")]
        for part in ("h3", ".headline", ".bar-text", "pre")
    }
    assert shown["h3"] == ["rain", "wind"]
    assert shown[".headline"] == [json.dumps(expected["label_rain"]), expected["label_wind"]]
    assert sorted(shown[".bar-text"]) == ["calm", "false", "fresh", "storm", "true"]
    assert shown["pre"] == []


def test_a_choice_a_suggestion_and_a_tick_by_keyboard(desktop: Browser, deployments: Deployments) -> None:
    row = deployments.get("penguins").golden.records(deployments.get("penguins").signature)[0]
    desktop.open("/page/penguins")
    tab_to(desktop, control(desktop, "tagged"))
    press(desktop, Keys.SPACE)
    tab_to(desktop, control(desktop, "moulting"))
    press(desktop, "m")
    tab_to(desktop, control(desktop, "island"))
    press(desktop, "B")
    tab_to(desktop, control(desktop, "note"))
    press(desktop, Keys.CONTROL + "a")
    press(desktop, Keys.BACKSPACE)
    tab_to(desktop, control(desktop, "band"))
    press(desktop, Keys.CONTROL + "a")
    press(desktop, "3")
    sent = json.loads(shlex.split(desktop.driver.find_element(By.ID, "curl").text)[-1])
    changed = {"tagged": not row["tagged"], "moulting": None, "island": "Biscoe", "note": None, "band": 3}
    assert sent == row | changed


def test_an_error_is_attached_to_its_field(desktop: Browser) -> None:
    desktop.open("/page/penguins")
    mass = control(desktop, "mass")
    mass.clear()
    mass.send_keys("heavy", Keys.ENTER)
    desktop.wait_for(lambda: mass.get_dom_attribute("aria-invalid") == "true")
    assert desktop.driver.switch_to.active_element == mass
    described = str(mass.get_dom_attribute("aria-describedby")).split()
    said = [desktop.driver.find_element(By.ID, one).text for one in described]
    assert any("heavy" in text and "mass" in text for text in said)
    mass.send_keys("1")
    assert mass.get_dom_attribute("aria-invalid") is None
    assert not desktop.driver.find_element(By.ID, described[-1]).is_displayed()


def test_a_field_that_may_not_be_missing_says_so(desktop: Browser) -> None:
    desktop.open("/page/penguins")
    year = control(desktop, "year")
    year.clear()
    year.send_keys(Keys.ENTER)
    desktop.wait_for(lambda: year.get_dom_attribute("aria-invalid") == "true")


def test_another_example_fills_the_form(desktop: Browser) -> None:
    desktop.open("/page/penguins")
    before = control(desktop, "mass").get_property("value")
    desktop.driver.find_element(By.ID, "another").click()
    assert control(desktop, "mass").get_property("value") != before
    assert desktop.driver.find_element(By.ID, "example-note").text == "Golden row 2 of 4"
    desktop.driver.find_element(By.ID, "predict").click()
    assert answered(desktop)


@pytest.mark.parametrize("name", MODELS)
def test_the_command_asks_what_the_form_asks(desktop: Browser, name: str) -> None:
    desktop.open(f"/page/{name}")
    command = shlex.split(desktop.driver.find_element(By.ID, "curl").text)
    answer = httpx.post(command[1], headers=dict([command[3].split(": ")]), content=command[5].encode())
    assert answer.status_code == 200
    desktop.driver.find_element(By.ID, "predict").click()
    desktop.wait_for(lambda: desktop.driver.find_element(By.ID, "answered").text)
    (asked,) = (request for request in desktop.requests() if request["method"] == "POST")
    assert (asked["url"], json.loads(asked["postData"])) == (command[1], json.loads(command[5]))


def test_a_tensor_is_typed_as_json(desktop: Browser) -> None:
    desktop.open("/page/images")
    pixels = control(desktop, "pixels")
    assert pixels.tag_name == "textarea"
    pixels.clear()
    pixels.send_keys("[[1,2,3,4],[0,0,0,0],[1,1,1,1]]", Keys.CONTROL, Keys.ENTER)
    desktop.wait_for(lambda: '"sums"' in desktop.driver.find_element(By.ID, "answer").text)
    shown = "".join(desktop.driver.find_element(By.CSS_SELECTOR, "#answer pre:last-child").text.split())
    assert '"sums":[2,3,4,5]' in shown


def test_drift_is_shown_as_it_is_now(desktop: Browser) -> None:
    desktop.open("/page/visits")
    desktop.wait_for(lambda: desktop.driver.find_elements(By.CSS_SELECTOR, "#drift .tile"))
    assert len(desktop.driver.find_elements(By.CSS_SELECTOR, "#drift svg path.now")) == 5
    shown = "return document.getElementById('drift').innerText"  # in one: the section is replaced meanwhile
    assert "after 250 rows" in str(desktop.run(shown))
    desktop.driver.find_element(By.ID, "predict").click()
    desktop.wait_for(lambda: desktop.driver.find_element(By.ID, "answered").text)
    desktop.open("/page/visits")
    desktop.wait_for(lambda: "after 251 rows" in str(desktop.run(shown)))


def test_a_digest_is_copied(desktop: Browser, deployments: Deployments) -> None:
    desktop.open("/page/penguins")
    button = desktop.driver.find_element(By.CSS_SELECTOR, ".digest-line .copy")
    assert button.get_dom_attribute("data-copy") == deployments.get("penguins").digest
    tab_to(desktop, button)
    press(desktop, Keys.ENTER)
    desktop.wait_for(lambda: desktop.run("return document.getElementById('said').textContent"))
    assert desktop.run("return document.getElementById('said').textContent") == "Copied the bundle digest"


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_nothing_leaves_the_origin_and_nothing_complains(request: pytest.FixtureRequest, size: str, path: str) -> None:
    browser: Browser = request.getfixturevalue(size)
    browser.open(path)
    if browser.driver.find_elements(By.ID, "predict"):
        browser.run("document.getElementById('predict').click()")
        browser.wait_for(lambda: browser.driver.find_element(By.ID, "answered").text)
    asked = [request["url"] for request in browser.requests()]
    assert asked
    assert [url for url in asked if not url.startswith(browser.origin + "/")] == []
    expected = [] if path != "/page/nobody" else ["404"]
    assert [line for line in browser.complaints() if not any(text in line for text in expected)] == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_no_page_scrolls_sideways(request: pytest.FixtureRequest, size: str, path: str) -> None:
    browser: Browser = request.getfixturevalue(size)
    browser.open(path)
    assert browser.run("return document.documentElement.scrollWidth <= window.innerWidth") is True


def test_on_a_phone_the_answer_comes_into_view(phone: Browser) -> None:
    phone.open("/page/penguins")
    control(phone, "mass").send_keys(Keys.ENTER)
    answered(phone)
    phone.wait_for(
        lambda: phone.run(
            "const box = document.querySelector('#answer').getBoundingClientRect(); return box.top < innerHeight"
        )
    )


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_structure_is_sound(request: pytest.FixtureRequest, size: str, path: str) -> None:
    browser: Browser = request.getfixturevalue(size)
    browser.open(path)
    assert browser.run((HERE / "structure.js").read_text()) == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_text_stands_out_in_the_light_and_in_the_dark(request: pytest.FixtureRequest, size: str, path: str) -> None:
    browser: Browser = request.getfixturevalue(size)
    browser.open(path)
    assert browser.run((HERE / "contrast.js").read_text()) == []


def test_without_javascript_the_facts_can_be_read(desktop: Browser, deployments: Deployments) -> None:
    desktop.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        desktop.open("/page/penguins")
        shown = desktop.driver.find_element(By.TAG_NAME, "main").text
        assert deployments.get("penguins").digest in shown
        assert "The form needs JavaScript" in shown
        assert "curl http://127.0.0.1" in shown
        assert not desktop.driver.find_element(By.ID, "form").is_displayed()
    finally:
        desktop.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
