import sys
import unittest
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent.parent))

from millstream import Output, Reject, Retry, handler, registry  # noqa: E402
from millstream.testing import Delivery, deliver  # noqa: E402


def run(handle, *messages, config: Any = None, settings: dict[str, Any] | None = None):
    registry._made = None
    handler(handle, config=config)
    return deliver(messages, settings)


class Sdk(unittest.TestCase):
    def test_an_output_carries_payload_key_headers_topic_and_delay(self):
        sent = Output("hé", "k", [("a", "1"), ("a", "2")], "t", timedelta(microseconds=1200))
        [answer] = run(lambda message: sent, "x")
        [one] = answer.outputs
        self.assertEqual((one.payload, one.key, one.topic, one.delay_ms), ("hé".encode(), "k", "t", 2))
        self.assertEqual(one.headers, [("a", "1"), ("a", "2")])

    def test_a_message_shows_what_came(self):
        seen = []

        def handle(message):
            seen.append((message.text(), message.key, message.attempt, message.topic, message.id))
            seen.append((message.headers, message.header("NAME"), message.publish_time_ms))

        run(handle, Delivery("{}", "k", [("Name", "v"), ("name", "w")], 3))
        self.assertEqual(seen[0], ("{}", "k", 3, "test", "message-0"))
        self.assertEqual(seen[1], ([("name", "v"), ("name", "w")], "v", 0))

    def test_outputs_of_a_message_that_fails_are_dropped_its_neighbours_are_kept(self):
        def handle(message):
            yield message.forward()
            if message.text() == "bad":
                raise Reject("why\nnot")
            if message.text() == "later":
                raise Retry("soon", timedelta(0))

        answers = run(handle, "a", "bad", "later", "b")
        self.assertEqual([one.outcome for one in answers], ["ok", "reject", "retry", "ok"])
        sent = [[output.text for output in one.outputs] for one in answers]
        self.assertEqual(sent, [["a"], [], [], ["b"]])
        self.assertEqual((answers[1].reason, answers[2].retry_delay_ms), ("why not", 1))

    def test_json_that_is_none_or_of_another_shape_is_a_rejection_that_says_so(self):
        @dataclass
        class Shape:
            n: int
            s: str | None

        def reason(payload):
            return run(lambda message: void(message.json(Shape)), payload)[0].reason

        self.assertEqual(reason('{"n":1,"s":null,"more":1}'), "")
        self.assertRegex(reason("{"), "^malformed JSON: ")
        self.assertRegex(reason(b'"\xff"'), "^malformed JSON: not UTF-8")
        self.assertEqual(reason("[]"), "unexpected JSON: expected an object, found a list")
        self.assertEqual(reason('{"n":1}'), "unexpected JSON: missing field `s`")
        wrong = "unexpected JSON: n: expected a whole number, found true or false"
        self.assertEqual(reason('{"n":true,"s":""}'), wrong)

    def test_any_other_exception_is_raised_on(self):
        with self.assertRaisesRegex(TypeError, "a handler returns Output"):
            run(lambda message: [1], "x")

    def test_a_configuration_that_does_not_fit_is_refused_in_words(self):
        @dataclass
        class Settings:
            longest: int = 80

        def refused(settings):
            try:
                run(lambda settings, message: None, "x", config=Settings, settings=settings)
            except ValueError as error:
                return str(error)

        self.assertIsNone(refused({}))
        self.assertEqual(refused({"longest": "a"}), "longest: expected a whole number, found text")
        self.assertEqual(refused({"longset": 1}), "unknown setting `longset`, there is `longest`")


def void(_: Any) -> None:
    return None


if __name__ == "__main__":
    unittest.main()
