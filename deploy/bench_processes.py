"""What deploy/bench-gateways.py and deploy/bench-burst.py read in /proc."""

import os
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_ticks(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def memory(pid, name):
    """VmRSS, or VmHWM for the most since `forget_peak`, in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise ValueError(name)


def forget_peak(pid):
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def await_rest(pids, begin, most_seconds=120):
    """When the processes did something last: they have rested for a second since. Their bookkeeping is no work: two ticks
    a second each."""
    before, last, deadline = sum(map(cpu_ticks, pids)), begin, time.monotonic() + most_seconds
    rested_at, at_rest = time.monotonic(), before
    while time.monotonic() < deadline:
        time.sleep(0.02)
        now, used = time.monotonic(), sum(map(cpu_ticks, pids))
        if used - before > 0:
            before, last = used, now
        if used - at_rest > 2 * len(pids):
            rested_at, at_rest = now, used
        if now - rested_at >= 1:
            return min(last, rested_at)
    raise SystemExit("the processes do not come to rest")
