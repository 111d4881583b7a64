"""An HTTP server that hands out keys.json of its folder, and waits with that while there is a file named hang.

Prints "port N". The file asked has a byte for each question.
"""

import http.server
import pathlib
import time


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("asked", "a") as asked:
            asked.write("x")
        while pathlib.Path("hang").exists():
            time.sleep(0.01)
        content = pathlib.Path("keys.json").read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("port", server.server_port, flush=True)
server.serve_forever()
