"""Whether the documents are valid OpenAPI 3.1."""

import json
import unittest

import support
from openapi_spec_validator import OpenAPIV31SpecValidator


class Documents(unittest.TestCase):
    def test_the_documents_are_valid(self):
        for reader, document in support.server.documents.items():
            with self.subTest(reader):
                problems = OpenAPIV31SpecValidator(json.loads(document.read_text())).iter_errors()
                self.assertEqual([problem.message[:300] for problem in problems], [])
