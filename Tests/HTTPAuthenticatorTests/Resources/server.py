"""An HTTP server whose answer is chosen by the request: the client id names it, the rest is echoed in a file.

Prints its port. Every request is a line of JSON on standard output, with the name that TLS was asked for.

    server.py [PORT [CERTIFICATE KEY [AUTHORITY OF CLIENTS]]]
"""

import http.server
import json
import ssl
import sys
import threading
import urllib.parse

lock = threading.Lock()


def answer_of(client_id, path):
    """Status, headers and body for a client id such as `json:{"result":"allow"}` or `status:503`."""
    kind, _, rest = client_id.partition(":")
    if kind == "json":
        return 200, {"Content-Type": "application/json"}, rest.encode()
    if kind == "form":
        return 200, {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, rest.encode()
    if kind == "type":
        return 200, {"Content-Type": rest} if rest else {}, b'{"result":"allow"}'
    if kind == "status":
        status, _, retry = rest.partition(",")
        return int(status), {"Retry-After": retry} if retry else {}, b""
    if kind == "redirect":
        return 302, {"Location": "/elsewhere"}, b""
    if kind == "long":
        return 200, {"Content-Type": "application/json"}, b'{"result":"allow","x":"' + b"x" * int(rest) + b'"}'
    return 200, {"Content-Type": "application/json"}, b'{"result":"deny"}'


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlsplit(self.path)
        if self.command == "GET":
            fields = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        elif "form" in (self.headers.get("Content-Type") or ""):
            fields = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        else:
            fields = json.loads(body or b"{}")
        with lock:
            print(json.dumps({"method": self.command, "path": url.path, "fields": fields,
                              "serverName": getattr(self.connection, "asked_name", None),
                              "headers": {name.lower(): value for name, value in self.headers.items()}}), flush=True)
        kind, _, raw = fields.get("clientid", "").partition(":")
        if kind == "raw":
            # Whatever it is, and the end of the connection.
            self.wfile.write(raw.encode())
            self.close_connection = True
            return
        status, headers, content = answer_of(fields.get("clientid", ""), url.path)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Handler)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    context.sni_callback = lambda connection, name, _: setattr(connection, "asked_name", name)
    if len(sys.argv) > 4:
        context.load_verify_locations(sys.argv[4])
        context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
