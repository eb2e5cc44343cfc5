"""Measures an honest client's answers while ten hostile guests do each of the attacks, and how much memory the server
takes. It starts a server of its own, on loopback, and prints a table. Nothing here decides a test: see README.md."""

import argparse
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from multiprocessing import Process

PASSWORD = "correct horse"
JSON = {"Content-Type": "application/json"}
# The most that one attack sends in one body.
MEGA = 1 << 20


class Client:
    """One connection, kept open, as an app has it."""

    def __init__(self, port, token=None, timeout=60):
        self.port, self.timeout = port, timeout
        self.headers = dict(JSON)
        if token:
            self.headers["Authorization"] = token
        self.connection = None

    def send(self, method, path, body=None):
        """The status and the body; 0 where there was no answer."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
            self.connection.request(method, path, body, self.headers)
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.connection = None
            return 0, b""

    def ok(self, method, path, body=None):
        status, answer = self.send(method, path, body)
        if status not in (200, 204):
            sys.exit(f"{method} {path}: {status} {answer[:500]}")
        return json.loads(answer) if answer else None


def query(**parameters):
    return urllib.parse.urlencode(parameters)


# --- the server and its data -------------------------------------------------------------------------------------


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Server:
    def __init__(self, plinth, database_url):
        self.dir = tempfile.mkdtemp(prefix="plinth-hostile-")
        self.port = free_port()
        where = ["--database-url", database_url] if database_url else []
        place = ["--dir", self.dir, *where]
        subprocess.run(
            [plinth, "superuser", "upsert", "root@example.com", "--password-stdin", *place],
            input=PASSWORD, text=True, check=True, capture_output=True,
        )
        self.log = open(os.path.join(self.dir, "server.log"), "w")
        self.process = subprocess.Popen(
            [plinth, "serve", "--http", f"127.0.0.1:{self.port}", *place], stdout=self.log, stderr=self.log
        )
        for _ in range(200):
            if Client(self.port, timeout=2).send("GET", "/readyz")[0] == 200:
                break
            time.sleep(0.1)

    def memory(self):
        """The most memory that it has had since the last call, in MB."""
        proc = f"/proc/{self.process.pid}"
        with open(f"{proc}/status") as status:
            peak = next(line for line in status if line.startswith("VmHWM"))
        try:
            with open(f"{proc}/clear_refs", "w") as clear:
                clear.write("5")
        except OSError:
            pass
        return int(peak.split()[1]) / 1024

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def fill(port):
    """Collections that anybody reads, and an account. Gives what the attacks and the honest client need to know."""
    guest = Client(port)
    login = {"identity": "root@example.com", "password": PASSWORD}
    token = guest.ok("POST", "/api/collections/_superusers/auth-with-password", login)["token"]
    root = Client(port, token)
    rules = {rule: "" for rule in ["listRule", "viewRule", "createRule", "updateRule", "deleteRule"]}

    def collection(name, fields):
        return root.ok("POST", "/api/collections", {"name": name, "type": "base", "fields": fields, **rules})["id"]

    posts = collection("posts", [{"type": "text", "name": "title"}, {"type": "number", "name": "n"}])
    comments = [{"type": "text", "name": "text"}, {"type": "relation", "name": "post", "collectionId": posts}]
    collection("comments", comments)
    big = collection("big", [{"type": "text", "name": "text", "max": 300_000}])
    collection("refs", [{"type": "relation", "name": "big", "collectionId": big}])
    collection("notes", [{"type": "text", "name": "text"}])

    ids = [root.ok("POST", "/api/collections/posts/records", {"title": f"post {n}", "n": n})["id"] for n in range(20)]
    many = [("comments", {"text": f"text {n} " + "x" * 900, "post": ids[n % 20]}) for n in range(2000)]
    text = root.ok("POST", "/api/collections/big/records", {"text": "x" * 200_000})["id"]
    many += [("refs", {"big": text}) for _ in range(1000)]
    for name, body in many:
        root.ok("POST", f"/api/collections/{name}/records", body)
    account = {"email": "ann@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD}
    ann = root.ok("POST", "/api/collections/users/records", account)["id"]
    return {"posts": ids, "ann": ann, "token": token}


# --- the honest client -------------------------------------------------------------------------------------------


def honest(port, known, seconds, kinds):
    """Does what an app does, one request after the other, and notes how long each took, in milliseconds."""
    login = {"identity": "ann@example.com", "password": PASSWORD}
    path = "/api/collections/users/auth-with-password"
    token = None
    while token is None and seconds > 0:
        status, answer = Client(port).send("POST", path, login)
        token = json.loads(answer)["token"] if status == 200 else None
        if token is None:
            time.sleep(1)
            seconds -= 1
    client = Client(port, token)
    steps = [
        ("list", "GET", "/api/collections/posts/records", None),
        ("filter", "GET", "/api/collections/posts/records?" + query(filter="title ~ 'post 1' && n > 3"), None),
        ("view", "GET", f"/api/collections/posts/records/{known['posts'][3]}", None),
        ("create", "POST", "/api/collections/notes/records", {"text": "an honest note"}),
        ("update", "PATCH", f"/api/collections/posts/records/{known['posts'][5]}", {"n+": 1}),
    ]
    end = time.monotonic() + seconds
    turn = 0
    while time.monotonic() < end:
        turn += 1
        todo = steps + ([("sign-in", "POST", path, login)] if turn % 5 == 0 else [])
        for kind, method, where, body in todo:
            begun = time.monotonic()
            status, _ = client.send(method, where, body)
            took = (time.monotonic() - begun) * 1000
            kinds.setdefault(kind, []).append((took, status == 200))
        time.sleep(0.01)


def listen(port, known, seconds, kinds):
    """Hears of changes that the same client makes, and notes how long that took."""
    reader, line = stream(port)
    if reader is None:
        kinds.setdefault("realtime", []).append((seconds * 1000, False))
        return
    maker = Client(port, known["token"])
    maker.send("POST", "/api/realtime", {"clientId": line, "subscriptions": ["notes/*"]})
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        text = f"heard {begun}"
        status, _ = maker.send("POST", "/api/collections/notes/records", {"text": text})
        heard = status == 200 and wait_for(reader, text.encode(), 30)
        kinds.setdefault("realtime", []).append(((time.monotonic() - begun) * 1000, heard))
        time.sleep(0.05)


def stream(port):
    """An event stream, and the client's id."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(b"GET /api/realtime HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
    reader = connection.makefile("rb")
    try:
        for line in reader:
            if line.startswith(b"data:"):
                return reader, json.loads(line[5:])["clientId"]
    except (OSError, ValueError):
        pass
    return None, ""


def wait_for(reader, text, seconds):
    end = time.monotonic() + seconds
    try:
        for line in reader:
            if text in line:
                return True
            if time.monotonic() > end:
                break
    except OSError:
        pass
    return False


# --- the attacks: each is what one hostile guest does, again and again ---------------------------------------------


def numbers(megabytes):
    return b'{"x":[' + b"0," * (megabytes * MEGA // 2) + b"0]}"


def v0_elsewhere(port, known, number):
    """As many bytes as v1 sends, to a program that throws them away: what the attackers cost that share the machine."""
    body = numbers(30)
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        while theirs.recv(MEGA):
            pass
        os._exit(0)
    theirs.close()
    while True:
        ours.sendall(body)


def v1_bodies(port, known, number):
    """Large bodies of numbers for a key that no field has; every other guest holds its body back at the end."""
    body = numbers(30)
    while True:
        if number % 2 == 0:
            Client(port).send("POST", "/api/collections/users/records", body)
            continue
        held = []
        for _ in range(4):
            try:
                connection = socket.create_connection(("127.0.0.1", port), timeout=20)
                head = (
                    "POST /api/collections/users/records HTTP/1.1\r\nHost: localhost\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                )
                connection.sendall(head.encode() + body[: -MEGA])
                held.append(connection)
            except OSError:
                pass
        time.sleep(20)
        for connection in held:
            connection.close()


def v2_writer(port, known, number):
    """Long lists for a field that takes one, in updates and creates that are refused."""
    items = ",".join(f'"{n}"' for n in range(2_500_000))
    body = ('{"avatar":[' + items + "]}").encode()
    path = "/api/collections/users/records"
    client = Client(port)
    while True:
        if number % 2 == 0:
            client.send("PATCH", f"{path}/{known['ann']}", body)
        else:
            client.send("POST", path, body)


def v3_realtime(port, known, number):
    """Subscriptions of which each asks a lot at every change, and changes."""
    path = "comments_via_post.post.comments_via_post.post.comments_via_post"
    while True:
        reader, me = stream(port)
        options = [{"query": {"filter": f"{path}.text ?~ 'zzz'"}}]
        options += [{"query": {"n": n, "expand": path, "fields": "id"}} for n in range(49)]
        topics = ["posts/*?" + query(options=json.dumps(option)) for option in options]
        client = Client(port)
        client.send("POST", "/api/realtime", {"clientId": me, "subscriptions": topics})
        for n in range(20):
            client.send("PATCH", f"/api/collections/posts/records/{known['posts'][number]}", {"n": n})
            time.sleep(0.2)
        if reader:
            reader.close()


def v4_queries(port, known, number):
    """Lists whose filter joins a collection with itself again and again."""
    path = "comments_via_post.post.comments_via_post.post.comments_via_post.text"
    wanted = query(filter=f"{path} ?~ 'zzz'", sort=f"-{path}" if number % 2 else "id")
    client = Client(port)
    while True:
        client.send("GET", f"/api/collections/posts/records?{wanted}")


def v5_answers(port, known, number):
    """A long text as often as there are references to it; every other guest does not read."""
    path = "/api/collections/refs/records?" + query(perPage=1000, expand="big" if number % 2 else "big.refs_via_big.big")
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=30)
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            if number % 2:
                time.sleep(20)
            while connection.recv(MEGA):
                pass
            connection.close()
        except OSError:
            time.sleep(0.1)


def v9_passwords(port, known, number):
    """Wrong passwords over 16 connections."""

    def guess():
        client = Client(port)
        while True:
            body = {"identity": "root@example.com", "password": "wrong horse"}
            client.send("POST", "/api/collections/_superusers/auth-with-password", body)

    for _ in range(16):
        threading.Thread(target=guess, daemon=True).start()
    threading.Event().wait()


ATTACKS = {attack.__name__.split("_")[0]: attack for attack in [
    v0_elsewhere, v1_bodies, v2_writer, v3_realtime, v4_queries, v5_answers, v9_passwords,
]}
HOSTILE = 10


def attack(name, nice, port, known, number):
    """Runs an attack at a low priority: it stands for another machine, which would not take this one's cores."""
    os.nice(nice)
    ATTACKS[name](port, known, number)


# --- the figures -------------------------------------------------------------------------------------------------


def measure(server, known, seconds):
    kinds = {}
    threads = [
        threading.Thread(target=work, args=(server.port, known, seconds, kinds)) for work in (honest, listen)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return kinds


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def report(name, kinds, memory, quiet):
    every = [took for kind, answers in kinds.items() if kind not in ("sign-in", "realtime") for took, _ in answers]
    parts = []
    for kind, answers in [("requests", [(took, True) for took in every]), *sorted(kinds.items())]:
        times = [took for took, _ in answers]
        if not times:
            continue
        p99 = quantile(times, 0.99)
        failed = sum(not good for _, good in answers)
        ratio = f" ({p99 / quiet[kind]:.1f} ×)" if kind in quiet else ""
        quiet.setdefault(kind, p99)
        failures = f", {failed} failed" if failed else ""
        parts.append(f"{kind} {len(times)}: p50 {quantile(times, 0.5):.1f}, p99 {p99:.1f}{ratio}{failures}")
    print(f"{name}: peak {memory:.0f} MB; ms: " + "; ".join(parts), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plinth", required=True, help="the server's binary")
    parser.add_argument("--database-url", help="PostgreSQL; without it, SQLite")
    parser.add_argument("--attack", action="append", choices=ATTACKS, help="one of them; all by default")
    parser.add_argument("--seconds", type=int, default=10, help="how long each is measured")
    parser.add_argument("--nice", type=int, default=19, help="the attackers' priority; 0: that of the server")
    arguments = parser.parse_args()

    server = Server(arguments.plinth, arguments.database_url)
    try:
        known = fill(server.port)
        quiet = {}
        server.memory()
        report("quiet", measure(server, known, arguments.seconds), server.memory(), quiet)
        for name in arguments.attack or ATTACKS:
            guests = [
                Process(target=attack, args=(name, arguments.nice, server.port, known, number), daemon=True)
                for number in range(HOSTILE)
            ]
            for guest in guests:
                guest.start()
            time.sleep(3)
            kinds = measure(server, known, arguments.seconds)
            for guest in guests:
                guest.kill()
            for guest in guests:
                guest.join()
            report(ATTACKS[name].__name__, kinds, server.memory(), quiet)
            # What is left of it ends by itself.
            time.sleep(5)
            server.memory()
    finally:
        server.stop()


main()
