"""Makes what schemathesis generates meaningful to the server, beyond what a schema can say."""

import json
import os

import schemathesis
from schemathesis.core.parameters import ParameterLocation

# The ids of records that exist, by collection.
ids = json.loads(os.environ["FIXTURE"])
relations = {"director": ids["people"], "cast": [ids["people"]], "owner": ids["members"]}
# A filter and the like have a syntax of their own.
query = {"filter": "id != ''", "sort": ["id"], "cursor": "", "expand": ""}


@schemathesis.hook
def filter_body(context, body):
    # Such an import deletes every collection that it does not mention.
    return not (isinstance(body, dict) and body.get("deleteMissing"))


@schemathesis.hook
def filter_case(context, case):
    # The run signs in with this account: a new password, or none, would make a guest of it.
    is_own = (case.path_parameters or {}).get("id") == ids["root"]
    return not is_own or case.method == "GET"


@schemathesis.hook
def map_case(context, case):
    if is_valid(case, ParameterLocation.QUERY) and isinstance(case.query, dict):
        case.query.update({name: value for name, value in query.items() if name in case.query})
        if "page" in case.query:
            # A cursor says itself where to go on.
            case.query.pop("cursor", None)
    if is_valid(case, ParameterLocation.BODY) and isinstance(case.body, dict):
        body = case.body
        if "passwordConfirm" in body and "password" in body:
            body["passwordConfirm"] = body["password"]
        body.update({name: value for name, value in relations.items() if body.get(name)})
    return case


def is_valid(case, location):
    part = case.meta and case.meta.components.get(location)
    return part and part.mode.is_positive
