import json
import os
import subprocess
import unittest
import urllib.request

import support
from support import Case, Shell, blocks, get, section, sign_in, wait_for


def upload(url, token):
    """A record with a file, and the file's address."""
    body = "\r\n".join([
        "--x", 'Content-Disposition: form-data; name="title"', "", "with a file",
        "--x", 'Content-Disposition: form-data; name="file"; filename="a.txt"', "", "what is in it", "--x--", "",
    ])
    headers = {"Authorization": token, "Content-Type": "multipart/form-data; boundary=x"}
    request = urllib.request.Request(f"{url}/api/collections/posts/records", body.encode(), headers)
    record = json.loads(urllib.request.urlopen(request, timeout=30).read())
    return f"/api/files/posts/{record['id']}/{record['file']}"


class Backup(Case):
    """The commands of docs/operations/backup.md, while a server writes."""

    def serve(self, *options):
        command = ["plinth", "superuser", "upsert", "you@example.com", "--password-stdin", *options]
        self.run_to_end(*command, input="correct horse")
        url = self.ports.url(8090)
        self.start("plinth", "serve", "--http", url.removeprefix("http://"), *options, stderr=subprocess.DEVNULL)
        wait_for("the server", lambda: get(f"{url}/api/health"))
        token = sign_in(url)
        posts = {
            "name": "posts",
            "listRule": "",
            "viewRule": "",
            "fields": [{"name": "title", "type": "text"}, {"name": "file", "type": "file", "maxSelect": 1}],
            "indexes": ["CREATE INDEX posts_title ON posts (lower(title))"],
        }
        get(f"{url}/api/collections", token, posts)
        return url, token

    def is_restored(self, file, count):
        url = self.ports.url(8091)
        wait_for("the restored server", lambda: get(f"{url}/readyz"))
        sign_in(url)
        self.assertEqual(get(f"{url}{file}"), "what is in it")
        page = json.loads(get(f"{url}/api/collections/posts/records?filter=title~%22POST%22"))
        self.assertGreaterEqual(page["totalItems"], count)
        get(f"{url}/api/collections/posts/records", sign_in(url), {"title": "written after the restore"})

    def posts(self, url, token, count):
        for number in range(count):
            get(f"{url}/api/collections/posts/records", token, {"title": f"Post {number}"})

    def test_sqlite(self):
        backup, restore = blocks(section("backup.md", "SQLite"), "sh")
        url, token = self.serve()
        file = upload(url, token)
        self.posts(url, token, 100)
        shell = Shell(self)
        shell.do(backup)
        mode = os.stat(self.dir / "backup").st_mode & 0o777
        self.assertEqual(mode, 0o700)
        self.posts(url, token, 10)
        shell.do(restore.replace("plinth serve", "exec 2>/dev/null; plinth serve").rstrip() + " &")
        self.is_restored(file, 100)

    def test_postgresql(self):
        backup, restore = blocks(section("backup.md", "PostgreSQL"), "sh")
        name = f"saved_{os.getpid()}"
        self.run_to_end("psql", "-qAt", f"{support.cluster}/postgres", "-c", f"CREATE DATABASE {name}")
        database = f"{support.cluster}/{name}"
        self.env |= {
            "PLINTH_DATABASE_URL": database,
            "ADMIN_DATABASE_URL": f"{support.cluster}/postgres",
            "RESTORED_DATABASE_URL": f"{support.cluster}/restored_{os.getpid()}",
        }
        restore = restore.replace("CREATE DATABASE restored", f"CREATE DATABASE restored_{os.getpid()}")
        url, token = self.serve()
        file = upload(url, token)
        self.posts(url, token, 100)
        shell = Shell(self)
        shell.do(backup)
        # Files are saved apart; here the other server finds them where they are.
        shell.do(restore.replace("plinth serve", "exec 2>/dev/null; plinth serve").rstrip() + " &")
        self.is_restored(file, 100)


if __name__ == "__main__":
    unittest.main()
