"""What componentize-py exports to the host. Not for plugins: their build command names it."""

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports.batch_types import BatchResult, Column, HeaderColumns, Outcome, OutgoingColumns

import plugin  # noqa: F401  the author's module: it says what the handler is
from millstream import registry


class BatchHandler(exports.BatchHandler):
    def handle(self, batch):
        answer = registry.made().answer(batch)
        return BatchResult(
            [Outcome[name] for name in answer.outcomes],
            Column(*answer.reasons.build()),
            unless_zero(answer.retry_delays_ms),
            outgoing(answer),
        )


class Lifecycle(exports.Lifecycle):
    def configure(self, config_json):
        try:
            registry.made().configure(config_json)
        except ValueError as error:
            raise Err(str(error)) from None


def outgoing(answer):
    outputs = answer.outputs
    starts = outputs.header_starts if len(outputs.names) else []
    return OutgoingColumns(
        answer.starts,
        Column(*outputs.topics.build()),
        Column(*outputs.keys.build()),
        HeaderColumns(starts, Column(*outputs.names.build()), Column(*outputs.values.build())),
        Column(*outputs.payloads.build()),
        unless_zero(outputs.delays_ms),
    )


def unless_zero(delays):
    return delays if any(delays) else []
