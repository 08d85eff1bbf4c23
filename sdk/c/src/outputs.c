// What a handler publishes, written straight into the columns that go to the host.
#include "internal.h"

void ms_put_fault(ms_call *call, const char *format, ...) {
    // The first one counts.
    if (call->fault.length) return;
    va_list arguments;
    va_start(arguments, format);
    ms_buffer_vprintf(&call->fault, format, arguments);
    va_end(arguments);
}

bool ms_goes_out(ms_call *call, const char *what, ms_slice text) {
    size_t end = ms_utf8_end(text);
    if (end < text.length) ms_put_fault(call, "an output's %s is not UTF-8 at byte %zu", what, end);
    return end == text.length;
}

void ms_push(ms_call *call, ms_slice payload) {
    ms_answer *answer = &call->answer;
    if (!call->message) ms_panic("ms_push outside of a handler");
    ms_rows_push(&answer->payloads, payload);
    ms_rows_push(&answer->topics, MS(""));
    ms_rows_push(&answer->keys, MS(""));
    if (answer->header_starts.length)
        ms_buffer_put_u32(&answer->header_starts, (uint32_t)answer->names.count);
}

void ms_pushf(ms_call *call, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    ms_push(call, ms_vformat(call, format, arguments));
    va_end(arguments);
}

void ms_forward(ms_call *call) {
    if (!call->message) ms_panic("ms_forward outside of a handler");
    const ms_message *message = call->message;
    ms_push(call, message->payload);
    if (message->key.length) ms_rows_set(&call->answer.keys, message->key);
    for (size_t i = 0; i < message->header_count; i++)
        ms_header_add(call, message->headers[i].name, message->headers[i].value);
}

// The answer, of which the last output is to be changed.
static ms_answer *last(ms_call *call, const char *function) {
    size_t starts = call->answer.starts.length / sizeof(uint32_t);
    const uint32_t *start = call->answer.starts.data;
    if (!call->message || call->answer.payloads.count == start[starts - 1])
        ms_panic("%s before ms_push", function);
    return &call->answer;
}

void ms_append(ms_call *call, ms_slice bytes) {
    ms_rows_extend(&last(call, __func__)->payloads, bytes);
}

void ms_key(ms_call *call, ms_slice key) {
    ms_answer *answer = last(call, __func__);
    if (ms_goes_out(call, "key", key)) ms_rows_set(&answer->keys, key);
}

void ms_topic(ms_call *call, ms_slice topic) {
    ms_answer *answer = last(call, __func__);
    if (ms_goes_out(call, "topic", topic)) ms_rows_set(&answer->topics, topic);
}

void ms_header_add(ms_call *call, ms_slice name, ms_slice value) {
    ms_answer *answer = last(call, __func__);
    if (!ms_goes_out(call, "header name", name) || !ms_goes_out(call, "header", value)) return;
    if (!answer->header_starts.length)
        ms_buffer_zeros_u32(&answer->header_starts, answer->payloads.count + 1);
    ms_rows_push(&answer->names, name);
    ms_rows_push(&answer->values, value);
    ((uint32_t *)answer->header_starts.data)[answer->payloads.count] = (uint32_t)answer->names.count;
}

void ms_delay(ms_call *call, uint32_t delay_ms) {
    ms_answer *answer = last(call, __func__);
    size_t rows = answer->delays_ms.length / sizeof(uint32_t);
    ms_buffer_zeros_u32(&answer->delays_ms, answer->payloads.count - rows);
    ((uint32_t *)answer->delays_ms.data)[answer->payloads.count - 1] = delay_ms;
}

void ms_outputs_truncate(ms_answer *answer, size_t count) {
    ms_rows_truncate(&answer->payloads, count);
    ms_rows_truncate(&answer->topics, count);
    ms_rows_truncate(&answer->keys, count);
    size_t headers = 0;
    if (answer->header_starts.length) {
        headers = ((uint32_t *)answer->header_starts.data)[count];
        answer->header_starts.length = count ? (count + 1) * sizeof(uint32_t) : 0;
    }
    ms_rows_truncate(&answer->names, headers);
    ms_rows_truncate(&answer->values, headers);
    size_t delays = answer->delays_ms.length / sizeof(uint32_t);
    answer->delays_ms.length = (delays < count ? delays : count) * sizeof(uint32_t);
}

// Fills up the delays, which end with the last one that was set.
void ms_outputs_finish(ms_answer *answer) {
    size_t rows = answer->delays_ms.length / sizeof(uint32_t);
    if (rows) ms_buffer_zeros_u32(&answer->delays_ms, answer->payloads.count - rows);
}
