"""A browser (Debian's chromium) driven over WebDriver, as far as the page's tests need it; nothing but Python's library."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request


class Failed(Exception):
    pass


class Browser:
    """Chromium without a window, and its driver."""

    def __init__(self, width=1280, height=900):
        driver = shutil.which("chromedriver")
        if driver is None:
            raise Failed("chromedriver is missing")
        for _ in range(3):
            port = self.start(driver)
            if port:
                break
        else:
            raise Failed("chromedriver does not start")
        self.base = f"http://127.0.0.1:{port}"
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                            "--disable-background-networking", "--disable-component-update", "--no-first-run",
                            f"--window-size={width},{height}"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options,
                  "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        try:
            answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        except (Failed, OSError):
            # Nobody has a browser to close yet, and the driver would stay.
            self.process.kill()
            self.process.wait()
            raise
        self.session = f"/session/{answer['sessionId']}"

    def start(self, driver):
        """Its port; none if it ends instead."""
        self.process = subprocess.Popen(
            [driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            # "ChromeDriver was started successfully on port 40123."
            if "successfully on port" in line:
                return line.rstrip(".\n ").split()[-1]
        self.process.wait()
        return None

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise Failed(f"{value['error']}: {value['message'].splitlines()[0]}") from None

    def close(self):
        try:
            self.call("DELETE", self.session)
        except (Failed, OSError):
            pass
        self.process.kill()
        self.process.wait()

    def open(self, url):
        self.call("POST", self.session + "/url", {"url": url})

    def run(self, script, *arguments):
        return self.call("POST", self.session + "/execute/sync", {"script": script, "args": list(arguments)})

    def resize(self, width, height):
        """Of the page itself: a window is never narrower than 500 px."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def devtools(self, command, **parameters):
        return self.call("POST", self.session + "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def look(self, scheme):
        """light or dark"""
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def log(self, kind):
        return self.call("POST", self.session + "/se/log", {"type": kind})

    def press(self, *keys):
        """Keys for whatever has the focus: characters, or WebDriver's names for the others."""
        actions = []
        for key in keys:
            actions += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self.call("POST", self.session + "/actions", {"actions": [{"type": "key", "id": "k", "actions": actions}]})

    def screenshot(self, path):
        import base64
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("GET", self.session + "/screenshot")))

    # Elements are found as a screen reader finds them: by role and name.

    FIND = """
        const [role, name] = arguments;
        const seen = (node) => node.checkVisibility?.({checkVisibilityCSS: true}) ?? true;
        const same = (text) => (text ?? "").trim().replace(/\\s+/g, " ").toLowerCase() === name.toLowerCase();
        const labelled = (node) => {
            if (node.getAttribute("aria-label")) return node.getAttribute("aria-label");
            const label = node.closest("label") ?? (node.id && document.querySelector(`label[for="${node.id}"]`));
            if (label) return label.querySelector("span")?.textContent ?? label.textContent;
            return node.textContent;
        };
        const scope = document.querySelector("dialog[open]") ?? document;
        const kinds = {button: "button", link: "a[href]", field: "input, select, textarea", heading: "h1, h2, h3",
                       row: "tr", alert: "[role=alert]", column: "th"};
        return [...scope.querySelectorAll(kinds[role])].filter(seen).find((node) => same(labelled(node))) ?? null;
    """

    def find(self, role, name):
        return self.run(self.FIND, role, name)

    def wait(self, what, condition, seconds=60):
        """Until condition() is true; what it returns."""
        end = time.monotonic() + seconds
        while True:
            try:
                value = condition()
                if value:
                    return value
            except Failed as error:
                # The element has been replaced meanwhile.
                if "stale" not in str(error):
                    raise
            if time.monotonic() > end:
                raise Failed(f"{what}: not within {seconds} s; the page says: {self.text()[:1500]!r}")
            time.sleep(0.05)

    def need(self, role, name):
        return self.wait(f"{role} {name!r}", lambda: self.find(role, name))

    def click(self, role, name):
        found = self.need(role, name)
        self.run("arguments[0].scrollIntoView({block: 'center'})", found)
        self.call("POST", f"{self.session}/element/{next(iter(found.values()))}/click", {})

    def write(self, name, text):
        found = self.need("field", name)
        path = f"{self.session}/element/{next(iter(found.values()))}"
        self.call("POST", path + "/clear", {})
        self.call("POST", path + "/value", {"text": text})

    def upload(self, name, path):
        found = self.need("field", name)
        self.call("POST", f"{self.session}/element/{next(iter(found.values()))}/value", {"text": path})

    def choose(self, name, value):
        found = self.need("field", name)
        self.run("arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}));"
                 "arguments[0].dispatchEvent(new Event('change', {bubbles: true}))", found, value)

    def text(self):
        return self.run("return document.body.innerText") or ""

    def sees(self, *texts):
        for text in texts:
            self.wait(f"text {text!r}", lambda: text.lower() in self.text().lower())

    def misses(self, text):
        self.wait(f"no text {text!r}", lambda: text.lower() not in self.text().lower())

    def row(self, *texts):
        """A row of a table in which all of these stand."""
        script = ("return [...document.querySelectorAll('tbody tr')].some((row) => arguments[0].every("
                  "(text) => row.innerText.toLowerCase().includes(text.toLowerCase())))")
        self.wait(f"a row with {texts!r}", lambda: self.run(script, texts))
