#!/usr/bin/env python3
"""Floods a gateway from both sides and says how large it grows.

    .build/python/bin/python deploy/bench-floods.py [PROGRAM]

Starts a Mosquitto and, for each flood, a gateway (PROGRAM, else the release build) with limits.memory at 64 MB, on free
ports of 127.0.0.1. Prints the resident memory before the flood, at its peak, and 15 s after it.
"""

import asyncio
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / ".build/release/ocpp-gateway")
PADDING = "x" * 500_000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    def __init__(self, folder):
        self.port = free_port()
        configuration = folder / "mosquitto.conf"
        configuration.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n")
        self.process = subprocess.Popen(["/usr/sbin/mosquitto", "-c", configuration], stderr=subprocess.DEVNULL)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Gateway:
    def __init__(self, broker, **settings):
        self.port = free_port()
        environment = {
            "PATH": os.environ["PATH"], "BROKER_URL": f"mqtt://127.0.0.1:{broker.port}", "LIMITS_MEMORY": "64MB",
            "LISTENERS_WS_DEFAULT_BIND": f"127.0.0.1:{self.port}", "LOG_LEVEL": "error", **settings,
        }
        self.process = subprocess.Popen([PROGRAM], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def mebibytes(self, field):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+)", text)[1]) / 1024

    async def connect(self, identity, extensions=None):
        for _ in range(200):
            try:
                return await websockets.connect(
                    f"ws://127.0.0.1:{self.port}/ocpp/{identity}", subprotocols=["ocpp1.6"], max_size=None,
                    compression=None, extensions=extensions, ping_interval=None)
            except OSError:
                await asyncio.sleep(0.05)
        raise RuntimeError("the gateway does not listen")

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


async def publish(broker, topic, messages):
    publisher = await asyncio.create_subprocess_exec(
        "mosquitto_pub", "-p", str(broker.port), "-t", topic, "-q", "1", "-l", stdin=subprocess.PIPE)
    for message in messages:
        publisher.stdin.write(message.encode() + b"\n")
        await publisher.stdin.drain()
    publisher.stdin.close()
    await publisher.wait()


async def commands(broker, gateway):
    """20 charge points that answer nothing get 100 commands of 500 KB each."""
    points = [await gateway.connect(f"CP{number}") for number in range(20)]
    await asyncio.sleep(1)

    async def flood(number):
        await publish(broker, f"ocpp/cs/CP{number}", (
            json.dumps({"MessageTypeId": 2, "UniqueId": f"{index}", "Action": "DataTransfer",
                        "Payload": {"vendorId": "v", "data": PADDING}}) for index in range(100)))

    await asyncio.gather(*(flood(number) for number in range(len(points))))
    return points


async def outage(broker, gateway):
    """50 charge points say 16 CALLs of 500 KB each while the broker is away."""
    points = [await gateway.connect(f"CP{number}") for number in range(50)]
    await asyncio.sleep(1)
    broker.stop()
    await asyncio.sleep(1)
    for point in points:
        for index in range(16):
            await point.send(json.dumps([2, f"{index}", "DataTransfer", {"vendorId": "v", "data": PADDING}]))
    return points


async def refused(broker, gateway):
    """One charge point says nothing but bad messages of 500 KB, which are published whole."""
    point = await gateway.connect("CP1")
    await asyncio.sleep(1)
    end = asyncio.get_running_loop().time() + 6
    while asyncio.get_running_loop().time() < end:
        await point.send('["' + PADDING + '"]')
    return [point]


async def deflated(broker, gateway):
    """20 charge points say 200 CALLs of 500 KB each, deflated to 1 KB, which nobody answers."""
    deflate = ClientPerMessageDeflateFactory(client_no_context_takeover=True, server_no_context_takeover=True)
    points = [await gateway.connect(f"CP{number}", [deflate]) for number in range(20)]
    assert all(point.protocol.extensions for point in points), "deflate was not agreed"
    await asyncio.sleep(1)

    async def flood(point):
        for index in range(200):
            # It may be read from no more, and answered that there is no room.
            await point.send(json.dumps([2, f"{index}", "DataTransfer", {"vendorId": "v", "data": PADDING}]))

    async def unheard(point):
        async for _ in point:
            pass

    readers = [asyncio.create_task(unheard(point)) for point in points]
    await asyncio.wait([asyncio.create_task(flood(point)) for point in points], timeout=60)
    for reader in readers:
        reader.cancel()
    return points


async def main():
    floods = [
        (commands, {}), (outage, {}), (deflated, {"LISTENERS_WS_DEFAULT_WEBSOCKET_COMPRESS": "true"}),
        (refused, {"UPSTREAM_INVALID_TOPIC": "cp/${cid}/Invalid", "LIMITS_BAD_MESSAGES": "0"}),
    ]
    print("| flood | MiB before | at the peak | 15 s later |\n|---|---|---|---|")
    for flood, settings in floods:
        with tempfile.TemporaryDirectory() as folder:
            broker = Broker(pathlib.Path(folder))
            gateway = Gateway(broker, **settings)
            try:
                await (await gateway.connect("first")).close()
                before = gateway.mebibytes("VmRSS")
                points = await flood(broker, gateway)
                await asyncio.sleep(15)
                peak, after = gateway.mebibytes("VmHWM"), gateway.mebibytes("VmRSS")
                print(f"| {flood.__doc__.rstrip('.')} | {before:.0f} | {peak:.0f} | {after:.0f} |", flush=True)
                for point in points:
                    point.transport.abort()
            finally:
                gateway.stop()
                broker.stop()


asyncio.run(main())
