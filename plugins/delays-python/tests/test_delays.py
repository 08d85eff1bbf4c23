import json
import sys
import unittest
from pathlib import Path

folder = Path(__file__).parent.parent
sys.path += [str(folder), str(folder / "../../sdk/python")]

import plugin  # noqa: E402, F401
from millstream.testing import deliver  # noqa: E402

FLIGHT = {"carrier": "UA", "flight": 1545, "origin": "EWR", "dest": "IAH", "scheduled": "2013-01-01T10:00:00Z"}


def answer(dep_delay, config=None):
    [answer] = deliver([json.dumps(FLIGHT | {"dep_delay": dep_delay})], config)
    return answer


class Delays(unittest.TestCase):
    def test_a_late_flight_is_told_under_its_carriers_key(self):
        [sent] = answer(60).outputs
        self.assertEqual(sent.key, "UA")
        self.assertEqual(
            sent.json(),
            {"flight": "UA1545", "route": "EWR-IAH", "scheduled": "2013-01-01T10:00:00Z", "delay_minutes": 60},
        )

    def test_a_flight_in_time_is_not(self):
        self.assertEqual(answer(59).outputs, [])
        self.assertEqual(len(answer(59, {"threshold_minutes": 59}).outputs), 1)

    def test_a_cancelled_flight_is_refused_with_its_story(self):
        refused = answer(None)
        self.assertEqual(
            (refused.outcome, refused.reason),
            ("reject", "UA1545 EWR-IAH of 2013-01-01T10:00:00Z was cancelled"),
        )
