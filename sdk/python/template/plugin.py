"""Says what it is told, louder."""

from dataclasses import dataclass

from millstream import Message, Output, Reject, handler, log


@dataclass
class Settings:
    """The plugin's `config` in the pipeline file."""

    suffix: str = ""  # what every text ends with

    def __post_init__(self) -> None:
        if len(self.suffix) > 10:
            raise ValueError(f"suffix has {len(self.suffix)} characters, at most 10 are allowed")


@handler(config=Settings)
def shout(settings: Settings, message: Message) -> Output:
    text = message.text()  # not UTF-8: a dead letter that says so
    if not text:
        raise Reject("nothing to shout")  # a dead letter with this reason
    log.debug("shouting", characters=len(text))
    # Published, and the message done: both or neither.
    return Output(text.upper() + settings.suffix, key=message.key)
