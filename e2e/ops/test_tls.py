import json
import shutil
import ssl
import subprocess
import unittest
import urllib.request

from support import Case, section, wait_for


class Tls(Case):
    def test_haproxy_terminates_tls(self):
        """The configuration of docs/operations/tls.md, with a certificate that the client trusts."""
        self.write(section("tls.md", "HAProxy"))
        self.run_to_end(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem",
        )
        both = (self.dir / "cert.pem").read_text() + (self.dir / "key.pem").read_text()
        (self.dir / "app.pem").write_text(both)
        address = self.ports.url(8090).removeprefix("http://")
        self.start("plinth", "serve", "--http", address, stderr=subprocess.DEVNULL)
        haproxy = shutil.which("haproxy", path=self.env["PATH"])
        self.start(haproxy, "-f", "tls.cfg", stderr=subprocess.DEVNULL)

        trust = ssl.create_default_context(cafile=self.dir / "cert.pem")
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=trust))
        url = f"https://127.0.0.1:{self.ports.of(8443)}"
        answer = wait_for("the proxy", lambda: opener.open(f"{url}/readyz", timeout=10))
        self.assertTrue(json.loads(answer.read())["ready"])
        self.assertIn("max-age", answer.headers["Strict-Transport-Security"])
        # A stream comes through at once, not when it ends.
        with opener.open(f"{url}/api/realtime", timeout=10) as stream:
            self.assertIn(b"PB_CONNECT", stream.readline() + stream.readline())


if __name__ == "__main__":
    unittest.main()
