"""PyJWT verifies the tokens that accounts get for other services, with the keys that the server publishes."""

import unittest

import jwt
import support

AUDIENCE = "https://reports.example.org"
PASSWORD = "an honest password"


class Tokens(unittest.TestCase):
    def setUp(self):
        server = support.server
        before = server.call("GET", "/api/settings")["meta"]["appURL"]
        server.call("PATCH", "/api/settings", {"meta": {"appURL": server.url}})
        self.addCleanup(server.call, "PATCH", "/api/settings", {"meta": {"appURL": before}})
        guards = {"name": "guards", "type": "auth", "tokenAudiences": [AUDIENCE]}
        server.call("POST", "/api/collections", guards)
        self.addCleanup(server.call, "DELETE", "/api/collections/guards")
        account = {"email": "eve@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD}
        self.account = server.call("POST", "/api/collections/guards/records", account)["id"]

    def test_another_service_verifies_who_somebody_is(self):
        url = support.server.url
        sign_in = {"identity": "eve@example.com", "password": PASSWORD}
        own = support.call(url, "POST", "/api/collections/guards/auth-with-password", sign_in)["token"]
        path = "/api/collections/guards/auth-token"
        token = support.call(url, "POST", path, {"audience": AUDIENCE}, own)["token"]
        key = jwt.PyJWKClient(f"{url}/.well-known/jwks.json").get_signing_key_from_jwt(token)

        def claims(token, **changes):
            expected = {"algorithms": ["ES256"], "audience": AUDIENCE, "issuer": url} | changes
            return jwt.decode(token, key, options={"require": ["exp", "iat", "jti", "sub"]}, **expected)

        found = claims(token)
        self.assertEqual((found["sub"], found["exp"] - found["iat"]), (self.account, 300))
        self.assertEqual((found["email"], found["email_verified"]), ("eve@example.com", False))
        with self.assertRaises(jwt.InvalidAudienceError):
            claims(token, audience="https://other.example.org")
        with self.assertRaises(jwt.InvalidIssuerError):
            claims(token, issuer="https://other.example.org")
        with self.assertRaises(jwt.InvalidAlgorithmError):
            claims(token, algorithms=["HS256"])
        other = support.call(url, "POST", path, {"audience": AUDIENCE}, own)["token"]
        with self.assertRaises(jwt.InvalidSignatureError):
            claims(f"{token.rpartition('.')[0]}.{other.rpartition('.')[2]}")
