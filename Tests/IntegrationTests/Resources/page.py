"""What an operator does on the management page, in a real browser, against a running gateway.

Prints one line per step; exits with 0 only if every step went as it should.
"""

import argparse
import json
import os
import socket
import sys
import tempfile
import time
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
from browser import Browser, Failed  # noqa: E402
from page_charge_points import ChargePoints  # noqa: E402

begin = time.monotonic()
ENTER, TAB, ESCAPE = "\ue007", "\ue004", "\ue00c"
# Each would run, or break the page, where text became markup.
HOSTILE = "<img src=x onerror=window.broken=1>'\"&"
PARTS = ["Overview", "Charge points", "Refused", "Users", "Configuration"]

# Texts whose contrast with what lies behind them is below WCAG's AA; read from what the browser has computed.
CONTRAST = r"""
  const channels = (color) => {
    const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color[3] === 1) return color;
      if (color[3] > 0) throw new Error("a half transparent ground");
    }
    return [255, 255, 255, 1];
  };
  const faint = [];
  let looked = 0;
  for (const node of document.querySelectorAll("body *")) {
    const isField = node.matches("input, select, textarea");
    const speaks = isField || [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim() !== "");
    if (!speaks || !node.checkVisibility({ visibilityProperty: true }) || node.closest(".hidden, .of, option, svg")) continue;
    const style = getComputedStyle(node);
    const [one, other] = [luminance(channels(style.color)), luminance(behind(node))].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize), isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const contrast = (one + 0.05) / (other + 0.05);
    looked++;
    if (contrast < (isLarge ? 3 : 4.5)) faint.push(`${contrast.toFixed(2)} ${node.tagName} ${node.className} ${node.textContent.slice(0, 40)}`);
  }
  return [looked, faint];
"""


# What a screen reader would be made to say, or to repeat, out of turn.
IMPOLITE = """
  const impolite = [...document.querySelectorAll("[aria-live]")].filter((node) => node.ariaLive === "assertive");
  // What lives in one of these is said whenever it changes: no table, and nothing that is pressed.
  for (const node of document.querySelectorAll("[role=status], [role=alert], [aria-live=polite]")) {
    if (node.querySelector("table, button, input, li")) impolite.push(node);
  }
  const unnamed = [...document.querySelectorAll("input, select, textarea, button, a, svg")].filter((node) =>
    node.checkVisibility() && !(node.ariaLabel ?? node.closest("label")?.textContent ?? node.textContent).trim());
  return [...impolite, ...unnamed].map((node) => node.outerHTML.slice(0, 100));
"""

# Of what a tab keeps there is the key alone, and after "Log out" nothing.
KEPT = "return [Object.keys(sessionStorage), Object.keys(localStorage), document.cookie]"


def step(name):
    print(f"{time.monotonic() - begin:5.1f} s: {name}", flush=True)


def log_in(browser, options, key, secret):
    browser.open(options.url)
    browser.write("Key", key)
    browser.write("Secret", secret)
    browser.press(ENTER)
    browser.need("button", "Log out")


def part(browser, name):
    browser.click("link", name)
    browser.need("heading", name)


def check_harmless(browser):
    if browser.run("return window.broken !== undefined || document.querySelector('img, iframe, object') !== null"):
        raise Failed("what a charge point says became markup")


def check_sight(browser, name):
    """Light and dark, wide and narrow, of whatever is shown."""
    for scheme in ["light", "dark"]:
        browser.look(scheme)
        looked, faint = browser.run(CONTRAST)
        if faint or looked < 5:
            raise Failed(f"{name}, {scheme}: {looked} texts, too little contrast: {faint[:5]}")
    browser.resize(390, 800)
    wide = browser.run("return document.documentElement.scrollWidth")
    if wide > 390:
        raise Failed(f"{name} is {wide} px wide in a window of 390")
    looked, faint = browser.run(CONTRAST)
    browser.resize(1280, 900)
    if faint:
        raise Failed(f"{name}, narrow: too little contrast: {faint[:5]}")
    impolite = browser.run(IMPOLITE)
    if impolite:
        raise Failed(f"{name}: {impolite}")


def check_headers(options):
    with urllib.request.urlopen(options.url) as answer:
        policy, options_ = answer.headers["Content-Security-Policy"], answer.headers["X-Content-Type-Options"]
    for rule in ["default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"]:
        if rule not in policy.split("; "):
            raise Failed(f"{rule} is not in {policy}")
    if options_ != "nosniff":
        raise Failed("the page can be taken for something else")


def check_login(browser, options):
    check_headers(options)
    browser.open(options.url)
    browser.need("button", "Log in")
    if browser.run(KEPT) != [[], [], ""]:
        raise Failed("the tab keeps something before log-in")
    browser.write("Key", options.key)
    browser.write("Secret", "wrong")
    browser.click("button", "Log in")
    browser.wait("an alert", lambda: browser.run(
        "return [...document.querySelectorAll('[role=alert]')].some((node) => node.textContent.includes('wrong'))"))
    check_sight(browser, "log-in")
    browser.write("Secret", options.secret)
    browser.press(ENTER)
    browser.need("button", "Log out")
    browser.need("heading", "Overview")
    # Gone with the first reload.
    browser.run("window.stays = true")
    if browser.run(KEPT)[1:] != [[], ""]:
        raise Failed("the browser keeps something beyond the tab")
    browser.wait("the version", lambda: browser.run(
        "return /Gateway \\S+ · ocpp-gateway \\d+\\.\\d+/.test(document.querySelector('footer').textContent)"))
    browser.wait("the curve", lambda: browser.run("return document.querySelector('polyline').points.length > 1"))
    step("log-in, and the version")


def check_charge_points(browser, points):
    part(browser, "Charge points")
    browser.sees("0 connected")
    points.connect("LIVE-1")
    browser.need("link", "LIVE-1")
    points.connect(HOSTILE, vendor=HOSTILE[:20])
    browser.need("link", HOSTILE)
    browser.row(HOSTILE, HOSTILE[:20])
    check_harmless(browser)
    browser.click("button", "Identity")
    order = "return [...document.querySelectorAll('.virtual td a')].map((link) => link.textContent).join()"
    browser.wait("the other order", lambda: browser.run(order).startswith("LIVE-1"))
    browser.write("Search", "live-1")
    browser.wait("only LIVE-1", lambda: browser.run(order) == "LIVE-1")
    browser.write("Search", "NOWHERE")
    browser.sees("Nothing has come from \"NOWHERE\"")
    browser.write("Search", "")
    browser.press("x", "\ue003")
    browser.need("link", HOSTILE)
    part(browser, "Overview")
    browser.sees("connected", "ocpp:ws:default", "OCPP 1.6", "built_in_database", "up, ")
    part(browser, "Charge points")
    points.leave("LIVE-1")
    browser.wait("LIVE-1 gone", lambda: browser.find("link", "LIVE-1") is None)
    step("charge points come and go")


def check_one(browser, points, folder):
    points.connect("ONE-1", error=HOSTILE)
    part(browser, "Charge points")
    browser.click("link", "ONE-1")
    browser.need("heading", "ONE-1")
    browser.sees("Vendor", "ocpp:ws:default")
    browser.wait("actions", lambda: browser.run(
        "return [...document.querySelectorAll('option')].some((node) => node.value === 'Reset')"))
    # What it says from now on is seen: the stream is open when a frame has come.
    points.send("ONE-1", [2, "first-1", "Heartbeat", {}])
    browser.sees("first-1", "CALL Heartbeat")
    if not browser.run(r"return /^\d\d:\d\d:\d\d\.\d{3}$/.test(document.querySelector('.frames time').textContent)"):
        raise Failed("a frame without its time")
    browser.choose("Action", "Reset")
    browser.wait("the payload that the schema makes", lambda: "Hard" in browser.run(
        "return document.querySelector('textarea').value"))
    browser.choose("type (required)", "Soft")
    browser.click("button", "Send")
    browser.wait("the answer", lambda: "Accepted" in browser.run(
        "return document.querySelector('[aria-label=Answer]').textContent"))
    browser.sees("CALL Reset answered after", "answers Reset after")
    browser.write("Payload", '{"type":"Warm"}')
    browser.click("button", "Send")
    browser.wait("an alert", lambda: browser.run(
        "return [...document.querySelectorAll('[role=alert]')].some((node) => node.textContent.includes('/type'))"))
    # To this action the charge point answers with an error, in hostile words.
    browser.choose("Action", "ClearCache")
    browser.wait("the payload of ClearCache", lambda: browser.run(
        "return document.querySelector('textarea').value") == "{}")
    browser.click("button", "Send")
    browser.wait("the error", lambda: "onerror" in browser.run(
        "return document.querySelector('[aria-label=Answer]').textContent"))
    browser.sees("refused after")
    check_harmless(browser)
    step("frames live, commands and their answers")
    browser.click("button", "Pause")
    points.send("ONE-1", [2, "paused-1", "DataTransfer", {"vendorId": HOSTILE}])
    # How many have come depends on whether the answer has.
    browser.wait("the frame held back", lambda: browser.run(
        "return /paused; [1-9]/.test(document.querySelector('main').innerText)"))
    if "paused-1" in browser.run("return document.querySelector('.frames').innerText"):
        raise Failed("a frame was shown while paused")
    browser.click("button", "Resume")
    browser.sees("paused-1")
    check_harmless(browser)
    browser.devtools("Browser.setDownloadBehavior", behavior="allow", downloadPath=folder)
    browser.click("button", "Download")
    file = os.path.join(folder, "ONE-1.jsonl")

    def downloaded():
        """Its lines; none while the browser has made the file and not written it yet."""
        if not os.path.exists(file):
            return []
        with open(file) as lines:
            return [line for line in lines if line.endswith("\n")]

    browser.wait("the download, with the frame in it", lambda: any(
        "paused-1" in frame["frame"] and frame["direction"] == "up" for frame in map(json.loads, downloaded())))
    browser.click("button", "Kick ONE-1")
    browser.need("button", "Cancel")
    check_sight(browser, "a question")
    browser.click("button", "Kick ONE-1")
    browser.sees("not connected", "kicked by an operator")
    step("pause, download, kick")


def check_two(browser, points):
    """The form is that of the charge point's own version, and its payload keeps to the schema, however deep."""
    points.connect("TWO-1", subprotocol="ocpp2.0.1")
    part(browser, "Charge points")
    browser.click("link", "TWO-1")
    browser.need("heading", "TWO-1")
    payload = "return document.querySelector('textarea').value"
    browser.wait("actions", lambda: browser.run(
        "return [...document.querySelectorAll('option')].some((node) => node.value === 'GetVariables')"))
    browser.choose("Action", "GetVariables")
    made = json.loads(browser.wait("a payload", lambda: "getVariableData" in browser.run(payload) and browser.run(payload)))
    if made != {"getVariableData": [{"component": {"name": ""}, "variable": {"name": ""}}]}:
        raise Failed(f"no payload for GetVariables: {made}")
    browser.choose("Action", "Reset")
    browser.choose("type (required)", "OnIdle")
    browser.write("evseId", "1")
    if json.loads(browser.run(payload)) != {"type": "OnIdle", "evseId": 1}:
        raise Failed(f"the payload is not what the form says: {browser.run(payload)}")
    browser.click("button", "Send")
    browser.wait("the answer", lambda: "Accepted" in browser.run(
        "return document.querySelector('[aria-label=Answer]').textContent"))
    points.leave("TWO-1")
    step("a command to OCPP 2.0.1")


def check_refused(browser, points):
    part(browser, "Refused")
    points.is_refused("/wrong/CP1")
    browser.row("404", "wrong path", "/wrong/CP1", "and then the identity, here /ocpp/CP1")
    points.is_refused("/ocpp/CP-SUB", subprotocol="ocpp1.5")
    browser.row("CP-SUB", "101", "subprotocol")
    points.is_refused("/ocpp/CP-401", authorization=("CP-401", "wrong"), second=True)
    browser.row("CP-401", "404", "unknown identity", "Users")
    points.is_refused("/ocpp/" + urllib.parse.quote("A/B" + HOSTILE, safe=""))
    browser.row("forbidden character", "cannot be an identity", "onerror")
    points.connect("BAD-1")
    points.send("BAD-1", [2, "bad-1", "BootNotification", {"chargePointVendor": 26 * "V", "chargePointModel": "M"}])
    browser.row("BAD-1", "PropertyConstraintViolation", "/chargePointVendor", "longer than 20 characters", "BootNotification")
    points.send("BAD-1", [2, "bad-2", "Heartbeat", {HOSTILE: 1}])
    browser.row("BAD-1", "FormationViolation", "onerror", "unknown field")
    points.send("BAD-1", [2, "bad-4", "NoSuchAction", {}])
    browser.row("BAD-1", "NotImplemented", "NoSuchAction")
    points.send("BAD-1", '[2,"bad-3","Heartbeat",{}')
    browser.row("BAD-1", "FormationViolation", "not JSON")
    points.leave("BAD-1", reason=HOSTILE)
    for _ in range(5):
        points.connect("TWICE", vendor="Two")
    browser.row("TWICE", "1008", "Two charge points use this identity")
    points.leave("TWICE")
    check_harmless(browser)
    browser.click("link", "BAD-1")
    browser.need("heading", "BAD-1")
    browser.sees("not connected", "What went wrong", "/chargePointVendor", "Came and went", "onerror")
    check_harmless(browser)
    part(browser, "Charge points")
    browser.write("Search", "wrong/CP1")
    browser.sees("What went wrong", "wrong path")
    step("refusals with reason, rule, JSON pointer and what to do")


def check_users(browser, folder):
    part(browser, "Users")
    for name in ["USER-1", HOSTILE]:
        browser.write("User id", name)
        browser.write("Password", "0123456789abcdef")
        browser.click("button", "Add")
        browser.need("button", "Delete " + name)
    check_harmless(browser)

    def attempt(secret, verdict):
        browser.write("Identity", "USER-1")
        browser.write("Secret to try", secret)
        browser.click("button", "Try")
        browser.sees(verdict)
    attempt("0123456789abcdef", "allow")
    attempt("wrong", "wrong password")
    browser.click("button", "New password for USER-1")
    browser.write("New password", "fedcba9876543210")
    browser.click("button", "Save")
    browser.sees("is changed")
    attempt("fedcba9876543210", "allow")
    file = os.path.join(folder, "users.csv")
    with open(file, "w") as lines:
        lines.write("user_id,password,is_superuser\nIMPORTED-1,0123456789abcdef,false\n")
    browser.upload("CSV or JSON file", file)
    browser.click("button", "Import")
    browser.sees("imported 1 of 1")
    browser.need("button", "Delete IMPORTED-1")
    browser.click("button", "Delete USER-1")
    browser.click("button", "Delete USER-1")
    browser.wait("USER-1 gone", lambda: browser.find("button", "Delete USER-1") is None)
    step("users added, tried, changed, imported, deleted")


def listens(url):
    place = urllib.parse.urlsplit(url)
    try:
        socket.create_connection((place.hostname, place.port), 10).close()
    except ConnectionRefusedError:
        return False
    return True


def check_configuration(browser, options, points):
    part(browser, "Configuration")
    browser.click("button", "Stop ocpp:ws:second")
    browser.click("button", "Stop ocpp:ws:second")
    browser.row("ocpp:ws:second", "stopped")
    browser.sees("ocpp:ws:second is stopped.")
    if listens(options.second):
        raise Failed("a stopped listener listens")
    browser.click("button", "Start ocpp:ws:second")
    browser.row("ocpp:ws:second", "running")
    if not listens(options.second):
        raise Failed("a started listener does not listen")
    step("a listener stopped and started")
    browser.click("button", "Edit upstream.max_open_calls")
    browser.need("button", "Save")
    check_sight(browser, "a setting's form")
    browser.write("upstream.max_open_calls", "none")
    browser.click("button", "Save")
    browser.wait("an alert", lambda: browser.run(
        "return document.querySelector('dialog [role=alert]').textContent.length > 0"))
    browser.write("upstream.max_open_calls", "7")
    browser.click("button", "Save")
    browser.row("upstream.max_open_calls", "7", "change")
    browser.click("button", "Edit upstream.max_open_calls")
    browser.click("button", "Take the change back")
    browser.row("upstream.max_open_calls", "default")
    browser.click("button", "Edit mountpoint")
    browser.write("mountpoint", HOSTILE + "/")
    browser.click("button", "Save")
    browser.row("mountpoint", HOSTILE, "change")
    browser.click("button", "Edit mountpoint")
    check_harmless(browser)
    browser.click("button", "Take the change back")
    browser.row("mountpoint", "default")
    step("a setting changed and taken back")
    points.connect("OFF-1")
    browser.click("button", "Stop the gateway")
    browser.click("button", "Stop the gateway")
    browser.row("ocpp:ws:default", "stopped")
    # Its connections are ended over a time; what is let in meanwhile would be ended too.
    browser.sees("The gateway is stopped.")
    browser.click("button", "Start the gateway")
    browser.row("ocpp:ws:default", "running")
    points.leave("OFF-1")
    points.connect("OFF-1")
    points.leave("OFF-1")
    step("the whole gateway off and on")


def check_sights(browser, points):
    """Light and dark, wide and narrow."""
    points.connect("SEEN-1")
    places = [(name, None) for name in PARTS] + [("SEEN-1", "#/chargepoints/SEEN-1"), ("BAD-1", "#/chargepoints/BAD-1")]
    for name, place in places:
        if place:
            browser.run("location.hash = arguments[0]", place)
            browser.need("heading", name)
        else:
            part(browser, name)
        browser.wait("content", lambda: len(browser.text()) > 150)
        check_sight(browser, name)
    if not browser.run("return window.stays"):
        raise Failed("the page was loaded again")
    browser.resize(390, 800)
    if browser.find("link", "Overview"):
        raise Failed("the parts are not behind Menu")
    browser.click("button", "Menu")
    _, faint = browser.run(CONTRAST)
    if faint:
        raise Failed(f"the menu has too little contrast: {faint}")
    part(browser, "Overview")
    browser.resize(1280, 900)
    browser.look("light")
    points.leave("SEEN-1")
    step("light and dark, contrast, 390 px without sideways scrolling")


def check_keyboard(browser, options, points):
    browser.click("button", "Log out")
    browser.need("button", "Log in")
    if browser.run(KEPT) != [[], [], ""]:
        raise Failed("the tab keeps something after Log out")
    browser.press(*options.key, TAB, *options.secret, ENTER)
    browser.need("button", "Log out")

    def focused():
        return browser.run("return document.activeElement?.textContent?.trim() ?? ''")

    def reach(name):
        for _ in range(80):
            if focused() == name:
                return
            browser.press(TAB)
        raise Failed(f"{name} cannot be reached by keyboard; the last one was {focused()[:60]!r}")
    for name in PARTS:
        reach(name)
        browser.press(ENTER)
        browser.need("heading", name)
    browser.need("button", "Edit default_heartbeat_interval")
    browser.run("[...document.querySelectorAll('input[type=search]')].at(-1).focus()")
    browser.press(*"default_heart")
    reach("Edit default_heartbeat_interval")
    browser.press(ENTER)
    browser.need("button", "Cancel")
    browser.press(ESCAPE)
    browser.wait("the focus back on its button", lambda: focused() == "Edit default_heartbeat_interval")
    points.connect("KEY-1")
    reach("Charge points")
    browser.press(ENTER)
    browser.need("button", "Kick KEY-1")
    reach("KEY-1")
    browser.press(ENTER)
    browser.need("heading", "KEY-1")
    reach("Pause")
    browser.press(ENTER)
    reach("Resume")
    browser.press(ENTER)
    browser.wait("actions", lambda: browser.run("return document.querySelector('select[name=action]').value"))
    for _ in range(20):
        if browser.run("return document.activeElement.name") == "action":
            break
        browser.press(TAB)
    browser.press(*"Reset")
    browser.wait("Reset chosen", lambda: "Hard" in browser.run("return document.querySelector('textarea').value"))
    reach("Send")
    browser.press(ENTER)
    browser.wait("the answer", lambda: "Accepted" in browser.run(
        "return document.querySelector('[aria-label=Answer]').textContent"))
    reach("Charge points")
    browser.press(ENTER)
    browser.need("button", "Kick KEY-1")
    reach("Kick KEY-1")
    # Above it, so that its row is moved.
    points.connect("KEY-0")
    browser.need("link", "KEY-0")
    if focused() != "Kick KEY-1":
        raise Failed("the focus was lost when a row came")
    browser.press(ENTER)
    browser.need("button", "Cancel")
    browser.press(ENTER)
    browser.wait("KEY-1 gone", lambda: browser.find("link", "KEY-1") is None)
    browser.wait("the focus on the list", lambda: browser.run("return document.activeElement.ariaLabel") == "List of charge points")
    points.leave("KEY-0")
    step("keyboard alone")


def check_viewer(browser, options, points):
    browser.click("button", "Log out")
    log_in(browser, options, options.viewer_key, options.viewer_secret)
    points.connect("VIEWED-1")
    for name, content in [("Configuration", "upstream.max_open_calls"), ("Users", "IMPORTED-1"), ("Charge points", "VIEWED-1"), ("VIEWED-1", "Model")]:
        browser.click("link", name)
        browser.need("heading", name)
        browser.sees(content)
        found = browser.run(
            "return [...document.querySelectorAll('main button, main textarea')].map((node) => node.textContent)"
            ".filter((text) => !/^(Pause|Download|Clear|Identity|Version|Connected since|Last seen|Address|Vendor and model"
            "|Open CALLs|Queue|Bad messages|Previous page|Next page|At another gateway\\?)$/.test(text))")
        if found:
            raise Failed(f"a viewer has buttons in {name}: {found}")
    points.leave("VIEWED-1")
    step("a viewer without buttons")


def check_quiet(browser, options):
    """No error in the console, and no request elsewhere."""
    origin = urllib.parse.urlsplit(options.url).netloc
    errors = [entry["message"] for entry in browser.log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    # A browser writes a line for each answer that is no success; those that were meant are not the page's fault.
    meant = [("whoami", "status of 401"), ("/calls", "status of 400"), ("/api/v5/configs", "status of 400")]
    errors = [line for line in errors if not any(path in line and status in line for path, status in meant)]
    if errors:
        raise Failed(f"errors in the console: {errors}")
    requests = 0
    for entry in browser.log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            place = urllib.parse.urlsplit(message["params"]["request"]["url"])
            requests += place.netloc == origin
            if place.scheme in ("http", "https", "ws", "wss") and place.netloc != origin:
                raise Failed(f"a request elsewhere: {place.geturl()}")
    if requests < 20:
        raise Failed(f"only {requests} requests were seen")
    step("no error in the console, no request elsewhere")


def main():
    parser = argparse.ArgumentParser()
    for name in ["url", "ws", "second", "key", "secret", "viewer-key", "viewer-secret"]:
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--failure", help="where to put a picture of the page as a failure left it")
    options = parser.parse_args()
    points = ChargePoints(options.ws, options.second)
    browser = Browser()
    with tempfile.TemporaryDirectory() as folder:
        try:
            check_login(browser, options)
            check_charge_points(browser, points)
            check_one(browser, points, folder)
            check_two(browser, points)
            check_refused(browser, points)
            check_users(browser, folder)
            check_configuration(browser, options, points)
            check_sights(browser, points)
            check_keyboard(browser, options, points)
            check_viewer(browser, options, points)
            check_quiet(browser, options)
        except Failed:
            if options.failure:
                browser.screenshot(options.failure)
            raise
        finally:
            browser.close()
    step("the page works")


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        print(f"FAILED: {failure}", flush=True)
        sys.exit(1)
