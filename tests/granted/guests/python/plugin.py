"""Does what a message's header `do` says: the guest of tests/granted in Python."""

from datetime import timedelta

from millstream import Message, Output, Reject, handler, http, keyvalue


@handler
def obey(message: Message) -> Output | None:
    return COMMANDS[message.header("do")](message)


def call(message: Message) -> Output:
    """Errors are nobody's here."""
    return answered(
        http.request(
            "POST",
            message.header("url"),
            headers={"X-Asked": "yes"},
            body=message.payload,
            timeout=timedelta(seconds=5),
        )
    )


def ask(message: Message) -> Output:
    try:
        return answered(http.request("GET", message.header("url")))
    except http.HttpError as error:
        raise Reject(f"{error.code}: {error}") from None


def answered(answer: http.Response) -> Output:
    headers = [("status", str(answer.status)), ("length", answer.header("Content-Length"))]
    return Output(answer.body, headers=headers)


def keep(message: Message) -> Output:
    with keyvalue.open() as store:
        before = store.get("last")
        store.set("last", message.payload)
        if store.exists("gone"):
            store.delete("gone")
    return Output(before or "")


def keep_else_reject(message: Message) -> Output:
    try:
        return keep(message)
    except keyvalue.KeyvalueError as error:
        raise Reject(f"store: {error}") from None


COMMANDS = {"call": call, "ask": ask, "keep": keep, "keep else reject": keep_else_reject}
