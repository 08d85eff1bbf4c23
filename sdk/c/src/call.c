// From one function to a whole batch: messages out of columns, failures into columns.
#include <strings.h>
#include <string.h>

#include "internal.h"

static void begin(ms_answer *answer) {
    answer->outcomes.length = answer->retry_delays_ms.length = answer->starts.length = 0;
    ms_rows_truncate(&answer->reasons, 0);
    ms_outputs_truncate(answer, 0);
    ms_buffer_put_u32(&answer->starts, 0);
}

static void add_failure(ms_call *call, ms_outcome outcome, size_t index) {
    ms_answer *answer = &call->answer;
    ms_rows_push(&answer->reasons, ms_buffer_slice(&call->reason, 0));
    if (outcome != MS_RETRY || !call->retry_delay_ms) return;
    size_t rows = answer->retry_delays_ms.length / sizeof(uint32_t);
    ms_buffer_zeros_u32(&answer->retry_delays_ms, index - rows);
    ms_buffer_put_u32(&answer->retry_delays_ms, call->retry_delay_ms);
}

static void settle(ms_call *call, ms_outcome outcome, size_t index, size_t outputs_before) {
    ms_answer *answer = &call->answer;
    if (outcome == MS_OK && call->fault.length) {
        outcome = MS_REJECT;
        ms_set_reason(call, "%.*s", MS_ARG(ms_buffer_slice(&call->fault, 0)));
    }
    if (outcome != MS_OK) ms_outputs_truncate(answer, outputs_before);
    *(char *)ms_buffer_add(&answer->outcomes, 1) = (char)outcome;
    if (outcome == MS_OK)
        ms_rows_push(&answer->reasons, MS(""));
    else
        add_failure(call, outcome, index);
    ms_buffer_put_u32(&answer->starts, (uint32_t)answer->payloads.count);
}

static void clear(ms_call *call) {
    call->reason.length = call->fault.length = 0;
    call->retry_delay_ms = 0;
    ms_arena_reset(&call->memory);
}

static const ms_header *headers_of(const ms_batch *batch, size_t i, ms_call *call, size_t *count) {
    size_t from = batch->header_starts[i], to = batch->header_starts[i + 1];
    *count = to - from;
    if (from == to) return NULL;
    ms_header *headers = ms_alloc(call, (to - from) * sizeof *headers);
    for (size_t h = from; h < to; h++) {
        headers[h - from].name = ms_column_item(&batch->names, h);
        headers[h - from].value = ms_column_item(&batch->values, h);
    }
    return headers;
}

void ms_handle(const ms_plugin *plugin, const ms_batch *batch, ms_call *call) {
    begin(&call->answer);
    for (size_t i = 0; i < batch->count; i++) {
        clear(call);
        ms_message message = {
            .id = ms_column_item(&batch->ids, i),
            .topic = batch->topic,
            .key = ms_column_item(&batch->keys, i),
            .payload = ms_column_item(&batch->payloads, i),
            .published_ms = batch->published_ms[i],
            .attempt = batch->attempts[i],
        };
        message.headers = headers_of(batch, i, call, &message.header_count);
        call->message = &message;
        ms_log_at((int32_t)i);
        size_t outputs_before = call->answer.payloads.count;
        settle(call, plugin->handle(&message, call), i, outputs_before);
        call->message = NULL;
    }
    ms_log_at(-1);
    size_t rows = call->answer.retry_delays_ms.length / sizeof(uint32_t);
    if (rows) ms_buffer_zeros_u32(&call->answer.retry_delays_ms, batch->count - rows);
    ms_outputs_finish(&call->answer);
}

bool ms_configure(const ms_plugin *plugin, ms_slice config, ms_call *call) {
    clear(call);
    if (!plugin->configure) return ms_config_read(call, config, NULL, 0);
    return plugin->configure(config, call);
}

const ms_slice *ms_header_of(const ms_message *message, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < message->header_count; i++) {
        const ms_header *header = &message->headers[i];
        if (header->name.length == length && !strncasecmp(header->name.data, name, length))
            return &header->value;
    }
    return NULL;
}

// Formats apart first: the text may be made of the reason before.
static void set_reason(ms_call *call, const char *format, va_list arguments) {
    ms_slice text = ms_vformat(call, format, arguments);
    call->reason.length = 0;
    ms_put_valid(&call->reason, text, true);
}

#define SET_REASON(call, format)                \
    va_list arguments;                          \
    va_start(arguments, format);                \
    set_reason(call, format, arguments);        \
    va_end(arguments)

void ms_set_reason(ms_call *call, const char *format, ...) { SET_REASON(call, format); }

ms_outcome ms_reject(ms_call *call, const char *format, ...) {
    SET_REASON(call, format);
    return MS_REJECT;
}

ms_outcome ms_retry(ms_call *call, const char *format, ...) {
    SET_REASON(call, format);
    call->retry_delay_ms = 0;
    return MS_RETRY;
}

ms_outcome ms_retry_after(ms_call *call, uint32_t delay_ms, const char *format, ...) {
    SET_REASON(call, format);
    // 0 would leave it to the backoff; 1 is at once.
    call->retry_delay_ms = delay_ms ? delay_ms : 1;
    return MS_RETRY;
}

bool ms_refuse(ms_call *call, const char *format, ...) {
    SET_REASON(call, format);
    return false;
}

ms_slice ms_reason(const ms_call *call) { return ms_buffer_slice(&call->reason, 0); }

bool ms_check_text(ms_call *call, ms_slice bytes) {
    size_t end = ms_utf8_end(bytes);
    if (end == bytes.length) return true;
    ms_set_reason(call, "not UTF-8 at byte %zu", end);
    return false;
}
