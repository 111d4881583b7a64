"""What an operator does on the management page, in a real browser, against a running gateway.

Prints one line per step; exits with 0 only if every step went as it should.
"""

import argparse
import asyncio
import json
import os
import sys
import threading
import urllib.parse

import websockets

sys.path.insert(0, os.path.dirname(__file__))
from browser import Browser, Failed  # noqa: E402

ENTER, TAB, SPACE, ESCAPE = "\ue007", "\ue004", " ", "\ue00c"
# Each would run, or break the page, where text became markup.
HOSTILE = "<img src=x onerror=alert(1)>'\"&"


def step(name):
    print(name, flush=True)


class ChargePoints:
    """Charge points on a thread of their own; they answer every CALL."""

    def __init__(self, url):
        self.url = url
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.open = {}

    def do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def connect(self, identity, vendor="Vendor", path=None, subprotocol="ocpp1.6"):
        async def begin():
            url = f"{self.url}{path or '/ocpp/'}{urllib.parse.quote(identity, safe='')}"
            connection = await websockets.connect(url, subprotocols=[subprotocol])
            self.open[identity] = connection
            self.loop.create_task(self.answer(connection))
            await connection.send(json.dumps([2, "boot-1", "BootNotification", {
                "chargePointVendor": vendor, "chargePointModel": "Model"}]))
        self.do(begin())

    async def answer(self, connection):
        try:
            async for text in connection:
                message = json.loads(text)
                if message[0] == 2:
                    await connection.send(json.dumps([3, message[1], {"status": "Accepted"}]))
        except websockets.ConnectionClosed:
            pass

    def send(self, identity, text):
        self.do(self.open[identity].send(text))

    def leave(self, identity):
        self.do(self.open.pop(identity).close())

    def is_refused(self, path, subprotocol="ocpp1.6"):
        async def attempt():
            try:
                async with websockets.connect(self.url + path, subprotocols=[subprotocol]):
                    return False
            except Exception:  # any refusal will do: which one is for the page to say
                return True
        return self.do(attempt())


def log_in(browser, options, key, secret):
    browser.open(options.url)
    browser.write("Key", key)
    browser.write("Secret", secret)
    browser.press(ENTER)
    browser.need("button", "Log out")


def part(browser, name):
    browser.click("link", name)
    browser.need("heading", name)


def check_login(browser, options):
    browser.open(options.url)
    browser.write("Key", options.key)
    browser.write("Secret", "wrong")
    browser.click("button", "Log in")
    browser.wait("an alert", lambda: browser.run(
        "return [...document.querySelectorAll('[role=alert]')].some((node) => node.textContent.includes('wrong'))"))
    browser.write("Secret", options.secret)
    browser.press(ENTER)
    browser.need("button", "Log out")
    browser.need("heading", "Overview")
    step("log-in")


def check_overview(browser, points):
    part(browser, "Overview")
    browser.sees("connected")
    browser.sees("ocpp:ws:default")
    browser.sees("1.6")
    step("overview")


def check_charge_points(browser, points):
    part(browser, "Charge points")
    browser.misses("LIVE-1")
    points.connect("LIVE-1")
    browser.need("link", "LIVE-1")
    points.connect(HOSTILE, vendor=HOSTILE)
    browser.need("link", HOSTILE)
    browser.click("button", "Identity")
    browser.write("Search", "live-1")
    browser.wait("only LIVE-1", lambda: browser.find("link", HOSTILE) is None)
    browser.write("Search", "")
    browser.need("link", HOSTILE)
    points.leave("LIVE-1")
    browser.wait("LIVE-1 gone", lambda: browser.find("link", "LIVE-1") is None)
    step("charge points come and go")


def check_one(browser, points):
    points.connect("ONE-1")
    part(browser, "Charge points")
    browser.click("link", "ONE-1")
    browser.need("heading", "ONE-1")
    browser.sees("Vendor")
    browser.wait("the stream of frames", lambda: browser.run(
        "return performance.getEntriesByType('resource').length") is not None)
    browser.wait("actions", lambda: browser.run(
        "return [...document.querySelectorAll('option')].some((node) => node.value === 'Reset')"))
    browser.choose("Action", "Reset")
    browser.wait("payload made from the schema", lambda: "type" in browser.run(
        "return document.querySelector('textarea').value"))
    browser.write("Payload", '{"type":"Soft"}')
    browser.click("button", "Send")
    browser.sees("Accepted")
    browser.sees("Reset")
    browser.sees("answers Reset after")
    step("a command and its answer")
    browser.click("button", "Pause")
    points.send("ONE-1", '[2,"paused-1","Heartbeat",{}]')
    browser.sees("paused; 1")
    if "paused-1" in browser.run("return document.querySelector('.frames').innerText"):
        raise Failed("a frame was shown while paused")
    browser.click("button", "Resume")
    browser.sees("paused-1")
    points.send("ONE-1", json.dumps([2, "x-1", "DataTransfer", {"vendorId": HOSTILE}]))
    browser.sees("onerror")
    step("frames, paused and resumed")
    browser.click("button", "Kick ONE-1")
    browser.click("button", "Kick ONE-1")
    browser.sees("not connected")
    step("kick")


def check_refused(browser, points):
    part(browser, "Refused")
    assert points.is_refused("/wrong/CP1")
    browser.sees("404")
    browser.sees("path")
    assert points.is_refused("/ocpp/" + urllib.parse.quote("A/B" + HOSTILE, safe=""))
    browser.sees("onerror")
    points.connect("BAD-1")
    points.send("BAD-1", '[2,"bad-1","Heartbeat",{}')
    browser.sees("BAD-1")
    points.leave("BAD-1")
    step("refusals with their reasons")


def check_users(browser):
    part(browser, "Users")
    browser.write("User id", "USER-1")
    browser.write("Password", "0123456789abcdef")
    browser.click("button", "Add")
    browser.need("button", "Delete USER-1")
    browser.write("User id", HOSTILE)
    browser.write("Password", "0123456789abcdef")
    browser.click("button", "Add")
    browser.need("button", "Delete " + HOSTILE)
    browser.click("button", "Delete USER-1")
    browser.click("button", "Delete USER-1")
    browser.wait("USER-1 gone", lambda: browser.find("button", "Delete USER-1") is None)
    step("users")


def check_configuration(browser):
    part(browser, "Configuration")
    browser.click("button", "Stop ocpp:ws:second")
    browser.click("button", "Stop ocpp:ws:second")
    browser.need("button", "Start ocpp:ws:second")
    browser.click("button", "Start ocpp:ws:second")
    browser.need("button", "Stop ocpp:ws:second")
    step("a listener stopped and started")
    browser.click("button", "Edit upstream.max_open_calls")
    browser.write("upstream.max_open_calls", "7")
    browser.click("button", "Save")
    browser.wait("the changed value", lambda: browser.run(
        "return [...document.querySelectorAll('tr')].some((row) => row.innerText.includes('upstream.max_open_calls')"
        " && row.innerText.includes('7') && row.innerText.includes('change'))"))
    browser.click("button", "Edit upstream.max_open_calls")
    browser.write("upstream.max_open_calls", "none")
    browser.click("button", "Save")
    browser.wait("an alert", lambda: browser.run(
        "return [...document.querySelectorAll('dialog [role=alert]')].some((node) => node.textContent.length > 0)"))
    browser.click("button", "Cancel")
    step("a setting changed")


def check_narrow(browser, points):
    browser.resize(390, 800)
    for name in ["Overview", "Charge points", "Refused", "Users", "Configuration"]:
        browser.click("button", "Menu")
        part(browser, name)
        wide = browser.wait(name, lambda: [browser.run("return document.documentElement.scrollWidth")])[0]
        if wide > 390:
            raise Failed(f"{name} is {wide} px wide in a window of 390")
    browser.resize(1280, 900)
    step("390 px without sideways scrolling")


def check_keyboard(browser, options, points):
    browser.click("button", "Log out")
    browser.need("button", "Log in")
    browser.press(*options.key, TAB, *options.secret, ENTER)
    browser.need("button", "Log out")

    def focused():
        return browser.run("return document.activeElement?.textContent?.trim() ?? ''")
    for name in ["Charge points", "Users"]:
        for _ in range(60):
            if focused() == name:
                break
            browser.press(TAB)
        else:
            raise Failed(f"{name} cannot be reached by keyboard")
        browser.press(ENTER)
        browser.need("heading", name)
    points.connect("KEY-1")
    for _ in range(60):
        if focused() == "Charge points":
            break
        browser.press(TAB)
    browser.press(ENTER)
    browser.need("button", "Kick KEY-1")
    for _ in range(80):
        if focused() == "Kick KEY-1":
            break
        browser.press(TAB)
    points.connect("KEY-0")
    browser.need("link", "KEY-0")
    if focused() != "Kick KEY-1":
        raise Failed("the focus was lost when a row came")
    browser.press(ENTER)
    browser.need("button", "Cancel")
    browser.press(ENTER)
    browser.wait("KEY-1 gone", lambda: browser.find("link", "KEY-1") is None)
    points.leave("KEY-0")
    step("keyboard alone")


def check_viewer(browser, options):
    browser.click("button", "Log out")
    log_in(browser, options, options.viewer_key, options.viewer_secret)
    for name in ["Charge points", "Users", "Configuration"]:
        part(browser, name)
        browser.wait("content", lambda: len(browser.text()) > 100)
        found = browser.run(
            "return [...document.querySelectorAll('main button')].map((node) => node.textContent)"
            ".filter((text) => /^(Kick|Delete|Add|Edit|Stop|Start|Save|Import|Send)\\b/.test(text))")
        if found:
            raise Failed(f"a viewer has buttons in {name}: {found}")
    step("a viewer without buttons")


def check_quiet(browser, options):
    """No error in the console, and no request elsewhere."""
    origin = urllib.parse.urlsplit(options.url).netloc
    errors = [entry["message"] for entry in browser.log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    # A browser writes a line for each answer that is no success; those that were meant are not the page's fault.
    meant = ("status of 401", "status of 400", "status of 404", "status of 409")
    errors = [line for line in errors if not any(part in line for part in meant)]
    if errors:
        raise Failed(f"errors in the console: {errors}")
    for entry in browser.log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            place = urllib.parse.urlsplit(url)
            if place.scheme in ("http", "https", "ws", "wss") and place.netloc != origin:
                raise Failed(f"a request elsewhere: {url}")
    step("no error in the console, no request elsewhere")


def main():
    parser = argparse.ArgumentParser()
    for name in ["url", "ws", "key", "secret", "viewer-key", "viewer-secret"]:
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--screenshots")
    options = parser.parse_args()
    points = ChargePoints(options.ws)
    browser = Browser()
    try:
        check_login(browser, options)
        check_charge_points(browser, points)
        check_overview(browser, points)
        check_one(browser, points)
        check_refused(browser, points)
        check_users(browser)
        check_configuration(browser)
        check_narrow(browser, points)
        check_keyboard(browser, options, points)
        check_viewer(browser, options)
        check_quiet(browser, options)
    except Failed:
        if options.screenshots:
            browser.screenshot(os.path.join(options.screenshots, "failed.png"))
        raise
    finally:
        browser.close()


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        print(f"FAILED: {failure}", flush=True)
        sys.exit(1)
