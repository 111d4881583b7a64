#!/usr/bin/env python3
"""Measures handshakes: how many a second, and what each costs the gateway, for each backend and each hash.

    .build/python/bin/python deploy/bench-handshakes.py [--quick] [--gateway PROGRAM] [--load PROGRAM] [ROW...]

Starts Mosquitto, the backends' servers and gateways of its own on free ports of 127.0.0.1. The programs are those of the
release build unless named; deploy/test.sh installs the servers and the Python packages. Prints tables for
docs/benchmarks.md. Without ROWs all are measured; --help lists them. --quick: few handshakes, to see that it works.

A row is one storm of charge points that connect as fast as they can (ocpp-load storm, 128 handshakes under way at a
time), come again, and come again. CPU is the gateway's alone.
"""

import argparse
import contextlib
import csv
import hashlib
import io
import json
import os
import pathlib
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PASSWORD = "password-of-all-of-them"
ITERATIONS = 100_000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def path_of(program):
    for folder in os.environ["PATH"].split(":") + ["/usr/sbin", "/usr/local/sbin"]:
        path = pathlib.Path(folder) / program
        if os.access(path, os.X_OK):
            return str(path)
    sys.exit(f"{program} is not installed; deploy/test.sh installs it")


def await_port(port, process):
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    sys.exit(f"{process.args[0]} does not start")


class Place:
    """A folder and what was started in it; all of it is gone afterwards."""

    def __init__(self, options):
        self.options = options
        self.stack = contextlib.ExitStack()
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.folder.chmod(0o755)

    def start(self, command, port=None, user=None, environment=None, log="server.log"):
        output = open(self.folder / log, "ab")
        process = subprocess.Popen(
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd=self.folder, env=environment,
            **identity(user))
        self.stack.callback(end, process)
        if port is not None:
            await_port(port, process)
        return process

    def run(self, command, user=None, text=None, environment=None):
        done = subprocess.run(
            command, cwd=self.folder, input=text, capture_output=True, text=True, env=environment, **identity(user))
        if done.returncode != 0:
            sys.exit(f"{command[0]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def own_folder(self, name, user):
        folder = self.folder / name
        folder.mkdir()
        if identity(user):
            subprocess.run(["chown", f"{user}:{user}", folder], check=True)
        return folder


def identity(user):
    """Servers that refuse to run as root run as their own user then."""
    return {"user": user, "group": user, "extra_groups": []} if user and os.geteuid() == 0 else {}


def end(process):
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()


# The charge points that a database has: name, hash, salt. Each has a salt of its own.


def names(count):
    return [f"LOAD{number:05}" for number in range(1, count + 1)] + ["OPEN00001"]


def salted(count):
    for name in names(count):
        salt = secrets.token_hex(16)
        yield name, hashlib.sha256((salt + PASSWORD).encode()).hexdigest(), salt


# Backends: each starts its server with so many charge points, and returns the settings of a gateway.


def nobody(place, count):
    return {}


def built_in(**algorithm):
    def fill(place, count):
        settings = {"AUTHENTICATION_BACKEND": "built_in_database", "DATA_DIR": str(place.folder / "data")}
        for key, value in algorithm.items():
            settings[f"AUTHENTICATION_PASSWORD_HASH_ALGORITHM_{key.upper()}"] = str(value)
        text = io.StringIO()
        csv.writer(text).writerows([("user_id", "password")] + [(name, PASSWORD) for name in names(count)])
        place.run([place.options.gateway, "users", "import"], text=text.getvalue(),
                  environment={"PATH": os.environ["PATH"], **settings})
        return settings

    return fill


def values(count):
    return ",\n".join(f"('{name}', '{digest}', '{salt}')" for name, digest, salt in salted(count))


def table(text, count):
    return (f"CREATE TABLE mqtt_user (username {text}(255) PRIMARY KEY, password_hash VARCHAR(255), salt VARCHAR(64));\n"
            f"INSERT INTO mqtt_user VALUES {values(count)};\n")


QUERY = "SELECT password_hash, salt FROM mqtt_user WHERE username = ${username} LIMIT 1"


def postgresql(place, count):
    programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    folder, port = place.own_folder("postgresql", "postgres"), free_port()
    place.run([f"{programs}/initdb", "-D", folder / "data", "-U", "postgres", "--no-sync", "--auth=trust"], "postgres")
    place.start([f"{programs}/postgres", "-D", folder / "data", "-p", str(port), "-k", folder, "-h", "127.0.0.1"],
                port, "postgres")
    for _ in range(100):
        ready = subprocess.run([f"{programs}/pg_isready", "-h", "127.0.0.1", "-p", str(port)], capture_output=True)
        if ready.returncode == 0:
            break
        time.sleep(0.1)
    place.run(["psql", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-q"], text=table("VARCHAR", count))
    return {"AUTHENTICATION_BACKEND": "postgresql", "AUTHENTICATION_SERVER": f"127.0.0.1:{port}",
            "AUTHENTICATION_DATABASE": "postgres", "AUTHENTICATION_USERNAME": "postgres", "AUTHENTICATION_QUERY": QUERY}


def mysql(place, count):
    folder, port = place.own_folder("mariadb", "mysql"), free_port()
    place.run(["mariadb-install-db", "--no-defaults", f"--datadir={folder}/data", "--skip-test-db",
               "--auth-root-authentication-method=normal"], "mysql")
    place.start([path_of("mariadbd"), "--no-defaults", f"--datadir={folder}/data", f"--port={port}",
                 "--bind-address=127.0.0.1", f"--socket={folder}/socket"], port, "mysql")
    user = "CREATE USER gateway@localhost; CREATE USER gateway@'127.0.0.1'; " \
           "GRANT SELECT ON gateway.* TO gateway@localhost, gateway@'127.0.0.1';"
    place.run(["mariadb", "--no-defaults", f"--socket={folder}/socket", "-u", "root"],
              text=f"CREATE DATABASE gateway; USE gateway;\n{table('VARBINARY', count)}\n{user}")
    return {"AUTHENTICATION_BACKEND": "mysql", "AUTHENTICATION_SERVER": f"127.0.0.1:{port}",
            "AUTHENTICATION_DATABASE": "gateway", "AUTHENTICATION_USERNAME": "gateway", "AUTHENTICATION_QUERY": QUERY}


def redis(place, count):
    port = free_port()
    place.start([path_of("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", ""], port)
    place.run(["redis-cli", "-p", str(port), "--pipe"], text="".join(
        f"HSET mqtt_user:{name} password_hash {digest} salt {salt}\r\n" for name, digest, salt in salted(count)))
    return {"AUTHENTICATION_BACKEND": "redis", "AUTHENTICATION_SERVER": f"127.0.0.1:{port}"}


def mongodb(place, count):
    import pymongo

    port = free_port()
    place.start([sys.executable, "-m", "secantus", "--host", "127.0.0.1", "--port", str(port), "--storage-path",
                 str(place.folder / "mongodb"), "--log-level", "ERROR"], port)
    with pymongo.MongoClient("127.0.0.1", port, directConnection=True) as client:
        collection = client.gateway.mqtt_user
        collection.create_index("username")
        collection.insert_many([{"username": name, "password_hash": digest, "salt": salt}
                                for name, digest, salt in salted(count)])
    return {"AUTHENTICATION_BACKEND": "mongodb", "AUTHENTICATION_SERVER": f"127.0.0.1:{port}",
            "AUTHENTICATION_DATABASE": "gateway", "AUTHENTICATION_COLLECTION": "mqtt_user"}


def http(place, count):
    port = free_port()
    (place.folder / "nginx.conf").write_text(f"""
        daemon off; pid {place.folder}/nginx.pid; error_log stderr; worker_processes 1;
        events {{ worker_connections 1024; }}
        http {{ access_log off; client_body_temp_path {place.folder}/body; keepalive_requests 1000000;
               server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }} }}
        """)
    place.start([path_of("nginx"), "-c", str(place.folder / "nginx.conf")], port)
    return {"AUTHENTICATION_BACKEND": "http", "AUTHENTICATION_URL": f"http://127.0.0.1:{port}/"}


def tokens(algorithm):
    def make(place, count):
        import jwt
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        settings = {"AUTHENTICATION_BACKEND": "jwt", "AUTHENTICATION_VERIFY_CLAIMS": '{"aud":"charging"}'}
        if algorithm == "HS256":
            key = settings["AUTHENTICATION_SECRET"] = secrets.token_hex(32)
        else:
            key = ec.generate_private_key(ec.SECP256R1())
            file = place.folder / "public.pem"
            file.write_bytes(key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
            settings["AUTHENTICATION_PUBLIC_KEY"] = str(file)
        place.password = jwt.encode({"aud": "charging", "exp": int(time.time()) + 86_400}, key, algorithm)
        return settings

    return make


# Rows: what they are called, how the backend is made, and what part of the charge points one with a slow hash has.
ROWS = {
    "none": ("`none`: nobody is asked", nobody, 1),
    "built_in": ("`built_in_database`, SHA-256", built_in(), 1),
    "postgresql": ("`postgresql`, SHA-256", postgresql, 1),
    "mysql": ("`mysql`, SHA-256", mysql, 1),
    "redis": ("`redis`, SHA-256", redis, 1),
    "mongodb": ("`mongodb` (secantusdb), SHA-256", mongodb, 0.2),
    "http": ("`http` (nginx that says 204)", http, 1),
    "jwt_hs256": ("`jwt`, HS256", tokens("HS256"), 1),
    "jwt_es256": ("`jwt`, ES256", tokens("ES256"), 1),
    "plain": ("`built_in_database`, plain", built_in(name="plain"), 1),
    "pbkdf2": (f"`built_in_database`, PBKDF2-SHA-256, {ITERATIONS:,} iterations",
               built_in(name="pbkdf2", mac_fun="sha256", iterations=ITERATIONS), 0.05),
    "bcrypt": ("`built_in_database`, bcrypt, cost 10", built_in(name="bcrypt", salt_rounds=10), 0.03),
}
BESIDE = "beside"


class Gateway:
    def __init__(self, place, settings):
        self.place = place
        port = free_port()
        self.url = f"ws://127.0.0.1:{port}/ocpp"
        broker_port = free_port()
        (place.folder / "mosquitto.conf").write_text(
            f"listener {broker_port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nset_tcp_nodelay true\n")
        place.start([path_of("mosquitto"), "-c", str(place.folder / "mosquitto.conf")], broker_port)
        self.broker = f"mqtt://127.0.0.1:{broker_port}"
        environment = {
            "PATH": os.environ["PATH"], "BROKER_URL": self.broker, "BROKER_QOS": "0", "LOG_LEVEL": "warning",
            "LISTENERS_WS_DEFAULT_BIND": f"127.0.0.1:{port}", "LISTENERS_WS_DEFAULT_MAX_CONN_RATE": "1000000",
            "MANAGEMENT_BIND": "", "IDLE_TIMEOUT": "300s", "AUTHENTICATION_TIMEOUT": "200s",
            "LISTENERS_WS_DEFAULT_HANDSHAKE_TIMEOUT": "250s", "DATA_DIR": str(place.folder / "data"),
            "MONGOC_DISABLE_SHM": "1", **settings,
        }
        if "AUTHENTICATION_BACKEND" not in settings:
            del environment["AUTHENTICATION_TIMEOUT"]
        self.process = place.start([place.options.gateway], port, environment=environment, log="gateway.log")
        self.environment = {
            "PATH": os.environ["PATH"], "CHARGE_POINT_PASSWORD": getattr(place, "password", PASSWORD)}

    def load(self, mode, *arguments):
        text = self.place.run(
            [self.place.options.load, mode, "--url", self.url, "--gateway-pid", str(self.process.pid), "--json",
             "--quiet", *map(str, arguments)], environment=self.environment)
        return json.loads(text)

    def start_load(self, mode, *arguments):
        return self.place.start([self.place.options.load, mode, "--url", self.url, "--quiet", *map(str, arguments)],
                                environment=self.environment)


def storm(options, row):
    title, make, part = ROWS[row]
    count = max(options.least, int(options.count * part))
    place = Place(options)
    with place.stack:
        gateway = Gateway(place, make(place, count))
        report = gateway.load("storm", "--count", count, "--rounds", 3, "--sources", 8)
        if any(each["refused"] for each in report["rounds"]):
            sys.exit(f"{row}: somebody was refused: {report.get('firstRefusal')}")
        return title, count, report["rounds"]


def cells(rounds):
    rate = statistics.median(each["upgraded"] / each["upgradeSeconds"] for each in rounds)
    cost = statistics.median(each["gatewayUpgradeCPUSeconds"] / each["upgraded"] * 1000 for each in rounds)
    return rate, cost


def storms(options, rows):
    floor = None
    print("| Backend and hash | Charge points | Handshakes a second | Gateway CPU each | of that above `none` |")
    print("|---|---|---|---|---|", flush=True)
    for row in rows:
        title, count, rounds = storm(options, row)
        for name, some in ([("first time", rounds[:1]), ("again", rounds[1:])] if row in ("pbkdf2", "bcrypt")
                           else [(None, rounds)]):
            rate, cost = cells(some)
            if row == "none":
                floor = cost
            above = "–" if floor is None or row == "none" else f"{cost - floor:.3f} ms"
            print(f"| {title}{', ' + name if name else ''} | {count} | {rate:,.0f} | {cost:.3f} ms | {above} |",
                  flush=True)


def beside(options):
    """The round trips of one open session, quiet and beside handshakes by the thousand."""
    place = Place(options)
    with place.stack:
        count = options.crowd
        gateway = Gateway(place, postgresql(place, count))
        arguments = ["--broker", gateway.broker, "--prefix", "OPEN", "--count", 1, "--open", 1, "--warm-up", 1,
                     "--duration", options.seconds, "--settle", 1]
        quiet = gateway.load("closed", *arguments)["latency"]
        crowd = gateway.start_load("storm", "--count", count, "--concurrency", count, "--rounds", 1000, "--sources", 8)
        busy = gateway.load("closed", *arguments)["latency"]
        if crowd.poll() is not None:
            sys.exit("the crowd has ended before its time")
        print(f"\n| Round trip of an open session | quiet | beside {count} handshakes at once, again and again, "
              "`postgresql`, 8 connections | ratio |\n|---|---|---|---|")
        for name in ("p50", "p99"):
            print(f"| {name} | {quiet[name] / 1000:.2f} ms | {busy[name] / 1000:.2f} ms | {busy[name] / quiet[name]:.1f} |")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="rows: " + ", ".join([*ROWS, BESIDE]))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--gateway", default=str(ROOT / ".build/release/ocpp-gateway"))
    parser.add_argument("--load", default=str(ROOT / ".build/release/ocpp-load"))
    parser.add_argument("rows", nargs="*", choices=[*ROWS, BESIDE, []], metavar="ROW")
    options = parser.parse_args()
    options.count, options.least, options.crowd, options.seconds = \
        (200, 10, 200, 1) if options.quick else (10_000, 50, 2000, 5)
    for program in (options.gateway, options.load):
        if not os.access(program, os.X_OK):
            sys.exit(f"{program} is missing: swift build -c release --product {pathlib.Path(program).name}")
    rows = options.rows or [*ROWS, BESIDE]
    storms(options, [row for row in ROWS if row in rows])
    if BESIDE in rows:
        beside(options)


main()
