"""What the management page costs while thousands of charge points are connected, in a real browser.

Prints the figures as lines of a Markdown table; exits with 0 only if all of them are within what is asked for.
"""

import argparse
import os
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from browser import Browser, Failed  # noqa: E402

# From the press on "Charge points" to the first painted row, and to the last charge point that can be searched for.
OPEN = """
  const [count] = arguments;
  const begin = performance.now(), found = {};
  window.opened = null;
  const look = () => {
    const now = performance.now() - begin;
    if (!found.first && document.querySelector(".virtual td a")) found.first = now;
    if (document.querySelector("main [role=status]")?.textContent === `${count} connected`) found.all ??= now;
    const last = document.querySelector(".virtual")?.getAttribute("aria-rowcount");
    if (found.all && Number(last) === count + 1) { window.opened = { ...found, complete: now }; return; }
    requestAnimationFrame(look);
  };
  [...document.querySelectorAll("nav a")].find((link) => link.textContent === "Charge points").click();
  look();
"""

# Tasks that hold up the page, and the longest time between two frames.
WATCH = """
  window.tasks = []; window.gaps = [];
  new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((entry) => entry.duration)))
    .observe({ type: "longtask" });
  let last = performance.now();
  const frame = (now) => { window.gaps.push(now - last); last = now; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
"""


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(pid, seconds):
    """Per cent of a core that a process takes."""
    begin, used = time.monotonic(), cpu_seconds(pid)
    time.sleep(seconds)
    return 100 * (cpu_seconds(pid) - used) / (time.monotonic() - begin)


def typing(browser):
    browser.need("field", "Search")
    browser.run("document.querySelector('[name=search]').focus()")
    browser.run(WATCH)
    for key in "00042" + 5 * "\ue003" + "127.0.0.1" + 9 * "\ue003":
        browser.press(key)
    tasks, gaps = browser.run("return [window.tasks, window.gaps]")
    return max(tasks, default=0), max(gaps, default=0)


def main():
    parser = argparse.ArgumentParser()
    for name in ["url", "key", "secret"]:
        parser.add_argument("--" + name, required=True)
    for name in ["gateway-pid", "count"]:
        parser.add_argument("--" + name, type=int, required=True)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    before = load(options.gateway_pid, options.seconds)
    rows, failures = [], []

    def figure(name, value, unit, most):
        rows.append(f"| {name} | {value:.{2 if unit == '%' else 0}f} {unit} | {most} {unit} |")
        if value > most:
            failures.append(name)

    browser = Browser()
    try:
        browser.open(options.url)
        browser.write("Key", options.key)
        browser.write("Secret", options.secret)
        browser.press("\ue007")
        browser.need("heading", "Overview")
        overview = load(options.gateway_pid, options.seconds)
        browser.run(OPEN, options.count)
        opened = browser.wait("the whole list", lambda: browser.run("return window.opened"), 120)
        figure("the first rows are seen after", opened["first"], "ms", 1000)
        figure("all charge points can be searched after", opened["complete"], "ms", 5000)
        task, gap = typing(browser)
        figure("longest task while typing in Search", task, "ms", 100)
        figure("longest time between two frames while typing", gap, "ms", 150)
        listed = load(options.gateway_pid, options.seconds)
    finally:
        browser.close()
    # The calmer one: what so many handshakes leave to do may take a while.
    alone = min(before, load(options.gateway_pid, options.seconds))
    figure("the gateway's load from the open Overview", max(0, overview - alone), "%", 1)
    figure("the gateway's load from the open list", max(0, listed - alone), "%", 1)
    print(f"| with {options.count} charge points connected | measured | at most |\n|---|---|---|")
    print("\n".join(rows))
    print(f"\nThe gateway's load without the page: {alone:.2f} % of a core.")
    if failures:
        raise Failed("more than is asked for: " + "; ".join(failures))


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        print(f"FAILED: {failure}", flush=True)
        sys.exit(1)
