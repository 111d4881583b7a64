#!/usr/bin/env python3
"""Writes the tables and plots of docs/benchmarks.md from the figures that deploy/bench.sh left in a folder:

    deploy/bench-tables.py FOLDER             prints the tables
    deploy/bench-tables.py FOLDER PAGE.md     puts them into the page, and the plots beside it
"""

import datetime
import json
import math
import os
import platform
import re
import statistics
import subprocess
import sys
from pathlib import Path

SECTIONS = ["cost", "latency", "storm", "idle", "tls", "churn", "size", "sessions", "loops", "connections",
            "gateways", "bursts", "management"]


def read(folder):
    """{section: {variant: {number: figures of that run}}}"""
    found = {section: {} for section in SECTIONS}
    for path in folder.glob("*--*--*.json"):
        section, variant, number = path.stem.split("--")
        if section in found:
            found[section].setdefault(variant, {})[int(number)] = json.loads(path.read_text())
    return {section: {variant: dict(sorted(runs.items())) for variant, runs in variants.items()}
            for section, variants in found.items()}


# Figures


def value(run, *path):
    for key in path:
        run = None if run is None else run.get(key)
    return run


def cpu(run):
    return value(run, "gateway", "cpuMicrosecondsPerRoundTrip")


def median(values):
    values = [one for one in values if one is not None]
    return statistics.median(values) if values else None


def over(runs, *path):
    """The median of the runs."""
    return median(value(run, *path) for run in runs.values())


def ratios(runs, floors):
    """Of each run to the floor that was measured beside it."""
    pairs = [(cpu(run), cpu(floors.get(number))) for number, run in runs.items()]
    return [ours / floor for ours, floor in pairs if ours and floor]


# Text


def text(number, decimals=1, unit=""):
    if number is None:
        return "not measured"
    return f"{number:,.{decimals}f}".replace(",", " ") + (f" {unit}" if unit else "")


def spread(numbers, decimals=2):
    if not numbers:
        return "not measured"
    return f"{text(median(numbers), decimals)} ({min(numbers):.{decimals}f} to {max(numbers):.{decimals}f})"


def mebibytes(kibibytes):
    return text(None if kibibytes is None else kibibytes / 1024, 1)


def table(head, rows):
    """Nothing without rows: of what was not measured the page keeps what it has."""
    if not rows:
        return ""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def verdict(number, limit):
    if number is None:
        return "–"
    return "yes" if number <= limit else "**no**"


# Tables: each a function of the figures of all sections


# The bare relays, by the languages that they are written in.
RELAYS = {"relay": "C", "relay-swift": "Swift", "relay-go": "Go"}


def with_broker(run):
    """Gateway and broker, µs per round trip."""
    return cpu(run) + value(run, "broker", "cpuMicrosecondsPerRoundTrip")


def growth_of_connect(bench, phase):
    """What a connect costs gateways and broker with ten gateways, beside what it costs them with one."""
    one, ten = (median(each[phase]["gatewayMicroseconds"] + each[phase]["brokerMicroseconds"]
                       for each in bench["gateways"].get(count, {}).values()) for count in ("1", "10"))
    return ten / one if one and ten else None


def budget(bench):
    rows = []
    idle, tls = bench["idle"].get("quiet", {}), bench["tls"]
    for runs, name, limit in ((idle, "ws", 3.3), (tls.get("tls13", {}), "wss", 12)):
        memory, sessions = over(runs, "gateway", "perSession"), over(runs, "chargePoints")
        echo = over(tls.get("echo", {}), "gateway", "perSession") if name == "wss" else None
        beside = f", {memory / echo:.2f} × a bare echo over TLS" if memory and echo else ""
        rows.append((f"resident memory per idle `{name}` session ({text(sessions, 0)} sessions, each has sent a "
                     "message)", text(memory, 2, "KiB") + beside, f"{limit} KiB", verdict(memory, limit)))
    for qos, limit in ((0, 2.0), (1, 1.8)):
        floors = bench["cost"].get(f"qos{qos}-mqtt", {})
        for variant, checking in (("checked", "all"), ("unchecked", "disable")):
            runs = bench["cost"].get(f"qos{qos}-{variant}", {})
            times = median(ratios(runs, floors))
            spent = over(runs, "gateway", "cpuMicrosecondsPerRoundTrip")
            rows.append((f"CPU per round trip, QoS {qos} both ways, 64 open calls, message format checking "
                         f"`{checking}`", f"{text(spent, 1, 'µs')}, {text(times, 2)} × libmosquitto alone",
                         f"{limit} × libmosquitto alone", verdict(times, limit)))
    for qos, limit in ((0, 0.85), (1, 0.90)):
        for relay, language in RELAYS.items():
            times = median(ratios(bench["cost"].get(f"qos{qos}-checked", {}),
                                  bench["cost"].get(f"qos{qos}-{relay}", {})))
            if times or relay == "relay":
                rows.append((f"CPU per round trip, QoS {qos} both ways, checking `all`, beside the bare relay in "
                             f"{language}",
                             f"{text(times, 2)} × the relay", f"{limit} × the relay", verdict(times, limit)))
    for qos, limit in ((0, None), (1, 0.85)):
        ours, earlier = (bench["cost"].get(f"qos{qos}-{variant}", {}) for variant in ("checked", "earlier"))
        times = median(with_broker(run) / with_broker(earlier[number])
                       for number, run in ours.items() if number in earlier)
        if times:
            rows.append((f"CPU of gateway and broker per round trip, QoS {qos} both ways, checking `all`, beside "
                         "an earlier build", f"{text(times, 2)} × both with that one",
                         f"{limit} ×" if limit else "–", verdict(times, limit) if limit else "–"))
    grown = [growth_of_connect(bench, phase) for phase in ("first", "again")]
    rows.append(("CPU of a connect with 10 gateways beside one, gateways and broker together",
                 f"{text(grown[0], 2, '×')}; when all come again {text(grown[1], 2, '×')}", "1.2 ×",
                 verdict(max(grown) if all(grown) else None, 1.2)))
    floors = bench["latency"].get("mqtt", {})
    runs = bench["latency"].get("gateway", {})
    for key, limit in (("p50", 0.15), ("p99", 0.5)):
        total = over(runs, "latency", key)
        above = median((run["latency"][key] - floors[number]["latency"]["p50"]) / 1000
                       for number, run in runs.items() if number in floors)
        rows.append((f"latency, one open call, {key}",
                     f"{text(total and total / 1000, 3, 'ms')}, {text(above, 3, 'ms')} above the floor's p50",
                     f"{limit} ms above the floor's p50", verdict(above, limit)))
    for storm in bench["storm"].get("gateway", {}).values():
        seconds = median(each["upgradeSeconds"] for each in storm["rounds"])
        refused = sum(each["refused"] for each in storm["rounds"])
        rows.append((f"{storm['chargePoints']} upgrades, as fast as one client can",
                     f"{seconds:.2f} s, {refused} refused", "3 s for 10 000; none refused",
                     verdict(seconds * 10000 / storm["chargePoints"] if refused == 0 else math.inf, 3)))
    pings = bench["idle"].get("pings", {})
    if idle and pings:
        rest, pinged, seconds = (over(idle, "gateway", "cpuPercent"), over(pings, "gateway", "cpuPercent"),
                                 over(pings, "seconds"))
        at_300 = rest + max(0, pinged - rest) * seconds / 300
        rows.append((f"CPU of an idle gateway, {over(pings, 'chargePoints')} sessions, a ping each 300 s",
                     f"{at_300:.2f} % of a core (no pings {rest:.2f} %; {over(pings, 'pings')} pings in "
                     f"{seconds:.0f} s {pinged:.2f} %)", "0.5 %", verdict(at_300, 0.5)))
    for run in bench["churn"].get("gateway", {}).values():
        after = [each["gatewayResidentAfter"] for each in run["rounds"]]
        if len(after) > 2:
            growth = after[-1] - after[1]
            rows.append((f"memory after {run['chargePoints']} sessions came and went {len(after)} times",
                         f"{growth / 1024:+.1f} MiB since the second time ({mebibytes(after[1])}, then "
                         f"{mebibytes(after[-1])} MiB)", "no growth after the second time (1 % is noise)",
                         verdict(growth, 0.01 * after[1])))
    return table(("", "measured", "at most", "within"), rows)


COST_NAMES = {
    "qos0-mqtt": "libmosquitto alone, QoS 0", "echo": "WebSocket echo alone", "qos0-relay": "bare relay in C, QoS 0",
    "qos0-relay-swift": "bare relay in Swift, QoS 0", "qos0-relay-go": "bare relay in Go, QoS 0",
    "qos0-earlier": "an earlier build, QoS 0, checking `all`",
    "qos0-unchecked": "gateway, QoS 0, checking `disable`", "qos0-checked": "gateway, QoS 0, checking `all`",
    "qos1-mqtt": "libmosquitto alone, QoS 1", "qos1-relay": "bare relay in C, QoS 1",
    "qos1-relay-swift": "bare relay in Swift, QoS 1", "qos1-relay-go": "bare relay in Go, QoS 1",
    "qos1-earlier": "an earlier build, QoS 1, checking `all`",
    "qos1-unchecked": "gateway, QoS 1, checking `disable`", "qos1-checked": "gateway, QoS 1, checking `all`",
}


def cost(bench):
    rows = []
    for variant, name in COST_NAMES.items():
        runs = bench["cost"].get(variant)
        if not runs:
            continue
        floors = bench["cost"].get(variant.split("-")[0] + "-mqtt", {})
        relays = [bench["cost"].get(f"{variant.split('-')[0]}-{relay}", {}) for relay in RELAYS]
        is_gateway = variant.endswith("checked")
        rows.append((name, spread([cpu(run) for run in runs.values()], 1),
                     spread(ratios(runs, floors)) if is_gateway else "–",
                     *(spread(ratios(runs, each)) if is_gateway and each else "–" for each in relays),
                     text(over(runs, "gateway", "systemShare") * 100, 0),
                     text(over(runs, "broker", "cpuMicrosecondsPerRoundTrip")) if variant != "echo" else "–",
                     text(median(map(with_broker, runs.values()))) if variant != "echo" else "–",
                     text(over(runs, "roundTripsPerSecond"), 0), text(over(runs, "latency", "p50"), 0),
                     text(over(runs, "latency", "p99"), 0)))
    return table(("64 open calls", "CPU µs per round trip", "× libmosquitto alone",
                  "× relay in C", "× relay in Swift", "× relay in Go", "of it kernel %",
                  "broker's CPU µs", "both together", "round trips/s", "p50 µs", "p99 µs"), rows)


def busy(bench):
    """Who was how busy: a thread near 100 % is what limited the rate."""
    rows = []
    for variant, name in COST_NAMES.items():
        runs = bench["cost"].get(variant, {})
        if runs:
            rows.append([name] + [text(over(runs, *path), 0) if over(runs, *path) is not None else "–"
                                  for path in (("gateway", "cpuPercent"), ("broker", "cpuPercent"),
                                               ("generator", "chargePointsPercent"),
                                               ("generator", "responderPercent"))])
    return table(("64 open calls, % of a core", "gateway (all threads), or what stands for it", "broker",
                  "charge points", "answers"), rows)


def latency(bench):
    rows = []
    for variant, name in (("mqtt", "libmosquitto alone"), ("echo", "WebSocket echo alone"), ("gateway", "gateway")):
        runs = bench["latency"].get(variant)
        if runs:
            rows.append([name] + [text(over(runs, "latency", key), 0) for key in ("p50", "p90", "p99", "p999", "max")])
    return table(("one open call, µs", "p50", "p90", "p99", "p99.9", "max"), rows)


def rounds(bench, section):
    return [(number, each) for run in bench[section].get("gateway", {}).values()
            for number, each in enumerate(run["rounds"], 1)]


def storm(bench):
    rows = [(number, each["upgraded"], each["refused"], f"{each['upgradeSeconds']:.2f}",
             f"{each['gatewayUpgradeCPUSeconds']:.2f}", f"{each['generatorUpgradeCPUSeconds']:.2f}",
             mebibytes(each["gatewayResidentWithSessions"])) for number, each in rounds(bench, "storm")]
    return table(("time", "upgraded", "refused", "seconds", "gateway's CPU seconds", "the client's", "resident MiB"),
                 rows)


def tls(bench):
    names = {"ws": "gateway, `ws`", "tls13": "gateway, `wss`, TLS 1.3", "tls12": "gateway, `wss`, TLS 1.2",
             "echo": "WebSocket echo alone, `wss`, TLS 1.3"}
    rows = []
    for variant, name in names.items():
        for run in bench["tls"].get(variant, {}).values():
            each = run["rounds"][0]
            rows.append((name, text(value(run, "gateway", "perSession"), 2),
                         f"{each['gatewayUpgradeCPUSeconds'] / each['upgraded'] * 1000:.3f}",
                         f"{each['upgradeSeconds']:.2f}", each["upgraded"], each["refused"]))
    return table(("idle sessions", "KiB per session", "CPU ms per connection", "seconds to connect", "sessions",
                  "refused"), rows)


def churn(bench):
    rows = [(number, mebibytes(each["gatewayResidentWithSessions"]), mebibytes(each["gatewayResidentAfter"]))
            for number, each in rounds(bench, "churn")]
    return table(("time", "resident MiB, sessions there", "resident MiB, sessions gone"), rows)


def size(bench):
    rows = []
    floors = bench["size"].get("mqtt", {})
    for number, run in bench["size"].get("gateway", {}).items():
        alone = cpu(floors.get(number))
        rows.append((text(number, 0), run["openCalls"], text(cpu(run)), text(alone),
                     text(alone and cpu(run) / alone, 2), text(run["roundTripsPerSecond"], 0),
                     text(run["latency"]["p99"], 0)))
    return table(("payload bytes", "open calls", "gateway, CPU µs per round trip", "libmosquitto alone", "ratio",
                  "round trips/s", "p99 µs"), rows)


def numbered(bench, section):
    """The variants that are numbers, in order."""
    return sorted((int(variant), runs) for variant, runs in bench[section].items() if variant.isdigit())


def sessions(bench):
    rows = []
    floors = bench["sessions"].get("mqtt", {})
    for number, runs in numbered(bench, "sessions"):
        every = bench["sessions"].get("all", {}).get(number)
        each = every["rounds"][0] if every else {}
        memory = every and (each["gatewayResidentWithSessions"] - every["gateway"]["residentBefore"]) / number
        rows.append((text(number, 0), spread([cpu(run) for run in runs.values()], 1), spread(ratios(runs, floors)),
                     text(over(runs, "latency", "p99"), 0), text(cpu(every)), text(each.get("upgradeSeconds"), 2),
                     text(memory, 2), sum(run["errors"] + run["unmatched"] for run in [*runs.values(), every] if run)))
    return table(("sessions", "CPU µs per round trip, 64 others send", "× libmosquitto alone", "p99 µs",
                  "CPU µs, all send in turn", "seconds to connect", "KiB per session", "errors"), rows)


def compared(bench, section, name):
    floors = bench[section].get("mqtt", {})
    rows = [(number, spread([cpu(run) for run in runs.values()], 1), spread(ratios(runs, floors)),
             text(over(runs, "broker", "cpuMicrosecondsPerRoundTrip")), text(over(runs, "roundTripsPerSecond"), 0),
             text(over(runs, "latency", "p99"), 0)) for number, runs in numbered(bench, section)]
    return table((name, "gateway, CPU µs per round trip", "× libmosquitto alone", "broker's CPU µs", "round trips/s",
                  "p99 µs"), rows)


def loops(bench):
    return compared(bench, "loops", "event loops")


def connections(bench):
    return compared(bench, "connections", "broker connections")


def gateways(bench):
    rows = []
    for number, runs in numbered(bench, "gateways"):
        cells = [spread([each[phase][whose] for each in runs.values()], 0) for phase in ("first", "again", "moved")
                 for whose in ("gatewayMicroseconds", "brokerMicroseconds")]
        rows.append((number, *cells, text(over(runs, "sessions"), 0)))
    return table(("gateways", "connect: gateways' µs", "broker's µs", "all again: gateways' µs", "broker's µs",
                  "taken over: gateways' µs", "broker's µs", "sessions in the end"), rows)


def bursts(bench):
    found, rows = bench["bursts"], []
    for name in ("gateway", "relay"):
        runs = found.get(name, {})
        if runs:
            received = found.get(f"{name}-received", {})
            rows.append((f"{name}: {text(over(runs, 'messages'), 0)} CALLs down at once",
                         f"{text(over(runs, 'messages') / over(runs, 'seconds'), 0)} messages/s",
                         text(over(runs, "gatewayMicroseconds")), text(over(runs, "brokerMicroseconds")), "–",
                         mebibytes(median(run["residentPeak"] - run["residentBefore"] for run in runs.values())),
                         text(over(received, "unmatched"), 0)))
    for size, count in (("32768", 64), ("262144", 16)):
        for name in ("gateway", "relay"):
            runs, peaks = found.get(f"{name}-{size}", {}), found.get(f"{name}-{size}-peak", {})
            if runs:
                growth = median(peaks[number] - run["gateway"]["residentBefore"] for number, run in runs.items()
                                if number in peaks)
                rows.append((f"{name}: {count} open CALLs of {int(size) // 1024} KiB",
                             f"{text(over(runs, 'roundTripsPerSecond'), 0)} round trips/s",
                             text(over(runs, "gateway", "cpuMicrosecondsPerRoundTrip")),
                             text(over(runs, "broker", "cpuMicrosecondsPerRoundTrip")),
                             text(over(runs, "latency", "p99"), 0), mebibytes(growth),
                             text(over(runs, "roundTrips"), 0)))
    return table(("", "throughput", "CPU µs each", "broker's CPU µs each", "p99 µs", "most memory above before, MiB",
                  "arrived"), rows)


def management(bench):
    """Round trips beside many requests to management, to the same without, measured in turn."""
    runs = bench["management"]
    rows = []
    for number, beside in runs.get("with", {}).items():
        alone, asked = runs.get("without", {}).get(number), runs.get("requests", {}).get(number)
        rows.append((number, *(text(value(run, "latency", "p99"), 0) for run in (alone, beside)),
                     text(ratio(beside, alone), 2), text(value(asked, "requestsPerSecond"), 0),
                     text(value(asked, "latency", "p99"), 0)))
    if rows:
        every = [ratio(run, runs.get("without", {}).get(number)) for number, run in runs["with"].items()]
        rows.append(("median", "", "", text(median(every), 2), "", ""))
    asked = table(("run", "p99 of round trips, µs, without", "with", "ratio", "requests/s", "p99 of a request, µs"), rows)
    names = {"nothing": "neither management nor authentication nor format checking", "everything": "all of them"}
    memory = [(name, text(value(run, "gateway", "perSession"), 2), run["rounds"][0]["upgraded"])
              for variant, name in names.items() for run in runs.get(variant, {}).values()]
    return asked + "\n" + table(("idle sessions", "KiB per session", "sessions"), memory)


def ratio(run, other):
    """Of the p99 of round trips."""
    ours, theirs = value(run, "latency", "p99"), value(other, "latency", "p99")
    return ours / theirs if ours and theirs else None


# Plots


def plots(bench, folder):
    def line(section, variant):
        return [(number, cpu(run)) for number, run in bench[section].get(variant, {}).items()]

    def by_number(section):
        return [(number, over(runs, "gateway", "cpuMicrosecondsPerRoundTrip"))
                for number, runs in numbered(bench, section)]

    def floor(section):
        alone = over(bench[section].get("mqtt", {}), "gateway", "cpuMicrosecondsPerRoundTrip")
        return [(number, alone) for number, _ in numbered(bench, section)]

    svg(folder / "benchmark-sizes.svg", "CPU µs per round trip, by payload bytes", "bytes",
        {"gateway": line("size", "gateway"), "libmosquitto alone": line("size", "mqtt")}, log_x=True, log_y=True)
    every = bench["sessions"].get("all", {})
    svg(folder / "benchmark-sessions.svg", "CPU µs per round trip, 64 open calls, by sessions", "sessions",
        {"64 others send": by_number("sessions"), "all send in turn": line("sessions", "all"),
         "libmosquitto alone": floor("sessions")})
    memory = [(number, run["rounds"][0]["gatewayResidentWithSessions"] / 1024) for number, run in every.items()]
    before = over(every, "gateway", "residentBefore")
    if before:
        memory = [(0, before / 1024)] + memory
    svg(folder / "benchmark-memory.svg", "Resident MiB of the gateway, by sessions", "sessions", {"gateway": memory})
    for section, name in (("loops", "event loops"), ("connections", "broker connections")):
        svg(folder / f"benchmark-{section}.svg", f"CPU µs per round trip, 64 open calls, by {name}", name,
            {"gateway": by_number(section), "libmosquitto alone": floor(section)})
    svg(folder / "benchmark-churn.svg", "Resident MiB of the gateway, each time all come and go", "time",
        {"sessions there": [(n, each["gatewayResidentWithSessions"] / 1024) for n, each in rounds(bench, "churn")],
         "sessions gone": [(n, each["gatewayResidentAfter"] / 1024) for n, each in rounds(bench, "churn")]})


def ticks(most):
    """Round numbers from 0 to at least `most`, four or five steps."""
    step = 10 ** math.floor(math.log10(most / 4))
    step = next(step * times for times in (1, 2, 2.5, 5, 10) if step * times * 5 >= most)
    return [step * index for index in range(math.ceil(most / step) + 1)]


def label(number):
    return f"{number:,.0f}".replace(",", " ") if number >= 10 or number == int(number) else f"{number:g}"


def svg(path, title, x_name, series, log_x=False, log_y=False):
    """Lines with a point for each figure; the x axis is labelled at the points."""
    series = {name: [point for point in line if point[1] is not None] for name, line in series.items()}
    points = [point for line in series.values() for point in line]
    if len(points) < 2:
        return
    width, height, left, right, top, bottom = 640, 320, 60, 30, 40, 74
    scale_x, scale_y = (math.log10 if log_x else float), (math.log10 if log_y else float)
    xs = sorted({x for x, _ in points})
    if log_y:
        low = math.floor(math.log10(min(y for _, y in points)))
        y_ticks = [10 ** power for power in range(low, math.ceil(math.log10(max(y for _, y in points))) + 1)]
    else:
        y_ticks = ticks(max(y for _, y in points))
    first, last = scale_x(xs[0]), scale_x(xs[-1])
    bottom_y, top_y = scale_y(y_ticks[0]), scale_y(y_ticks[-1])

    def across(x):
        return left + (scale_x(x) - first) / ((last - first) or 1) * (width - left - right)

    def up(y):
        return height - bottom - (scale_y(y) - bottom_y) / ((top_y - bottom_y) or 1) * (height - top - bottom)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
           'font-size="12" fill="#1f2328">', f'<rect width="{width}" height="{height}" fill="white"/>',
           f'<text x="{left}" y="20" font-size="14">{title}</text>']
    for y in y_ticks:
        out.append(f'<path d="M{left} {up(y):.1f}H{width - right}" stroke="#d8dee4"/>')
        out.append(f'<text x="{left - 6}" y="{up(y) + 4:.1f}" text-anchor="end">{label(y)}</text>')
    for x in xs:
        out.append(f'<text x="{across(x):.1f}" y="{height - bottom + 18}" text-anchor="middle">{label(x)}</text>')
    out.append(f'<text x="{width - right}" y="{height - bottom + 36}" text-anchor="end" fill="#57606a">{x_name}</text>')
    for index, (name, line) in enumerate(series.items()):
        colour = ["#1f6feb", "#8250df", "#bf8700"][index % 3]
        drawn = [(across(x), up(y)) for x, y in line]
        if drawn:
            out.append('<path d="M' + "L".join(f"{x:.1f} {y:.1f}" for x, y in drawn)
                       + f'" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in drawn]
        at = left + index * 170
        out.append(f'<path d="M{at} {height - 14}h16" stroke="{colour}" stroke-width="2"/>')
        out.append(f'<text x="{at + 22}" y="{height - 10}">{name}</text>')
    path.write_text("\n".join(out + ["</svg>"]) + "\n")


# The page


def run_text(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def lines_of(folder, ending):
    files = [folder / f"{section}.{ending}" for section in SECTIONS]
    return [line for path in files if path.exists() for line in path.read_text().splitlines()]


def conditions(folder):
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    swift = re.search(r"Swift version (\S+)", run_text("swift", "--version"))
    package = run_text("dpkg-query", "-W", "-f=${Package} ${Version}, ", "libmosquitto1", "mosquitto").rstrip(", ")
    loads = [float(line) for line in lines_of(folder, "loads")] or [math.nan]
    rows = [("date", datetime.date.today().isoformat()),
            ("machine", f"{os.cpu_count()} cores, {model.group(1) if model else platform.machine()}; clients, broker "
                        "and gateway all on it"),
            ("kernel", platform.release()), ("Swift", swift.group(1) if swift else ""), ("packages", package),
            ("load average during the runs", f"{min(loads):.1f} to {max(loads):.1f}, median "
                                             f"{statistics.median(loads):.1f} (this bench alone makes about 2)")]
    return table(("", ""), rows)


def commands(folder):
    return "```\n" + "\n".join(dict.fromkeys(lines_of(folder, "commands"))) + "\n```\n"


def main():
    folder = Path(sys.argv[1])
    bench = read(folder)
    tables = [budget, cost, busy, latency, storm, tls, churn, size, sessions, loops, connections, gateways, bursts,
              management]
    parts = {each.__name__: each(bench) for each in tables}
    parts["conditions"] = conditions(folder)
    parts["commands"] = commands(folder)
    if len(sys.argv) < 3:
        for name, part in parts.items():
            print(f"\n{name}\n\n{part}")
        plots(bench, folder)
        return
    page = Path(sys.argv[2])
    content = page.read_text()
    for name, part in parts.items():
        pattern = re.compile(rf"(<!-- bench:{name} -->\n).*?(<!-- /bench:{name} -->)", re.DOTALL)
        if not pattern.search(content):
            sys.exit(f"{page} has no place for the table '{name}'")
        if not part:
            continue
        content = pattern.sub(lambda found, part=part: f"{found.group(1)}\n{part}\n{found.group(2)}", content)
    page.write_text(content)
    plots(bench, page.parent)


main()
