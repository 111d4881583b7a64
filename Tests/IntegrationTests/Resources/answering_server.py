"""An HTTP server that says of a charge point what answers.json in its folder says, else deny:

    {"CP-1": {"status": 200, "headers": {"Content-Type": "application/json"}, "body": "…", "delay": 0.0}}

With three files more (certificate, key, authority) it speaks TLS and wants a certificate of its clients.
"endless": true is an answer that never ends, "hangsUp": true closes the connection without one. GET hands out the folder's files, and at /endless such an answer.
Prints "ready". For each question "asked IDENTITY", "authorization …", "target …" and "body {…}" are in the folder's file
questions before it is answered.
"""

import http.server
import json
import pathlib
import ssl
import sys
import threading
import time

port, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        identity = body["clientid"]
        with lock, (folder / "questions").open("a") as questions:
            print("asked", identity, file=questions)
            print("authorization", self.headers.get("Authorization"), file=questions)
            print("target", self.path, file=questions)
            print("body", json.dumps(body, sort_keys=True), file=questions)
        answers = json.loads((folder / "answers.json").read_text())
        deny = {"status": 200, "headers": {"Content-Type": "application/json"}, "body": '{"result":"deny"}'}
        answer = {"delay": 0, **answers.get(identity, deny)}
        time.sleep(answer["delay"])
        if answer.get("hangsUp"):
            self.close_connection = True
        elif answer.get("endless"):
            self.drip()
        else:
            self.answer(answer["status"], answer["headers"], answer["body"].encode())

    def do_GET(self):
        file = folder / self.path.lstrip("/")
        if self.path == "/endless":
            self.drip()
        elif file.is_file():
            self.answer(200, {"Content-Type": "application/json"}, file.read_bytes())
        else:
            self.answer(404, {}, b"")

    def drip(self):
        """An answer that never ends, a byte at a time."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "60000")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b" ")
                time.sleep(0.1)
        except OSError:
            self.close_connection = True

    def answer(self, status, headers, content):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if status != 204:
            self.wfile.write(content)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


server = Server(("127.0.0.1", port), Handler)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    context.load_verify_locations(sys.argv[5])
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
