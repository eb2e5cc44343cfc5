"""A server with collections of every kind, and the OpenAPI documents that it serves."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

here = Path(__file__).resolve().parent
root = here.parents[1]
credentials = {"identity": "root@example.com", "password": "correct horse battery"}

# Set by run.py.
plinth: Path
npm: Path
database_url: str | None
server: "Server"


class Server:
    """A running Plinth, with its data in a directory of its own."""

    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="plinth-openapi-"))
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{address}"
        where = ["--dir", str(self.dir / "data")]
        if database_url:
            where += ["--database-url", database_url]
        # Settings of whoever runs the tests are left out.
        env = {name: value for name, value in os.environ.items() if not name.startswith("PLINTH_")}
        subprocess.run(
            [plinth, "superuser", "upsert", credentials["identity"], "--password-stdin", *where],
            input=credentials["password"],
            text=True,
            env=env,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        self.log = (self.dir / "log").open("w+")
        self.process = subprocess.Popen(
            [plinth, "serve", "--http", address, *where], cwd=self.dir, env=env, stdout=self.log, stderr=self.log
        )
        try:
            self.await_readiness()
            self.prepare()
        except BaseException:
            print(*self.stop(), sep="\n")
            raise

    def prepare(self):
        sign_in = "/api/collections/_superusers/auth-with-password"
        signed_in = call(self.url, "POST", sign_in, credentials)
        self.token = signed_in["token"]
        self.fixture = set_up(self) | {"root": signed_in["record"]["id"]}
        self.documents = {}
        for reader, token in [("guest", None), ("superuser", self.token)]:
            self.documents[reader] = self.dir / f"{reader}.json"
            self.documents[reader].write_text(json.dumps(call(self.url, "GET", "/api/openapi.json", token=token)))

    def await_readiness(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                call(self.url, "GET", "/api/health")
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the server does not answer")

    def call(self, method, path, body=None):
        return call(self.url, method, path, body, self.token)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.seek(0)
        lines = self.log.read().splitlines()
        self.log.close()
        shutil.rmtree(self.dir)
        return lines


def call(url, method, path, body=None, token=None):
    """Sends a request and returns the answer's JSON; fails with the answer if that is an error."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = token
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")
    except urllib.error.HTTPError as error:
        error.add_note(f"{method} {path}: {error.read().decode()}")
        raise


def set_up(server):
    """Creates the collections, and records of them. Returns the ids that tests refer to."""
    collections = json.loads((here / "collections.json").read_text())
    server.call("PUT", "/api/collections/import", {"collections": collections})
    server.call("PATCH", "/api/settings", {"batch": {"enabled": True}})

    def create(name, /, **values):
        return server.call("POST", f"/api/collections/{name}/records", values)["id"]

    password = "an honest password"
    member = create("members", email="ann@example.com", password=password, passwordConfirm=password, verified=True)
    director = create("people", name="Akira Kurosawa")
    films = [
        create(
            "films",
            title=title,
            slug=title.lower().replace(" ", "-"),
            views=views,
            contact="studio@example.com",
            genre="drama",
            tags=["black-and-white", "long"],
            director=director,
            cast=[director],
            place={"lon": 139.7, "lat": 35.7},
            extra={"score": [9, 8]},
            released="1954-04-26 00:00:00.000Z",
        )
        for title, views in [("Ikiru", 3), ("Seven Samurai", 7)]
    ]
    create("diary", text="Saw Ikiru.", owner=member)
    superuser = create("_superusers", email="other@example.com", password=password, passwordConfirm=password)
    note = create("secrets", text="Nobody knows.")
    role = create("_roles", name="editors", description="They edit people.", areas=["jobs:read"])
    create("_permissions", role=role, collection="people", actions=["create", "update"], effect="allow")
    create("_members", role=role, collectionRef="members", recordRef=member)
    job = create("_jobs", name="tidy", schedule="0 3 * * *", kind="maintenance", payload={"tasks": ["logs"]}, enabled=True)
    return {
        "films": films[0],
        "people": director,
        "members": member,
        "secrets": note,
        "_superusers": superuser,
        "_roles": role,
        "_jobs": job,
    }


def run(*command, cwd, seconds=1500, may_fail=False, **environment):
    """Runs a command to its end and returns its output; fails with the output if the command does, unless it may."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
    )
    assert may_fail or done.returncode == 0, f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout
