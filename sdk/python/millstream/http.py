"""Calling servers that the pipeline grants: `grants: { http: ["https://HOST"] }`.

    answer = http.request("GET", "https://rates.example.com/USD", timeout=timedelta(seconds=2))

The plugin is built for the world `http-batch-consumer`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from .failure import HttpError

try:
    import wit_world  # noqa: F401
except ImportError:
    # A plugin's own tests: there is no host.
    _send = None
else:
    from ._wasi_http import send as _send

__all__ = ["HttpError", "Response", "request"]

# Bytes of an answer's body, where the request does not say.
BODY_BYTES_MAX = 1 << 20


@dataclass(slots=True)
class Response:
    """What a server answered. Any status is an answer; redirects are not followed."""

    status: int
    # In their order; names are lower case and may repeat.
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of the first header called `name`, without regard to case."""
        return next((value for found, value in self.headers if found == name.lower()), None)

    def text(self) -> str:
        """The body as text; HttpError where it is not UTF-8."""
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            raise HttpError("the answer is not UTF-8 text", "malformed-answer") from None

    def json(self) -> Any:
        """The body as JSON; HttpError where it is none."""
        try:
            return json.loads(self.text())
        except ValueError as error:
            raise HttpError(f"the answer is malformed JSON: {error}", "malformed-answer") from None


@dataclass(slots=True)
class Request:
    """A request as the host takes it."""

    method: str
    scheme: str
    authority: str
    path: str
    headers: list[tuple[str, bytes]]
    body: bytes
    timeout_ns: int | None
    body_bytes_max: int


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    body: bytes | str | None = None,
    timeout: timedelta | None = None,
    body_bytes_max: int = BODY_BYTES_MAX,
) -> Response:
    """Sends a request and waits for the answer, whose body has at most `body_bytes_max` bytes.

    `timeout` is how long to wait for the connection, for the first byte, and between two pieces of the
    body. The deadline of the running call (`limits.timeout`) ends a request in any case.

    Raises HttpError where there is no answer.
    """
    if _send is None:
        raise RuntimeError("there is no host that could send it: a test replaces `millstream.http.request`")
    try:
        wait = None if timeout is None else max(timeout // timedelta(microseconds=1), 1) * 1000
        sent = Request(method.upper(), *parts(url), *content(headers, body), wait, body_bytes_max)
        status, found, payload = _send(sent)
    except HttpError as error:
        # Without the query, which may hold a secret: people read the reason.
        raise HttpError(f"{method} {url.partition('?')[0]}: {error}", error.code) from None
    return Response(status, [(name.lower(), header_text(value)) for name, value in found], payload)


def header_text(value: bytes) -> str:
    """A header's value, which is UTF-8 by now, and Latin-1 where it is not."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def parts(url: str) -> tuple[str, str, str]:
    """Scheme, authority, and the path with its query."""
    try:
        split = urlsplit(url)
    except ValueError as error:
        raise HttpError(str(error), "invalid-url") from None
    if split.scheme not in ("http", "https") or not split.netloc:
        raise HttpError("a URL begins with http:// or https:// and a host", "invalid-url")
    query = f"?{split.query}" if split.query else ""
    return split.scheme, split.netloc, (split.path or "/") + query


def content(
    headers: Mapping[str, str] | Iterable[tuple[str, str]], body: bytes | str | None
) -> tuple[list[tuple[str, bytes]], bytes]:
    """Headers and body as bytes, with the body's length among the headers."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    sent = [(name, value.encode()) for name, value in pairs]
    payload = body.encode() if isinstance(body, str) else body or b""
    if body is not None and all(name.lower() != "content-length" for name, _ in sent):
        sent.append(("content-length", b"%d" % len(payload)))
    return sent, payload
