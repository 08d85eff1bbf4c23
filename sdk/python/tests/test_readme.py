"""The README's plugins do what it says."""

import re
import sys
import unittest
from pathlib import Path
from types import ModuleType
from unittest import mock

folder = Path(__file__).parent.parent
sys.path.append(str(folder))

from millstream import http, registry  # noqa: E402
from millstream.testing import deliver  # noqa: E402

BLOCKS = re.findall(r"^```python\n(.*?)^```$", (folder / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def load(number):
    """Makes the README's plugin of that number the one that `deliver` asks."""
    registry._made = None
    module = ModuleType(f"readme_{number}")
    # Dataclasses look their module up.
    sys.modules[module.__name__] = module
    exec(compile(BLOCKS[number], f"README.md, plugin {number}", "exec"), module.__dict__)


class Readme(unittest.TestCase):
    def test_there_is_nothing_that_is_not_tried(self):
        self.assertEqual(len(BLOCKS), 3)

    def test_large_orders_go_to_review_and_negative_ones_are_refused(self):
        load(0)
        large, negative, small, malformed = deliver(
            ['{"id":"a","total":2000}', '{"id":"a","total":-1}', '{"id":"a","total":1}', "{"]
        )
        [sent] = large.outputs
        self.assertEqual((sent.text, sent.key, sent.headers), ("review a", "a", [("priority", "high")]))
        self.assertEqual((negative.outcome, negative.reason), ("reject", "order a has a negative total"))
        self.assertEqual((small.outcome, small.outputs), ("ok", []))
        self.assertEqual(malformed.outcome, "reject")

    def test_short_lines_pass_and_the_configuration_is_checked(self):
        load(1)
        short, long = deliver(["abc", "abcd"], {"longest": 3})
        self.assertEqual(([sent.text for sent in short.outputs], long.outputs), (["abc"], []))
        for config, refusal in [({"longest": 0}, "longest must be at least 1"), ({"longst": 1}, "longst")]:
            with self.assertRaisesRegex(ValueError, refusal):
                deliver([], config)

    def test_an_order_is_priced_at_the_servers_rate(self):
        load(2)
        order = '{"id":"a","total":10,"currency":"USD"}'
        rate, none = http.Response(200, [], b"0.5"), http.Response(404, [], b"")
        gone = http.HttpError("GET https://rates.example.com/USD: connection refused", "connection-refused")
        with mock.patch("millstream.http.request", side_effect=[rate, none, gone]) as request:
            priced, unknown, later = deliver([order] * 3)
        self.assertEqual(request.call_args.args, ("GET", "https://rates.example.com/USD"))
        self.assertEqual(priced.outputs[0].json(), {"id": "a", "euros": 5.0})
        self.assertEqual((unknown.outcome, unknown.reason), ("reject", "there is no rate for USD"))
        self.assertEqual((later.outcome, later.reason), ("retry", str(gone)))
