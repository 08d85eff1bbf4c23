// What the SDK's own files know of each other.
#ifndef MILLSTREAM_INTERNAL_H
#define MILLSTREAM_INTERNAL_H

#include <stdarg.h>

#include "../millstream.h"

// --- memory.c

// A growing array: reallocated, kept and used again.
typedef struct ms_buffer {
    void *data;
    size_t length, capacity;  // in bytes
} ms_buffer;

void *ms_buffer_add(ms_buffer *buffer, size_t size);
void ms_buffer_put(ms_buffer *buffer, const void *data, size_t size);
void ms_buffer_put_u32(ms_buffer *buffer, uint32_t number);
void ms_buffer_zeros_u32(ms_buffer *buffer, size_t count);
__attribute__((nonnull(2))) void ms_buffer_vprintf(ms_buffer *buffer, const char *format,
                                                   va_list arguments);
ms_slice ms_buffer_slice(const ms_buffer *buffer, size_t from);

// Pieces of memory that are given up together.
typedef struct ms_arena {
    struct ms_block *block;
} ms_arena;

void *ms_arena_alloc(ms_arena *arena, size_t size);
void ms_arena_reset(ms_arena *arena);
__attribute__((nonnull(2))) ms_slice ms_vformat(ms_call *call, const char *format,
                                                va_list arguments);

// --- columns.c

// What the contract calls a column: item `i` is `data[offsets[i] .. offsets[i + 1]]`.
typedef struct ms_column {
    const uint32_t *offsets;
    const char *data;
} ms_column;

ms_slice ms_column_item(const ms_column *column, size_t i);

// A column of the answer while it grows. It has no offsets while all of its rows are empty.
typedef struct ms_rows {
    ms_buffer offsets, data;
    size_t count;
} ms_rows;

void ms_rows_push(ms_rows *rows, ms_slice item);
// Replaces, or extends, the last row.
void ms_rows_set(ms_rows *rows, ms_slice item);
void ms_rows_extend(ms_rows *rows, ms_slice item);
ms_slice ms_rows_last(const ms_rows *rows);
void ms_rows_truncate(ms_rows *rows, size_t count);

// --- utf8.c

// Appends text with what is not UTF-8 replaced; `one_line` also makes spaces of line breaks.
void ms_put_valid(ms_buffer *buffer, ms_slice text, bool one_line);

// --- call.c

// What the host hands over: the columns of `count` messages.
typedef struct ms_batch {
    ms_slice topic;
    ms_column ids, keys, payloads;
    const uint32_t *header_starts;
    ms_column names, values;
    const uint64_t *published_ms;
    const uint32_t *attempts;
    size_t count;
} ms_batch;

// The answer's columns.
typedef struct ms_answer {
    ms_buffer outcomes;  // a byte each
    ms_rows reasons;
    ms_buffer retry_delays_ms;  // empty while the backoff decides everywhere
    ms_buffer starts;
    ms_rows topics, keys, payloads;
    ms_buffer header_starts;  // empty while no output has a header
    ms_rows names, values;
    ms_buffer delays_ms;  // empty while no output is delayed
} ms_answer;

struct ms_call {
    ms_answer answer;
    ms_arena memory;
    const ms_message *message;
    // Why it failed, and after how long to try again; what the handler returns decides.
    ms_buffer reason;
    uint32_t retry_delay_ms;
    // The first output that cannot go out, as a reason; empty when there is none.
    ms_buffer fault;
};

void ms_handle(const ms_plugin *plugin, const ms_batch *batch, ms_call *call);
// True when it is accepted; else the reason is in `call->reason`.
bool ms_configure(const ms_plugin *plugin, ms_slice config, ms_call *call);
void ms_set_reason(ms_call *call, const char *format, ...) MS_PRINTF(2, 3);

// --- contract.c

// What the host answers from now on lives as long as `arena`; NULL: as long as the batch.
void ms_results_into(ms_arena *arena);

// --- outputs.c

void ms_outputs_truncate(ms_answer *answer, size_t count);
void ms_outputs_finish(ms_answer *answer);
// Checks a text that is to go out; what is wrong with it makes the call fail.
bool ms_goes_out(ms_call *call, const char *what, ms_slice text);
void ms_put_fault(ms_call *call, const char *format, ...) MS_PRINTF(2, 3);

// --- log.c

// Records from now on belong to this message of the batch; -1: to none.
void ms_log_at(int32_t index);
// The host's function, or stderr.
typedef struct ms_wire_field {
    ms_slice name, value;
} ms_wire_field;
void ms_log_write(ms_level level, ms_slice text, const ms_wire_field *fields, size_t count);

#endif
