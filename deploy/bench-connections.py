#!/usr/bin/env python3
"""What one connection costs a running gateway: opens connections one after another, keeps them, and prints the growth
of the gateway's resident memory and its processor time for each (handshake, session and subscription included).

    deploy/bench-connections.py PID PORT COUNT                    plain ws
    deploy/bench-connections.py PID PORT COUNT CA.pem [1.2]       wss; the last word limits it to TLS 1.2

Point it only at a gateway of your own on this machine.
"""
import os
import resource
import socket
import ssl
import sys
import time

HOST = "127.0.0.1"
WARM_UP = 200  # connections that are not counted


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def cpu_seconds(pid):
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as stat:
            total += int(stat.read().split()[0])
    return total / 1e9


def connect(port, context, number):
    connection = socket.create_connection((HOST, port))
    if context:
        connection = context.wrap_socket(connection, server_hostname="localhost")
    connection.sendall(
        (
            f"GET /ocpp/BENCH-{os.getpid()}-{number} HTTP/1.1\r\nHost: {HOST}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
        ).encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        received = connection.recv(4096)
        if not received:
            sys.exit(f"the connection was closed: {answer!r}")
        answer += received
    if b" 101 " not in answer:
        sys.exit(f"refused: {answer!r}")
    return connection


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    pid, port, count = (int(argument) for argument in sys.argv[1:4])
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    context = None
    if len(sys.argv) > 4:
        context = ssl.create_default_context(cafile=sys.argv[4])
        if sys.argv[5:] == ["1.2"]:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
    connections = [connect(port, context, number) for number in range(WARM_UP)]
    time.sleep(1)
    memory, cpu = resident_kib(pid), cpu_seconds(pid)
    connections += [connect(port, context, WARM_UP + number) for number in range(count)]
    cpu = cpu_seconds(pid) - cpu
    time.sleep(3)
    memory = resident_kib(pid) - memory
    print(f"{count} connections: {memory / count:.2f} KiB and {cpu / count * 1000:.3f} ms of processor time each")


main()
