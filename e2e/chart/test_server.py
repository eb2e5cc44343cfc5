"""The chart's containers without a cluster: the real binary, with the arguments and the environment that the chart gives it.

As root it runs in the image's own folder, as the image's user, who may write to /data and /tmp alone there.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import support
from support import VALUES, Rendered, root

# For what takes long on a machine that has much to do. Nothing is decided by it.
PATIENCE = 90


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def get(port, path, **headers):
    """Status and body, or None while nobody listens."""
    try:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except (urllib.error.URLError, ConnectionError):
        return None


class Pod:
    """One pod's worth of containers, in a folder instead of an image."""

    def __init__(self, test, values, secrets):
        self.test, self.secrets = test, secrets
        self.rendered = Rendered(values)
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.image = Path(folder.name) / "image"
        subprocess.run([root / "scripts/image-root", support.plinth, self.image], check=True)
        (self.image / "data").mkdir(0o700)
        self.log = Path(folder.name) / "log"
        self.http, self.metrics = free_port(), free_port()
        if os.geteuid() == 0:
            os.chown(self.image / "data", 65532, 65532)
            chroot = shutil.which("chroot") or "/usr/sbin/chroot"
            self.before = [chroot, "--userspec=65532:65532", "--groups=65532", self.image, "/plinth"]
        else:
            self.before = [self.image / "plinth"]

    def start(self, container):
        environment = self.environment(container)
        with self.log.open("a") as log:
            return subprocess.Popen(
                [*self.before, *container["args"]], env=environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, cwd=self.image,
            )

    def run(self, *arguments, stdin):
        """What `kubectl exec` does in the server's container."""
        return subprocess.run(
            [*self.before, *arguments], env=self.environment(self.rendered.server), input=stdin,
            capture_output=True, text=True, cwd=self.image,
        )

    def environment(self, container):
        environment = self.rendered.variables(container)
        for name, value in environment.items():
            if value is None:
                environment[name] = self.secrets[name]
        if os.geteuid() != 0:
            environment["PLINTH_DIR"] = str(self.image / "data")
        # On loopback, and wherever there is room.
        if "PLINTH_HTTP" in environment:
            environment["PLINTH_HTTP"] = f"127.0.0.1:{self.http}"
        if "PLINTH_METRICS_HTTP" in environment:
            environment["PLINTH_METRICS_HTTP"] = f"127.0.0.1:{self.metrics}"
        return environment

    def migrate(self):
        (container,) = self.rendered.pod["spec"]["initContainers"]
        status = self.start(container).wait(PATIENCE)
        self.test.assertEqual(status, 0, self.log.read_text())

    def serve(self):
        server = self.start(self.rendered.server)
        self.test.addCleanup(server.wait)
        self.test.addCleanup(server.kill)
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            path = self.rendered.server[probe]["httpGet"]["path"]
            until = time.monotonic() + PATIENCE
            while (get(self.http, path) or (0,))[0] != 200:
                self.test.assertIsNone(server.poll(), self.log.read_text())
                self.test.assertLess(time.monotonic(), until, f"{path}: {get(self.http, path)}")
                time.sleep(0.1)
        return server

    def stop(self, server):
        server.send_signal(signal.SIGTERM)
        status = server.wait(self.rendered.pod["spec"]["terminationGracePeriodSeconds"] + PATIENCE)
        self.test.assertEqual(status, 0, self.log.read_text())

    def writes_nowhere_else(self):
        if os.geteuid() == 0:
            theirs = {path.relative_to(self.image).parts[0] for path in self.image.rglob("*") if path.stat().st_uid == 65532}
            self.test.assertTrue(theirs <= {"data", "tmp"}, theirs)


class Server(unittest.TestCase):
    maxDiff = None

    def pod(self, values, **secrets):
        return Pod(self, {**values, "shutdown": {"readyDelaySeconds": 1, "drainSeconds": 5}}, secrets)

    def test_embedded_starts_serves_and_stops(self):
        pod = self.pod(VALUES["embedded"])
        pod.migrate()
        self.assertTrue((pod.image / "data/data.db").is_file())
        server = pod.serve()
        # What the notes tell people to look for. It is said after the server answers: it asks the database first.
        until = time.monotonic() + PATIENCE
        while not re.search(r"/_/setup#\S{20,}", pod.log.read_text()):
            self.assertLess(time.monotonic(), until, pod.log.read_text())
            time.sleep(0.1)
        self.assertEqual(get(pod.http, "/metrics")[0], 404)
        # The guide's way without a browser, beside the server that runs.
        made = pod.run("superuser", "upsert", "you@example.com", "--password-stdin", stdin="a good password\n")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual(json.loads(get(pod.http, "/api/setup")[1]), {"needed": False})
        pod.stop(server)
        pod.writes_nowhere_else()

    def test_text_that_looks_like_something_else_is_text(self):
        values = {"app": {"name": "true"}, "metrics": {"enabled": True, "token": "1234567890"}}
        pod = self.pod(values)
        pod.migrate()
        server = pod.serve()
        self.assertEqual(get(pod.http, "/metrics", Authorization="Bearer 1234567890")[0], 200)
        pod.stop(server)

    def test_embedded_takes_every_value(self):
        pod = self.pod(VALUES["embedded-full"])
        pod.migrate()
        server = pod.serve()
        self.assertIn("# HELP plinth_", get(pod.metrics, "/metrics")[1])
        self.assertNotEqual(get(pod.http, "/metrics")[0], 200)
        self.assertEqual(get(pod.http, "/metrics", Authorization="Bearer metrics-password")[0], 200)
        log = pod.log.read_text()
        for secret in support.SECRETS:
            self.assertNotIn(secret, log)
        pod.stop(server)
        pod.writes_nowhere_else()

    if support.database_url:

        def test_postgres_migrates_serves_and_stops(self):
            secrets = {
                "PLINTH_DATABASE_URL": support.database_url,
                "PLINTH_SMTP_URL": "smtp://plinth:mail-password@127.0.0.1:9?tls=required",
                "PLINTH_METRICS_TOKEN": "metrics-password",
            }
            pod = self.pod(VALUES["postgres-full"], **secrets)
            pod.migrate()
            # The second pod of a roll-out migrates beside a first one that serves.
            server = pod.serve()
            pod.migrate()
            second = self.pod(VALUES["postgres"], **secrets)
            second.migrate()
            self.assertTrue(re.search("plinth_", get(pod.metrics, "/metrics")[1]))
            other = second.serve()
            second.stop(other)
            self.assertEqual(get(pod.http, "/readyz")[0], 200)
            pod.stop(server)
            self.assertFalse(list((pod.image / "data").rglob("*.db")))
            pod.writes_nowhere_else()
