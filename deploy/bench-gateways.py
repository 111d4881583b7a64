#!/usr/bin/env python3
"""Charge points that connect to several gateways with one broker, and prints as JSON what each of them costs.

    deploy/bench-gateways.py OCPP-LOAD BROKER-URL BROKER-PID COUNT {NAME GATEWAY-URL GATEWAY-PID}...

The upstream topic of each gateway is ocpp/cp/<its NAME>/${cid}.

First all connect, spread evenly. Then all come back at once where they were, as after a broken network. Then each goes to
the next gateway while its older connection is still there, as when a load balancer spreads them anew: every one of them is
taken over.
"""

import json
import subprocess
import sys
import time

from bench_processes import TICKS, await_rest, cpu_ticks, open_files


def connect(load, broker, share, gateways):
    """Set number i of charge points at the i-th of these gateways; each sends one CALL and then nothing."""
    # By a topic of its gateway's own each CALL is answered once, by the load generator that sent it.
    return [subprocess.Popen([load, "idle", "--url", url, "--broker", broker, "--topics-up", f"ocpp/cp/{name}/+",
                              "--prefix", f"SET{number:02}-", "--count", str(share), "--sources", "8",
                              "--concurrency", "32", "--duration", "3600", "--quiet"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            for number, (name, url) in enumerate(gateways)]


def end(processes):
    for process in processes:
        process.kill()
    for process in processes:
        process.wait()


def await_that(what, is_so, most_seconds=120):
    deadline = time.monotonic() + most_seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise SystemExit(f"within {most_seconds} s it was not so that {what}")
        time.sleep(0.1)


def main():
    load, broker, broker_pid, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    gateways, pids = list(zip(sys.argv[5::3], sys.argv[6::3])), [int(pid) for pid in sys.argv[7::3]]
    share = count // len(gateways)
    files_before = sum(map(open_files, pids))

    def measured(gateways, older=()):
        ticks, brokers, begin = sum(map(cpu_ticks, pids)), cpu_ticks(broker_pid), time.monotonic()
        processes = connect(load, broker, share, gateways)
        # Until all are there, and those whose place they take are gone, the processes may rest in between.
        await_that("all connect", lambda: sum(map(open_files, pids)) - files_before >= share * len(gateways))
        await_that("older connections end", lambda: sum(open_files(process.pid) for process in older) <= share)
        seconds = await_rest([*pids, broker_pid], begin) - begin
        micro = 1e6 / TICKS / (share * len(gateways))
        return processes, {"gatewayMicroseconds": (sum(map(cpu_ticks, pids)) - ticks) * micro,
                           "brokerMicroseconds": (cpu_ticks(broker_pid) - brokers) * micro, "seconds": seconds}

    first, at_first = measured(gateways)
    end(first)
    await_rest([*pids, broker_pid], time.monotonic())
    again, come_back = measured(gateways)
    moved, move = measured(gateways[1:] + gateways[:1], older=again)
    sessions = sum(map(open_files, pids)) - files_before
    end(again + moved)
    print(json.dumps({"gateways": len(gateways), "chargePoints": share * len(gateways), "sessions": sessions,
                      "first": at_first, "again": come_back, "moved": move}))


main()
