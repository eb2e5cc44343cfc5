"""The text of docs/operations/, and the programs that it uses."""

import http.client
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

root = Path(__file__).resolve().parents[2]

# Set by run.py.
plinth: Path
cluster: str


def section(page, title):
    """A section of a page of docs/operations/, with its subsections."""
    text = (root / "docs" / "operations" / page).read_text()
    _, _, rest = text.partition(f"\n## {title}\n")
    assert rest, f"docs/operations/{page} has no section {title}"
    return re.split(r"\n## ", rest)[0]


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def files(text):
    """The files in it: those blocks whose first line names one."""
    found = {}
    for language in ["haproxy", "yaml"]:
        for block in blocks(text, language):
            name = re.match(r"# (\S+)\n", block)
            if name:
                found[name[1]] = block
    return found


class Ports:
    """Free ports in place of those in the text."""

    def __init__(self):
        self.known = {}

    def of(self, port):
        while port not in self.known:
            with socket.create_server(("127.0.0.1", 0)) as server:
                free = server.getsockname()[1]
            if free not in self.known.values():
                self.known[port] = free
        return self.known[port]

    def url(self, port):
        return f"http://127.0.0.1:{self.of(port)}"

    def replaced(self, text):
        return re.sub(r"127\.0\.0\.1:(\d+)", lambda match: f"127.0.0.1:{self.of(int(match[1]))}", text)


class Case(unittest.TestCase):
    """A test in a directory of its own, whose processes end with it."""

    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix="plinth-ops-"))
        self.ports = Ports()
        self.processes = []
        bin = self.dir / "bin"
        bin.mkdir()
        (bin / "plinth").symlink_to(plinth)
        self.env = os.environ | {"PATH": f"{bin}:{os.environ['PATH']}"}
        for name in list(self.env):
            # Settings of whoever runs the tests.
            if name.startswith("PLINTH_") and name != "PLINTH_TEST_POSTGRES":
                del self.env[name]

    def tearDown(self):
        for process in self.processes:
            # With all that it has started.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
            for pipe in [process.stdin, process.stdout]:
                if pipe:
                    pipe.close()
        shutil.rmtree(self.dir)

    def start(self, *command, **options):
        """A process, and a group of its own for what it starts."""
        process = subprocess.Popen(command, cwd=self.dir, env=self.env, start_new_session=True, **options)
        self.processes.append(process)
        return process

    def run_to_end(self, *command, **options):
        done = subprocess.run(
            command, cwd=self.dir, env=self.env, capture_output=True, text=True, timeout=60, **options
        )
        self.assertEqual(done.returncode, 0, f"{command}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def write(self, text):
        """Writes the files that are in the text."""
        for name, content in files(text).items():
            (self.dir / name).write_text(self.ports.replaced(content))


class Shell:
    """A shell that runs one block after the other."""

    def __init__(self, case):
        self.case = case
        self.log = (case.dir / "shell.log").open("w+")
        self.process = case.start(
            "bash", "-eu", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        self.done = 0

    def do(self, block):
        """Runs a block, and returns what it printed."""
        self.done += 1
        self.process.stdin.write(f"{self.case.ports.replaced(block)}\necho; echo done {self.done}\n")
        self.process.stdin.flush()
        printed = []
        for line in self.process.stdout:
            if line.strip() == f"done {self.done}":
                return "".join(printed)
            printed.append(line)
        self.log.seek(0)
        raise AssertionError(f"{block}\nended the shell: {self.log.read()}")


def get(url, token=None, body=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = token
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.read().decode()


def sign_in(url):
    answer = get(
        f"{url}/api/collections/_superusers/auth-with-password",
        body={"identity": "you@example.com", "password": "correct horse"},
    )
    return json.loads(answer)["token"]


def wait_for(what, check, seconds=60):
    """Waits until it is so, and gives what the check gave."""
    deadline = time.monotonic() + seconds
    last = None
    while time.monotonic() < deadline:
        try:
            found = check()
            if found:
                return found
        except (OSError, urllib.error.URLError, http.client.HTTPException) as error:
            last = error
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds} s ({last})")
