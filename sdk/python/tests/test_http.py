import sys
import unittest
from datetime import timedelta
from pathlib import Path
from unittest import mock

sys.path.append(str(Path(__file__).parent.parent))

from millstream import Retry, http, keyvalue  # noqa: E402


def sent(*arguments, answer=(200, [], b""), **options):
    """The request that the host would get, and what becomes of `answer`."""
    with mock.patch("millstream.http._send", side_effect=[answer]) as send:
        response = http.request(*arguments, **options)
    return send.call_args.args[0], response


class Http(unittest.TestCase):
    def test_a_url_is_taken_apart_as_the_host_wants_it(self):
        def parts(url):
            request, _ = sent("get", url)
            return request.method, request.scheme, request.authority, request.path

        self.assertEqual(parts("https://a.example:8443/b/c?d=e#f"), ("GET", "https", "a.example:8443", "/b/c?d=e"))
        self.assertEqual(parts("HTTP://a.example"), ("GET", "http", "a.example", "/"))
        self.assertEqual(parts("http://a.example?d"), ("GET", "http", "a.example", "/?d"))

    def test_what_is_no_url_is_an_error_that_says_so(self):
        for url in ("a.example", "ftp://a.example", "http://", "http://[::1"):
            with self.assertRaises(http.HttpError) as raised:
                sent("GET", url)
            self.assertEqual(raised.exception.code, "invalid-url", url)

    def test_a_body_tells_its_length_and_no_body_tells_none(self):
        def headers(**options):
            return sent("POST", "http://a.example", **options)[0].headers

        self.assertEqual(headers(), [])
        self.assertEqual(headers(body="h\u00e9"), [("content-length", b"3")])
        self.assertEqual(headers(body=b"", headers=[("a", "1")]), [("a", b"1"), ("content-length", b"0")])
        self.assertEqual(headers(body=b"x", headers={"Content-Length": "1"}), [("Content-Length", b"1")])

    def test_a_timeout_is_in_nanoseconds_and_never_none(self):
        def timeout(wait):
            return sent("GET", "http://a.example", timeout=wait)[0].timeout_ns

        self.assertIsNone(timeout(None))
        self.assertEqual(timeout(timedelta(milliseconds=20)), 20_000_000)
        self.assertEqual(timeout(timedelta()), 1000)

    def test_an_answer_is_read_as_text_json_and_headers(self):
        headers = [("A", b"1"), ("a", b"2"), ("b", b"\xe9")]
        _, answer = sent("GET", "http://a.example", answer=(201, headers, b'{"a":1}'))
        self.assertEqual((answer.status, answer.header("A"), answer.json()), (201, "1", {"a": 1}))
        self.assertEqual(answer.headers, [("a", "1"), ("a", "2"), ("b", "\u00e9")])

    def test_an_answer_that_is_something_else_is_an_error_to_retry(self):
        _, answer = sent("GET", "http://a.example", answer=(200, [], b"\xff"))
        for read in (answer.text, answer.json):
            self.assertRaisesRegex(http.HttpError, "not UTF-8", read)
        _, answer = sent("GET", "http://a.example", answer=(200, [], b"{"))
        self.assertRaisesRegex(Retry, "malformed JSON", answer.json)

    def test_an_error_names_the_request_without_its_query(self):
        failed = http.HttpError("connection refused", "connection-refused")
        with self.assertRaises(Retry) as raised:
            sent("GET", "http://a.example/b?token=secret", answer=failed)
        self.assertEqual(str(raised.exception), "GET http://a.example/b: connection refused")

    def test_without_a_host_nothing_is_sent_or_kept_and_the_test_learns_it(self):
        with self.assertRaisesRegex(RuntimeError, "there is no host"):
            http.request("GET", "http://a.example")
        self.assertRaisesRegex(RuntimeError, "there is no host", keyvalue.open)

    def test_a_store_takes_text_for_bytes_and_is_given_back(self):
        bucket = mock.MagicMock()
        bucket.get.return_value = None
        with keyvalue.Store(bucket) as store:
            store.set("a", "h\u00e9")
            self.assertIsNone(store.get("b"))
        bucket.set.assert_called_once_with("a", "h\u00e9".encode())
        bucket.__exit__.assert_called_once()


if __name__ == "__main__":
    unittest.main()
