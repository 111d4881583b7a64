#!/usr/bin/env python3
"""A back end that says something to many charge points at once, and prints as JSON what it costs the gateway.

    deploy/bench-burst.py BROKER-PORT PREFIX COUNT GATEWAY-PID BROKER-PID

One CALL to each of the charge points PREFIX00001 to COUNT (as ocpp-load names them), QoS 0, as fast as the broker takes
them. It ends when gateway and broker rest.
"""

import json
import socket
import sys
import time

from bench_processes import TICKS, await_rest, cpu_ticks, forget_peak, memory


def packet(first, body):
    length, head = len(body), bytes([first])
    while True:
        length, digit = length >> 7, length & 127
        head += bytes([digit | (128 if length else 0)])
        if not length:
            return head + body


def text(value):
    return len(value).to_bytes(2, "big") + value


def call(number):
    """Without blanks, which the bare relay does not know."""
    payload = {"location": "https://firmware.example/cp-4.2.1.bin", "retrieveDate": "2026-01-01T00:00:00Z"}
    return json.dumps({"MessageTypeId": 2, "UniqueId": f"burst-{number}", "Action": "UpdateFirmware",
                       "Payload": payload}, separators=(",", ":")).encode()


def main():
    port, prefix, count, gateway, broker = int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:6])
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(packet(0x10, text(b"MQTT") + bytes([4, 2, 0, 0]) + text(b"bench-burst")))
    if connection.recv(4)[3:] != b"\0":
        sys.exit("the broker refuses the connection")
    burst = b"".join(packet(0x30, text(f"ocpp/cs/{prefix}{number:05}".encode()) + call(number))
                     for number in range(1, count + 1))
    before, brokers, resident = cpu_ticks(gateway), cpu_ticks(broker), memory(gateway, "VmRSS")
    forget_peak(gateway)
    begin = time.monotonic()
    connection.sendall(burst)
    seconds = await_rest([gateway, broker], begin) - begin
    micro = 1e6 / TICKS / count
    print(json.dumps({"messages": count, "seconds": seconds, "gatewayMicroseconds": (cpu_ticks(gateway) - before) * micro,
                      "brokerMicroseconds": (cpu_ticks(broker) - brokers) * micro, "residentBefore": resident,
                      "residentPeak": memory(gateway, "VmHWM")}))


main()
