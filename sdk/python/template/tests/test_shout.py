import sys
import unittest
from pathlib import Path

folder = Path(__file__).parent.parent
sys.path += [str(folder), str(folder / "sdk/python")]

import plugin  # noqa: E402, F401
from millstream.testing import Delivery, deliver  # noqa: E402


class Shout(unittest.TestCase):
    def test_it_shouts(self):
        [answer] = deliver([Delivery("hello", key="ann")], {"suffix": "!"})
        self.assertEqual([(one.text, one.key) for one in answer.outputs], [("HELLO!", "ann")])

    def test_it_refuses_silence(self):
        [answer] = deliver([""])
        self.assertEqual((answer.outcome, answer.reason), ("reject", "nothing to shout"))
