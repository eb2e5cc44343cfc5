"""Findings of schemathesis that stay, with the reason of each."""

import re
from dataclasses import dataclass, replace

GUEST, SUPERUSER = "guest", "superuser"
RECORD = r"(POST|PATCH) /api/collections/\w+/records(/\{id\})?"


@dataclass(frozen=True)
class Known:
    """Findings of a kind about operations."""

    readers: tuple[str, ...]
    kind: str
    operations: str
    reason: str
    # Whether it takes an id that happens to fit, so that not every run finds it.
    is_seldom: bool = False

    def covers(self, kind, operation):
        return kind == self.kind and re.fullmatch(self.operations, operation) is not None


def refused(operations, reason, readers=(GUEST, SUPERUSER)):
    """Requests that the schema allows and the server refuses."""
    return Known(readers, "RejectedPositiveData", operations, reason)


def accepted(operations, reason, readers=(GUEST, SUPERUSER)):
    """Requests that the schema does not allow and the server accepts."""
    return Known(readers, "AcceptedNegativeData", operations, reason)


def unlike_schema(operations, reason, readers=(GUEST, SUPERUSER)):
    """Answers that their schema does not allow."""
    return Known(readers, "JsonSchemaError", operations, reason)


def of_superusers(make, operations, reason):
    return make(operations, reason, (SUPERUSER,))


def seldom(known):
    return replace(known, is_seldom=True)


KNOWN = [
    refused(
        RECORD,
        "A record has to pass its collection's rule, its values may have to be unique or to have a syntax (a cron"
        " expression), and the records that it refers to have to exist.",
    ),
    seldom(
        of_superusers(
            refused,
            r"DELETE /api/collections/(\w+/records/\{id\}|\{collection\}/truncate)",
            "A built-in role stays, and so do records that others are required to refer to.",
        )
    ),
    refused("POST /api/batch", "The requests of a batch have to succeed."),
    refused(r"POST /api/collections/\w+/auth-with-[\w-]+", "The account has to exist, and the secret to be right."),
    of_superusers(refused, r"POST /api/collections/\w+/totp/confirm", "The code has to be right."),
    of_superusers(
        unlike_schema,
        r"(GET|POST|PATCH) /api/collections/(_totps|_recoveryCodes)/records(/\{id\})?",
        "A stored secret is answered as an empty text, while the schema has the field in requests only.",
    ),
    refused(r"POST /api/collections/\w+/confirm-[\w-]+", "The token has to come from an e-mail."),
    refused("POST /api/realtime", "Topics have a syntax of their own."),
    of_superusers(
        refused,
        r"(POST|PATCH) /api/collections(/\{collection\}|/meta/check|/meta/dry-run-view)?|PUT /api/collections/import",
        "Definitions have to fit together: names, types of fields, rules and queries.",
    ),
    of_superusers(
        refused,
        "PATCH /api/settings",
        "The name, the address and the sender of the server must not be empty, which the schema does not say.",
    ),
    of_superusers(refused, "POST /api/jobs/preview", "Cron expressions and time zones have a syntax of their own."),
    of_superusers(refused, "POST /api/policy/check", "The collection and the account have to exist."),
    of_superusers(refused, "POST /api/policy/assertions", "Assertions have a syntax of their own."),
    seldom(
        of_superusers(refused, "POST /api/settings/test/email", "The collection has to exist, and to have accounts.")
    ),
    of_superusers(refused, "POST /api/settings/test/s3", "The route always fails, which its description says."),
    accepted(
        RECORD,
        "Values are converted to the type of their field, unknown ones are ignored, and null is an empty body, as for"
        " PocketBase.",
    ),
    accepted("POST /api/oauth2-redirect", "A person is sent to a page that tells how it went, whatever came."),
    of_superusers(
        refused,
        "POST /api/settings/apple/generate-client-secret",
        "The private key has to be one.",
    ),
    of_superusers(
        accepted,
        r"(POST|PATCH) /api/collections(/\{collection\})?|PUT /api/collections/import"
        "|PATCH /api/settings|POST /api/settings/test/email",
        "A null counts as left out, as for PocketBase.",
    ),
]
