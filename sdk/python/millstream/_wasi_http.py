"""One request by `wasi:http`, within the host."""

import re
from typing import Any

from componentize_py_types import Err

from .failure import HttpError

try:
    from wit_world.imports import outgoing_handler, streams, types
except ImportError:
    raise ImportError(
        "`millstream.http` needs a plugin that imports `wasi:http`: let the `build` command of plugin.toml name the "
        "world `-w http-batch-consumer`"
    ) from None

# The most that the host takes in one write, and what is asked for in one read.
WRITE_BYTES_MAX = 4 << 10
READ_BYTES_MAX = 64 << 10

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")


def send(request: Any) -> tuple[int, list[tuple[str, bytes]], bytes]:
    """Status, headers and body of the answer. What is the host's is given back in any case."""
    outgoing = head(request)
    body = outgoing.body()
    with answer_to(outgoing, body, request.timeout_ns) as coming:
        # The host sends what is written while it is written.
        write(body, request.body)
        with coming.subscribe() as ready:
            ready.block()
        with arrived(coming.get()) as response:
            with response.headers() as headers:
                found = headers.entries()
            return response.status(), found, read(response, request.body_bytes_max)


def head(request: Any) -> Any:
    try:
        outgoing = types.OutgoingRequest(types.Fields.from_list(request.headers))
    except Err as error:
        why = "malformed" if isinstance(error.value, types.HeaderError_InvalidSyntax) else words(error.value)
        raise HttpError(f"a header is {why}", "invalid-header") from None
    try:
        outgoing.set_method(method(request.method))
        outgoing.set_scheme(types.Scheme_Https() if request.scheme == "https" else types.Scheme_Http())
        outgoing.set_authority(request.authority)
        outgoing.set_path_with_query(request.path)
    except Err:
        give_back(outgoing)
        raise HttpError("the method or the URL is malformed", "invalid-url") from None
    return outgoing


def method(name: str) -> Any:
    return getattr(types, f"Method_{name.capitalize()}")() if name in METHODS else types.Method_Other(name)


def answer_to(outgoing: Any, body: Any, timeout_ns: int | None) -> Any:
    """What the answer will come by."""
    try:
        return outgoing_handler.handle(outgoing, options(timeout_ns))
    except Err as error:
        give_back(body)
        raise failure(error.value) from None


def options(timeout_ns: int | None) -> Any:
    if timeout_ns is None:
        return None
    options = types.RequestOptions()
    options.set_connect_timeout(timeout_ns)
    options.set_first_byte_timeout(timeout_ns)
    options.set_between_bytes_timeout(timeout_ns)
    return options


def write(body: Any, payload: bytes) -> None:
    """Writes the body. Where that goes wrong, the answer tells why."""
    try:
        with body.write() as stream:
            for start in range(0, len(payload), WRITE_BYTES_MAX):
                stream.blocking_write_and_flush(payload[start : start + WRITE_BYTES_MAX])
    except Err as error:
        if isinstance(error.value, streams.StreamError_LastOperationFailed):
            give_back(error.value.value)
        give_back(body)
        return
    try:
        types.OutgoingBody.finish(body, None)
    except Err:
        pass


def give_back(resource: Any) -> None:
    resource.__exit__(None, None, None)


def arrived(found: Any) -> Any:
    """The response that a future holds: a result within a result."""
    response = found.value.value
    if isinstance(found.value, Err):
        raise failure(response)
    return response


def read(response: Any, bytes_max: int) -> bytes:
    pieces, length = [], 0
    with response.consume() as body, body.stream() as stream:
        while True:
            try:
                piece = stream.blocking_read(READ_BYTES_MAX)
            except Err as error:
                if isinstance(error.value, streams.StreamError_Closed):
                    return b"".join(pieces)
                raise failed_stream(error.value) from None
            pieces.append(piece)
            length += len(piece)
            if length > bytes_max:
                raise HttpError(f"the answer has more than {bytes_max} bytes", "http-response-body-size")


def failed_stream(error: Any) -> HttpError:
    if isinstance(error, streams.StreamError_Closed):
        return HttpError("the connection ended", "connection-terminated")
    with error.value as cause:
        code = types.http_error_code(cause)
        return HttpError(cause.to_debug_string(), "internal-error") if code is None else failure(code)


def failure(code: Any) -> HttpError:
    """The host's code in words."""
    name, told = words(code), detail(getattr(code, "value", None))
    if isinstance(code, types.ErrorCode_HttpRequestDenied):
        text = "the pipeline does not grant this server: `grants.http` does not list it"
    elif isinstance(code, types.ErrorCode_InternalError) and told:
        text = told
    else:
        text = f"{name}: {told}" if told else name
    return HttpError(text, name.replace(" ", "-").lower())


def detail(value: Any) -> str:
    """The text that comes with a code, if one does."""
    texts = [value] if isinstance(value, str) else vars(value).values() if hasattr(value, "__dict__") else ()
    return next((text for text in texts if isinstance(text, str)), "")


def words(case: Any) -> str:
    """The name of a variant's case as the interface has it, in words: `connection refused`."""
    return " ".join(re.findall("[A-Z][a-z]*", type(case).__name__.partition("_")[2])).lower()
