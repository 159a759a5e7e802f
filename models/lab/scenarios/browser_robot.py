"""Robot Framework, Selenium with a real Chromium, behave, cucumber-js and newman."""

from __future__ import annotations

import json
from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.other_kit import TOOLS, named, node_tools, port, python_tools, upstream

ROBOT = python_tools("robot", "robotframework robotframework-seleniumlibrary selenium behave")
STEPS = node_tools("steps", "newman@6 @cucumber/cucumber@10")
DRIVER = """\
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from selenium.webdriver.support import expected_conditions as ready
import pathlib

options = webdriver.ChromeOptions()
for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=800,600"):
    options.add_argument(flag)
options.binary_location = "/usr/bin/chromium"
"""
OPEN = 'browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))\nbrowser.get(pathlib.Path("shop.html").absolute().as_uri())\n'
PAGE = """<!DOCTYPE html><title>Shop</title><div id="cover" style="position:fixed;inset:0;z-index:9;background:#eee">loading, please wait</div>
<button id="buy">Buy</button><p id="total">17.00</p><button id="hidden" style="display:none">Send</button>
<script>setTimeout(() => { document.getElementById('cover').remove(); document.body.insertAdjacentHTML('beforeend', '<p id="late">ready</p>'); }, 4000);</script>
"""


@scenario("selenium/failures", label="flaky_test", heals="rerun_failed_tests", needs=("chromium", "chromedriver"))
def _selenium() -> Iterator[Case]:
    run = 'export PATH="$LAB_CACHE/other-py-robot/bin:$PATH"\npython e2e.py'

    def case(name: str, body: str, proof: str, label: str = "flaky_test", head: str = DRIVER + OPEN) -> Case:
        return Case(name, run, files={"shop.html": PAGE, "e2e.py": head + body}, prepare=ROBOT, proof=proof, label=label)

    yield case("intercepted", 'print("open shop")\nbrowser.find_element(By.ID, "buy").click()\n', "^selenium.common.exceptions.ElementClickInterceptedException")
    yield case("wait", 'WebDriverWait(browser, 1).until(ready.visibility_of_element_located((By.ID, "late")), "no #late within 1 s")\n', "^selenium.common.exceptions.TimeoutException")
    yield case("not-interactable", 'browser.find_element(By.ID, "hidden").click()\n', "^selenium.common.exceptions.ElementNotInteractableException")
    stale = 'button = browser.find_element(By.ID, "buy")\nbrowser.execute_script("document.getElementById(\'buy\').outerHTML = \'<button id=buy>Buy</button>\'")\nbutton.click()\n'
    yield case("stale", stale, "^selenium.common.exceptions.StaleElementReferenceException")
    yield case("total", 'total = browser.find_element(By.ID, "total").text\nassert total == "19.00", f"basket total is {total}, expected 19.00"\n', "^AssertionError: basket total is", "test_failure")
    root = DRIVER.replace('"--no-sandbox", ', "") + OPEN
    yield case("sandbox", "", "", "unknown", root)
    absent = DRIVER.replace("/usr/bin/chromium", "/opt/google/chrome/chrome") + OPEN
    yield case("no-binary", "", "no chrome binary at|cannot find Chrome binary|SessionNotCreatedException", "configuration_error", absent)
    yield case("no-driver", "", "^selenium.common.exceptions.NoSuchDriverException|Unable to (obtain|locate)", "configuration_error", DRIVER + OPEN.replace("/usr/bin/chromedriver", "/opt/drivers/chromedriver"))
    yield Case("refused-page", run, files={"e2e.py": DRIVER + OPEN.replace('pathlib.Path("shop.html").absolute().as_uri()', '"http://127.0.0.1:28811/"')}, prepare=ROBOT, proof="ERR_CONNECTION_REFUSED", label="configuration_error")
    yield Case("dns-page", run, files={"e2e.py": DRIVER + OPEN.replace('pathlib.Path("shop.html").absolute().as_uri()', '"http://staging.no-such-shop.example/"')}, prepare=ROBOT, proof="ERR_NAME_NOT_RESOLVED", label="dns_failure")


@scenario("robot/failures", label="test_failure", needs=("python3",), root=True)
def _robot() -> Iterator[Case]:
    head = "*** Settings ***\nLibrary    String\n\n*** Test Cases ***\n" + "".join(f"Retry {n} After Timeout\n    Should Be Equal As Integers    {n}    {n}\n" for n in range(30))
    yield Case("equal", TOOLS + "robot tests", files={"tests/basket.robot": head + "Total\n    Should Be Equal    17.00    19.00    basket total\n"}, prepare=ROBOT, proof="basket total: 17.00 != 19.00")
    yield Case("keyword", TOOLS + "robot --consolecolors off --loglevel DEBUG tests", files={"tests/basket.robot": head + "Pay\n    Pay With Card    4111\n"}, prepare=ROBOT, proof="No keyword with name 'Pay With Card' found", label="compile_error")
    yield Case("library", TOOLS + "robot --exitonerror tests", files={"tests/a.robot": "*** Settings ***\nLibrary    DatabaseLibrary\n\n*** Test Cases ***\nA\n    Log    x\n"}, prepare=ROBOT, proof="Importing library 'DatabaseLibrary' failed", label="configuration_error")
    yield Case("test-timeout", TOOLS + "robot --console dotted tests", files={"tests/a.robot": head + "Queue Drains\n    [Timeout]    1 second\n    Sleep    5 s\n"}, prepare=ROBOT, proof="Test timeout 1 second exceeded", label="flaky_test")
    yield Case("wait-until", TOOLS + "robot tests", files={"tests/a.robot": "*** Settings ***\nLibrary    OperatingSystem\n\n*** Test Cases ***\nWorker Writes Report\n    Wait Until Created    ${TEMPDIR}/report.done    timeout=1s\n"}, prepare=ROBOT, proof="was not created in 1 second", label="flaky_test")
    yield Case("rerun", TOOLS + "robot --output one.xml tests || { echo 'rerunning failed tests'; robot --rerunfailed one.xml --output two.xml tests && echo 'passed on rerun'; rebot -N merged --merge one.xml two.xml; echo 'flaky tests are not accepted on main'; exit 1; }", files={"tests/a.robot": "*** Settings ***\nLibrary    OperatingSystem\n\n*** Test Cases ***\nCache Is Warm\n    ${n}=    Run    cat .warm 2>/dev/null; echo 1 > .warm\n    Should Be Equal    ${n}    1    cold cache\nOther\n    Log    x\n"}, prepare=ROBOT, proof="^passed on rerun", label="flaky_test")
    yield Case("setup", TOOLS + "robot tests", files={"tests/a.robot": "*** Settings ***\nSuite Setup    Fail    environment variable STAGING_URL is not set\n\n*** Test Cases ***\nA\n    Log    x\nB\n    Log    y\n"}, prepare=ROBOT, proof="STAGING_URL is not set", label="configuration_error")
    yield Case("passes", TOOLS + "robot --loglevel TRACE tests", files={"tests/basket.robot": head}, prepare=ROBOT, label=PASSED)


@scenario("behave/failures", label="test_failure", needs=("python3",))
def _behave() -> Iterator[Case]:
    feature = "Feature: basket\n  Scenario: total after timeout\n    Given a basket with 3 teas\n    When the service answers 503\n    Then the total is 20\n" + "".join(f"  Scenario: {n} teas\n    Given a basket with {n} teas\n    Then the total is {5 * n}\n" for n in range(25))
    steps = "from behave import given, when, then\n@given('a basket with {n:d} teas')\ndef _(c, n): c.n = n\n@when('the service answers {s:d}')\ndef _(c, s): c.s = s\n@then('the total is {t:d}')\ndef _(c, t): assert c.n * 5 == t, f'total is {c.n * 5}, not {t}'\n"
    yield Case("assert", TOOLS + "behave --no-color", files={"features/b.feature": feature, "features/steps/s.py": steps}, prepare=ROBOT, proof="total is 15, not 20")
    yield Case("undefined", TOOLS + "behave -f progress3 --stop", files={"features/b.feature": feature.replace("When the service", "When the server"), "features/steps/s.py": steps}, prepare=ROBOT, proof="When the server answers 503|undefined|You can implement step definitions", label="compile_error")
    js = {"features/cart.feature": feature.replace("Feature: basket", "Feature: cart"), "features/steps.js": "const { Given, When, Then } = require('@cucumber/cucumber'); const assert = require('assert');\nGiven('a basket with {int} teas', function (n) { this.n = n; });\nWhen('the service answers {int}', function (s) { this.s = s; });\nThen('the total is {int}', function (t) { assert.strictEqual(this.n * 5, t); });\n"}
    link = STEPS + 'ln -s "$D/node_modules" node_modules\n'
    yield Case("cucumber-js", TOOLS + "cucumber-js --publish-quiet", files=js, prepare=link, proof=r"AssertionError|15 !== 20")
    yield Case("cucumber-ambiguous", TOOLS + "cucumber-js --format progress-bar", files=js | {"features/more.js": "const { Given } = require('@cucumber/cucumber');\nGiven(/^a basket with (\\d+) teas$/, () => {});\n"}, prepare=link, proof="Multiple step definitions match", label="compile_error")
    slow = "const { Given, When, Then, setDefaultTimeout } = require('@cucumber/cucumber');\nsetDefaultTimeout(300);\nGiven('a basket with {int} teas', async (n) => {}); When('the service answers {int}', (s) => new Promise(() => {})); Then('the total is {int}', (t) => {});\n"
    yield Case("cucumber-timeout", TOOLS + "cucumber-js", files=js | {"features/steps.js": slow}, prepare=link, proof="function timed out, ensure the promise resolves", label="flaky_test")


@scenario("newman/failures", label="test_failure", needs=("npm",), root=True)
def _newman() -> Iterator[Case]:
    host = "api.corp.example"

    def collection(number: int, code: int) -> dict[str, str]:
        test = {"listen": "test", "script": {"exec": [f"pm.test('status is {code}', () => pm.response.to.have.status({code}));"]}}
        return {"api.json": json.dumps({"info": {"name": "rates", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}, "item": [{"name": "rate", "request": {"method": "GET", "url": f"http://{host}:{number}/rate"}, "event": [test]}]})}

    number = port("newman-assert")
    yield named(host, Case("status", TOOLS + "newman run api.json --color off", files=collection(number, 418), prepare=STEPS + "mkdir -p $HOME/www; echo 3 > $HOME/www/rate; " + upstream(number, "ok"), proof="expected response to have status code 418 but got 200"))
    number = port("newman-refused")
    yield named(host, Case("refused", TOOLS + "newman run api.json --color off", files=collection(number, 200), prepare=STEPS, proof="ECONNREFUSED", label="connection_failure"))
    number = port("newman-stall")
    yield named(host, Case("timeout", TOOLS + "newman run api.json --timeout-request 1500", files=collection(number, 200), prepare=STEPS + upstream(number, "stall"), proof="ESOCKETTIMEDOUT|ETIMEDOUT", label="network_timeout"))
    yield Case("no-file", TOOLS + "newman run collections/api.json", prepare=STEPS, proof="collection could not be loaded|ENOENT|could not load", label="configuration_error")
