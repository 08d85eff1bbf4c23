"""Finds late departures: one flight in, one notification out when it left late enough."""

from dataclasses import dataclass

from millstream import Message, Output, Reject, handler


@dataclass
class Settings:
    """The plugin's `config` in the pipeline file."""

    # A departure this late, or later, is worth a notification.
    threshold_minutes: float = 60

    def __post_init__(self) -> None:
        if self.threshold_minutes < 0:
            raise ValueError(f"threshold_minutes is {self.threshold_minutes}, must be 0 or more")


@dataclass
class Flight:
    """A scheduled departure, as far as it matters here."""

    carrier: str
    flight: int
    origin: str
    dest: str
    scheduled: str
    # Minutes, negative when it left early, null when it never left.
    dep_delay: int | None

    @property
    def number(self) -> str:
        return f"{self.carrier}{self.flight}"

    @property
    def route(self) -> str:
        return f"{self.origin}-{self.dest}"


@handler(config=Settings)
def delays(settings: Settings, message: Message) -> Output | None:
    flight = message.json(Flight)
    if flight.dep_delay is None:
        raise Reject(f"{flight.number} {flight.route} of {flight.scheduled} was cancelled")
    if flight.dep_delay < settings.threshold_minutes:
        return None
    return Output.json(notification(flight), key=flight.carrier)


def notification(flight: Flight) -> dict[str, str | int]:
    return {
        "flight": flight.number,
        "route": flight.route,
        "scheduled": flight.scheduled,
        "delay_minutes": flight.dep_delay,
    }
