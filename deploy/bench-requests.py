#!/usr/bin/env python3
"""Asks an HTTP server for one path at a fixed rate, over a few connections that stay, and prints as JSON what came of it.

    deploy/bench-requests.py PORT PATH RATE SECONDS

The key is in MANAGEMENT_API_KEY and MANAGEMENT_API_SECRET. It reads answers without looking at them: what it takes of the
processor is taken from whoever is measured beside it.
"""

import base64
import json
import os
import selectors
import socket
import sys
import time

CONNECTIONS = 8


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.begin = None
        self.head = b""
        self.left = 0

    def ask(self, request, now):
        self.socket.sendall(request)
        self.begin, self.head, self.left = now, b"", 0

    def read(self, buffer):
        """Whether the answer is whole."""
        count = self.socket.recv_into(buffer)
        if count == 0:
            sys.exit("the server has closed the connection")
        if self.left == 0:
            self.head += buffer[:count]
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return False
            head = self.head[:end].lower()
            if b" 200 " not in head.split(b"\r\n")[0]:
                sys.exit(f"answered with {head.decode()}")
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            self.left = length - (len(self.head) - end - 4)
        else:
            self.left -= count
        return self.left == 0


def main():
    port, path, rate, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
    key = f"{os.environ['MANAGEMENT_API_KEY']}:{os.environ['MANAGEMENT_API_SECRET']}"
    request = (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
               f"Authorization: Basic {base64.b64encode(key.encode()).decode()}\r\n\r\n").encode()
    connections = [Connection(port) for _ in range(CONNECTIONS)]
    selector = selectors.DefaultSelector()
    for connection in connections:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    buffer = memoryview(bytearray(1 << 20))
    start, sent, times = time.monotonic(), 0, []
    while (now := time.monotonic()) - start < seconds:
        for connection in connections:
            if connection.begin is None and sent < (now - start) * rate:
                connection.ask(request, now)
                sent += 1
        for ready, _ in selector.select(1 / rate):
            connection = ready.data
            if connection.read(buffer):
                times.append(time.monotonic() - connection.begin)
                connection.begin = None
    times.sort()
    print(json.dumps({
        "requestsPerSecond": len(times) / seconds,
        "latency": {"p50": times[len(times) // 2] * 1e6, "p99": times[len(times) * 99 // 100] * 1e6},
    }))


main()
