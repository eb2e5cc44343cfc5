import os
import shutil
import subprocess
import urllib.parse

import support
from support import Case, wait_for

CONFIG = """\
[databases]
* = host=127.0.0.1 port={port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
ignore_startup_parameters = extra_float_digits
"""


class Pooler(Case):
    def setUp(self):
        super().setUp()
        self.port = urllib.parse.urlsplit(support.cluster).port
        self.name = f"pooled_{os.getpid()}"
        self.sql(f"DROP DATABASE IF EXISTS {self.name}")
        self.sql(f"CREATE DATABASE {self.name}")

    def sql(self, statement):
        return self.run_to_end("psql", "-qAt", f"{support.cluster}/postgres", "-c", statement)

    def pooler(self, mode):
        """A PgBouncer, and the address of the database behind it."""
        listen = self.ports.of({"transaction": 6432, "session": 6433}[mode])
        config = self.dir / f"{mode}.ini"
        config.write_text(CONFIG.format(port=self.port, listen=listen, mode=mode))
        self.dir.chmod(0o755)
        command = ["pgbouncer", "-q", str(config)]
        if os.getuid() == 0:
            # It refuses to run as root.
            command = ["setpriv", "--reuid=nobody", "--clear-groups", shutil.which("pgbouncer"), "-q", str(config)]
        self.start(*command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        url = f"postgres://postgres@127.0.0.1:{listen}/{self.name}"
        wait_for(
            "the pooler",
            lambda: subprocess.run(["psql", "-qAt", url, "-c", "SELECT 1"], capture_output=True).returncode == 0,
        )
        return url

    def migrate(self, url):
        command = [str(support.plinth), "migrate", "--dir", str(self.dir / "data"), "--database-url", url]
        return subprocess.run(command, cwd=self.dir, env=self.env, capture_output=True, text=True, timeout=60)

    def test_o12_a_pooler_by_transaction_is_refused_and_leaves_nothing(self):
        url = self.pooler("transaction")
        refused = self.migrate(url)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("pool_mode = session", refused.stderr)
        # Nobody is kept from migrating.
        locks = self.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        self.assertEqual(locks.strip(), "0")
        direct = self.migrate(f"{support.cluster}/{self.name}")
        self.assertEqual(direct.returncode, 0, direct.stderr)
        # Also when there is nothing to migrate.
        self.assertIn("pool_mode = session", self.migrate(url).stderr)

    def test_o12_a_pooler_by_session_is_fine(self):
        url = self.pooler("session")
        for _ in range(2):
            done = self.migrate(url)
            self.assertEqual(done.returncode, 0, done.stderr)
