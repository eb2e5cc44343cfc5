"""Values that contradict each other, or are none: refused, in words. The files are in wrong/."""

import json
import unittest
from pathlib import Path

import helm_python as helm
import yaml

from support import SECRETS, Rendered, chart

WRONG = sorted((Path(__file__).parent / "wrong").glob("*.yaml"))


def refusal(values):
    """What Helm says, or nothing when it takes them."""
    try:
        Rendered(values)
    except (helm.HelmValuesError, helm.HelmRenderError) as error:
        return str(error)
    return None


class Refused(unittest.TestCase):
    def test_unknown_keys_at_every_level(self):
        schema = json.loads((chart / "values.schema.json").read_text())
        defaults = yaml.safe_load((chart / "values.yaml").read_text())
        levels = 0

        def walk(path, schema, defaults):
            nonlocal levels
            self.assertEqual(set(schema["properties"]) - {"global"}, set(defaults) | ({"claims"} if path == ["resources"] else set()))
            levels += 1
            values = {"unknownKey": 1}
            for key in reversed(path):
                values = {key: values}
            with self.subTest(".".join(path)):
                self.assertIn("additional properties 'unknownKey' not allowed", refusal(values) or "taken")
            for key, inner in schema["properties"].items():
                if "properties" in inner:
                    walk([*path, key], inner, defaults[key])

        walk([], schema, defaults)
        self.assertGreater(levels, 15)

    def test_a_chart_that_has_this_one_in_it_can_share_values(self):
        self.assertIsNone(refusal({"global": {"anything": 1}}))


def add(file):
    """A test for each file, so that each is counted."""

    def test(self):
        text = file.read_text()
        expected = [line.removeprefix("# refused: ") for line in text.splitlines() if line.startswith("# refused: ")]
        self.assertTrue(expected, "the file does not say what it is refused with")
        message = refusal(yaml.safe_load(text))
        self.assertIsNotNone(message, "taken")
        for one in expected:
            self.assertIn(one, message)
        for secret in SECRETS:
            self.assertNotIn(secret, message)

    setattr(Refused, f"test_{file.stem.replace('-', '_')}", test)


assert len(WRONG) > 20
for wrong in WRONG:
    add(wrong)
