// What the host would get for one message, for tests that run natively.
#include "../millstream_testing.h"

#include <string.h>

#include "internal.h"

// A column of the one item that `text` is.
typedef struct one {
    uint32_t offsets[2];
} one;

static ms_column column_of(one *one, ms_slice text) {
    *one = (struct one){{0, (uint32_t)text.length}};
    return (ms_column){one->offsets, text.data};
}

static ms_slice row(const ms_rows *rows, size_t i) {
    if (!rows->offsets.length) return MS("");
    ms_column column = {rows->offsets.data, rows->data.data};
    return ms_column_item(&column, i);
}

static uint32_t number(const ms_buffer *numbers, size_t i) {
    return numbers->length ? ((const uint32_t *)numbers->data)[i] : 0;
}

static ms_tested_output output(const ms_answer *answer, size_t i) {
    ms_tested_output output = {
        .payload = row(&answer->payloads, i),
        .topic = row(&answer->topics, i),
        .key = row(&answer->keys, i),
        .delay_ms = number(&answer->delays_ms, i),
    };
    for (size_t h = number(&answer->header_starts, i);
         h < number(&answer->header_starts, i + 1) && output.header_count < MS_TESTED_MAX; h++)
        output.headers[output.header_count++] =
            (ms_header){row(&answer->names, h), row(&answer->values, h)};
    return output;
}

static ms_tested tested_of(const ms_answer *answer) {
    ms_tested tested = {
        .outcome = (ms_outcome) * (const char *)answer->outcomes.data,
        .reason = row(&answer->reasons, 0),
        .retry_delay_ms = number(&answer->retry_delays_ms, 0),
    };
    for (size_t i = 0; i < answer->payloads.count && i < MS_TESTED_MAX; i++)
        tested.outputs[tested.output_count++] = output(answer, i);
    return tested;
}

const ms_tested *ms_test(const ms_plugin *plugin, ms_message message) {
    static ms_tested tested;
    static ms_call call;
    static ms_buffer starts, names_at, names, values_at, values;
    one ids, keys, payloads;
    uint32_t attempt = message.attempt ? message.attempt : 1;
    starts.length = names_at.length = names.length = values_at.length = values.length = 0;
    ms_buffer_put_u32(&starts, 0);
    ms_buffer_put_u32(&starts, (uint32_t)message.header_count);
    ms_buffer_put_u32(&names_at, 0);
    ms_buffer_put_u32(&values_at, 0);
    for (size_t i = 0; i < message.header_count; i++) {
        ms_buffer_put(&names, message.headers[i].name.data, message.headers[i].name.length);
        ms_buffer_put(&values, message.headers[i].value.data, message.headers[i].value.length);
        ms_buffer_put_u32(&names_at, (uint32_t)names.length);
        ms_buffer_put_u32(&values_at, (uint32_t)values.length);
    }
    ms_batch batch = {
        .topic = message.topic,
        .ids = column_of(&ids, message.id),
        .keys = column_of(&keys, message.key),
        .payloads = column_of(&payloads, message.payload),
        .header_starts = starts.data,
        .names = {names_at.data, names.data},
        .values = {values_at.data, values.data},
        .published_ms = &message.published_ms,
        .attempts = &attempt,
        .count = 1,
    };
    ms_handle(plugin, &batch, &call);
    tested = tested_of(&call.answer);
    return &tested;
}

const char *ms_test_configure(const ms_plugin *plugin, const char *config) {
    static ms_call call;
    if (ms_configure(plugin, ms_string(config), &call)) return NULL;
    *(char *)ms_buffer_add(&call.reason, 1) = 0;
    return call.reason.data;
}
