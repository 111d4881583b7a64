#!/usr/bin/env python3
"""Writes the tables and plots of docs/benchmarks.md from the figures that deploy/bench.sh left."""

import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from pathlib import Path


def read(folder, section):
    """{variant: [figures of each run]}, the runs in order."""
    runs = {}
    for path in sorted(folder.glob(f"{section}--*.json")):
        _, variant, number = path.stem.split("--")
        runs.setdefault(variant, []).append((int(number), json.loads(path.read_text())))
    return {variant: [run for _, run in sorted(all_, key=lambda pair: pair[0])] for variant, all_ in runs.items()}


def median(runs, *path):
    values = []
    for run in runs or []:
        value = run
        for key in path:
            value = None if value is None else value.get(key)
        if value is not None:
            values.append(value)
    return statistics.median(values) if values else None


def text(value, decimals=1, unit=""):
    if value is None:
        return "not measured"
    return f"{value:,.{decimals}f}".replace(",", " ") + (f" {unit}" if unit else "")


def table(head, rows):
    if not rows:
        return "Not measured in this run.\n"
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def cpu(runs):
    return median(runs, "gateway", "cpuMicrosecondsPerRoundTrip")


def ratio(value, floor):
    return value / floor if value is not None and floor else None


def verdict(value, limit):
    if value is None:
        return "–"
    return "yes" if value <= limit else "**no**"


class Bench:
    def __init__(self, folder):
        names = ["cost", "latency", "storm", "idle", "churn", "size", "sessions", "connections"]
        self.runs = {name: read(folder, name) for name in names}

    def of(self, section, variant):
        return self.runs[section].get(variant)

    def budget(self):
        rows = []
        idle = self.of("idle", "memory")
        memory = median(idle, "gateway", "perSession")
        sessions = idle[0]["chargePoints"] if idle else 0
        rows.append((f"resident memory per idle `ws` session ({sessions} sessions, each has sent a message)",
                     text(memory, 2, "KiB"), "5 KiB", verdict(memory, 5)))
        for qos, limit in ((0, 2.0), (1, 1.8)):
            ours, floor = cpu(self.of("cost", f"qos{qos}-gateway")), cpu(self.of("cost", f"qos{qos}-mqtt"))
            times = ratio(ours, floor)
            rows.append((f"CPU per round trip, QoS {qos} both ways, 64 open calls",
                         f"{text(ours, 1, 'µs')}, {text(times, 2)} × libmosquitto alone",
                         f"{limit} × libmosquitto alone", verdict(times, limit)))
        floor = median(self.of("latency", "mqtt"), "latency", "p50")
        for key, name, limit in (("p50", "p50", 0.15), ("p99", "p99", 0.5)):
            ours = median(self.of("latency", "gateway"), "latency", key)
            above = None if ours is None or floor is None else (ours - floor) / 1000
            total = None if ours is None else ours / 1000
            rows.append((f"latency, one open call, {name}",
                         f"{text(total, 3, 'ms')}, {text(above, 3, 'ms')} above the floor's p50",
                         f"{limit} ms above the floor's p50", verdict(above, limit)))
        storm = self.of("storm", "all")
        if storm:
            rounds = storm[0]["rounds"]
            seconds = statistics.median(r["upgradeSeconds"] for r in rounds)
            refused = sum(r["refused"] for r in rounds)
            rows.append((f"{storm[0]['chargePoints']} upgrades, as fast as one client can", f"{seconds:.2f} s, "
                         f"{refused} refused", "3 s for 10 000; none refused",
                         verdict(seconds * 10000 / storm[0]["chargePoints"] + refused * 1000, 3)))
        quiet, pings = self.of("idle", "memory"), self.of("idle", "pings")
        if quiet and pings:
            rest = quiet[0]["gateway"]["cpuPercent"]
            window = pings[0]["seconds"]
            pinged = pings[0]["gateway"]["cpuPercent"]
            at_300 = rest + max(0, pinged - rest) * window / 300
            rows.append((f"CPU of an idle gateway, {quiet[0]['chargePoints']} sessions, a ping each 300 s",
                         f"{at_300:.2f} % of a core (no pings {rest:.2f} %; {pings[0]['pings']} pings in "
                         f"{window:.0f} s {pinged:.2f} %)", "0.5 %", verdict(at_300, 0.5)))
        churn = self.of("churn", "all")
        if churn and len(churn[0]["rounds"]) > 2:
            after = [r["gatewayResidentAfter"] for r in churn[0]["rounds"]]
            growth = after[-1] - after[1]
            rows.append((f"memory after {churn[0]['chargePoints']} sessions came and went {len(after)} times",
                         f"{growth / 1024:+.1f} MiB since the second time ({after[1] / 1024:.1f}, then "
                         f"{after[-1] / 1024:.1f} MiB)", "no growth after the second time",
                         verdict(growth, 0.01 * after[1])))
        return table(("", "measured", "at most", "within"), rows)

    def cost(self):
        names = [("qos0-mqtt", "libmosquitto alone, QoS 0"), ("echo", "WebSocket echo alone"),
                 ("qos0-gateway", "gateway, QoS 0"), ("qos1-mqtt", "libmosquitto alone, QoS 1"),
                 ("qos1-gateway", "gateway, QoS 1")]
        rows = []
        for variant, name in names:
            runs = self.of("cost", variant)
            if not runs:
                continue
            values = [r["gateway"]["cpuMicrosecondsPerRoundTrip"] for r in runs]
            rows.append((name, text(cpu(runs)), f"{min(values):.1f} to {max(values):.1f}",
                         text(median(runs, "gateway", "systemShare") * 100, 0),
                         text(median(runs, "broker", "cpuMicrosecondsPerRoundTrip"))
                         if median(runs, "broker", "cpuPercent") is not None else "–",
                         text(median(runs, "roundTripsPerSecond"), 0), text(median(runs, "latency", "p50"), 0),
                         text(median(runs, "latency", "p99"), 0)))
        return table(("64 open calls", "CPU µs per round trip", "of the runs", "of it kernel %",
                      "broker's CPU µs", "round trips/s", "p50 µs", "p99 µs"), rows)

    def latency(self):
        rows = []
        for variant, name in (("mqtt", "libmosquitto alone"), ("echo", "WebSocket echo alone"), ("gateway", "gateway")):
            runs = self.of("latency", variant)
            if runs:
                rows.append([name] + [text(median(runs, "latency", key), 0)
                                      for key in ("p50", "p90", "p99", "p999", "max")])
        return table(("one open call, µs", "p50", "p90", "p99", "p99.9", "max"), rows)

    def storm(self):
        rows = []
        for run in self.of("storm", "all") or []:
            for number, r in enumerate(run["rounds"], 1):
                rows.append((number, r["upgraded"], r["refused"], f"{r['upgradeSeconds']:.2f}",
                             f"{r['gatewayUpgradeCPUSeconds']:.2f}", f"{r['gatewayResidentWithSessions'] / 1024:.1f}"))
        return table(("time", "upgraded", "refused", "seconds", "gateway's CPU seconds", "resident MiB"), rows)

    def churn(self):
        rows = []
        for run in self.of("churn", "all") or []:
            for number, r in enumerate(run["rounds"], 1):
                rows.append((number, f"{r['gatewayResidentWithSessions'] / 1024:.1f}",
                             f"{r['gatewayResidentAfter'] / 1024:.1f}"))
        return table(("time", "resident MiB, sessions there", "resident MiB, sessions gone"), rows)

    def by_number(self, section):
        variants = self.runs[section]
        return {variant: [(path_number, run) for path_number, run in zip(self.numbers(section, variant), runs)]
                for variant, runs in variants.items()}

    def numbers(self, section, variant):
        return sorted(int(p.stem.split("--")[2]) for p in FOLDER.glob(f"{section}--{variant}--*.json"))

    def size(self):
        rows = []
        data = self.by_number("size")
        floors = dict(data.get("mqtt", []))
        for number, run in data.get("gateway", []):
            floor = floors.get(number)
            ours, alone = cpu([run]), cpu([floor]) if floor else None
            rows.append((text(number, 0), run["openCalls"], text(ours), text(alone), text(ratio(ours, alone), 2),
                         text(run["roundTripsPerSecond"], 0), text(run["latency"]["p99"], 0)))
        return table(("payload bytes", "open calls", "gateway, CPU µs per round trip", "libmosquitto alone", "ratio",
                      "round trips/s", "p99 µs"), rows)

    def sessions(self):
        rows = []
        for number, run in self.by_number("sessions").get("gateway", []):
            r = run["rounds"][0]
            with_sessions = (r["gatewayResidentWithSessions"] - run["gateway"]["residentBefore"]) / number
            rows.append((text(number, 0), f"{r['upgradeSeconds']:.2f}", f"{with_sessions:.2f}", text(cpu([run])),
                         text(run["roundTripsPerSecond"], 0), text(run["latency"]["p99"], 0), run["errors"]))
        return table(("sessions", "seconds to connect", "KiB per session", "CPU µs per round trip, 64 open calls",
                      "round trips/s", "p99 µs", "errors"), rows)

    def connections(self):
        rows = []
        for number, run in self.by_number("connections").get("gateway", []):
            rows.append((number, text(cpu([run])), text(run["broker"]["cpuMicrosecondsPerRoundTrip"]),
                         text(run["roundTripsPerSecond"], 0), text(run["latency"]["p99"], 0)))
        return table(("broker connections", "gateway, CPU µs per round trip", "broker's CPU µs", "round trips/s",
                      "p99 µs"), rows)

    def plots(self, folder):
        data = self.by_number("size")
        series = [(name, [(n, cpu([run])) for n, run in data.get(variant, [])])
                  for variant, name in (("gateway", "gateway"), ("mqtt", "libmosquitto alone"))]
        svg(folder / "benchmark-sizes.svg", "CPU µs per round trip, by payload bytes", series)
        sessions = [(n, cpu([run])) for n, run in self.by_number("sessions").get("gateway", [])]
        svg(folder / "benchmark-sessions.svg", "CPU µs per round trip with 64 open calls, by sessions",
            [("gateway", sessions)])


def svg(path, title, series):
    """Lines over a logarithmic x axis; both axes are labelled at the points."""
    import math
    points = [p for _, line in series for p in line if p[1] is not None]
    if len(points) < 2:
        return
    width, height, left, right, top, bottom = 640, 300, 60, 20, 40, 50
    low, high = math.log10(min(x for x, _ in points)), math.log10(max(x for x, _ in points))
    most = max(y for _, y in points) * 1.1

    def at(x, y):
        across = (math.log10(x) - low) / ((high - low) or 1)
        return left + across * (width - left - right), height - bottom - y / most * (height - top - bottom)

    colours = ["#1f6feb", "#8250df", "#bf8700"]
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
           f'font-size="12">', f'<rect width="{width}" height="{height}" fill="white"/>',
           f'<text x="{left}" y="20" font-size="14">{title}</text>',
           f'<path d="M{left} {top}V{height - bottom}H{width - right}" fill="none" stroke="#57606a"/>']
    for step in range(5):
        y = most * step / 4
        _, py = at(10 ** low, y)
        out.append(f'<text x="{left - 6}" y="{py + 4:.0f}" text-anchor="end">{y:.0f}</text>')
    for x in sorted({x for x, _ in points}):
        px, _ = at(x, 0)
        out.append(f'<text x="{px:.0f}" y="{height - bottom + 18}" text-anchor="middle">{x}</text>')
    for index, (name, line) in enumerate(series):
        line = [at(x, y) for x, y in line if y is not None]
        if not line:
            continue
        colour = colours[index % len(colours)]
        path_text = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in line)
        out.append(f'<path d="{path_text}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in line]
        out.append(f'<text x="{left + 10 + index * 180}" y="{height - 10}" fill="{colour}">{name}</text>')
    path.write_text("\n".join(out + ["</svg>"]) + "\n")


def run_text(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def loads(folder):
    path = folder / "load-averages"
    values = [float(line) for line in path.read_text().split()] if path.exists() else []
    if not values:
        return "not recorded"
    return (f"{min(values):.1f} to {max(values):.1f}, median {statistics.median(values):.1f} (this bench alone makes "
            "about 2)")


def conditions(folder):
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    swift = re.search(r"Swift version (\S+)", run_text("swift", "--version"))
    package = run_text("dpkg-query", "-W", "-f=${Package} ${Version}, ", "libmosquitto1", "mosquitto").rstrip(", ")
    commit = run_text("git", "rev-parse", "--short", "HEAD")
    rows = [("date", datetime.date.today().isoformat()), ("commit", commit),
            ("machine", f"{os.cpu_count()} cores, {model.group(1) if model else platform.machine()}, shared with other "
                        "work; clients, broker and gateway all on it"),
            ("kernel", platform.release()), ("Swift", swift.group(1) if swift else ""), ("packages", package),
            ("load average during the runs", loads(folder))]
    return table(("", ""), rows)


def commands(folder):
    path = folder / "commands"
    lines = list(dict.fromkeys(path.read_text().splitlines())) if path.exists() else []
    return "```\n" + "\n".join(lines) + "\n```\n"


def main():
    global FOLDER
    FOLDER = Path(sys.argv[1])
    bench = Bench(FOLDER)
    parts = {name: getattr(bench, name)()
             for name in ("budget", "cost", "latency", "storm", "churn", "size", "sessions", "connections")}
    parts["conditions"] = conditions(FOLDER)
    parts["commands"] = commands(FOLDER)
    if len(sys.argv) < 3:
        for name, part in parts.items():
            print(f"\n{name}\n\n{part}")
        return
    page = Path(sys.argv[2])
    content = page.read_text()
    for name, part in parts.items():
        pattern = re.compile(rf"(<!-- bench:{name} -->\n).*?(<!-- /bench:{name} -->)", re.DOTALL)
        if not pattern.search(content):
            sys.exit(f"{page} has no place for the table '{name}'")
        content = pattern.sub(lambda found, part=part: f"{found.group(1)}\n{part}\n{found.group(2)}", content)
    page.write_text(content)
    bench.plots(page.parent)


main()
