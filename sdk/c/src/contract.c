// The contract's binary form, written by hand against sdk/wit/plugin.wit: what the canonical ABI
// makes of the world configurable-batch-consumer. Only here for Wasm, where a pointer has 32 bits.
#ifdef __wasm__
#include <stdlib.h>
#include <string.h>

#include "internal.h"

typedef struct wire_list {
    const void *at;
    uint32_t length;
} wire_list;

typedef struct wire_column {
    wire_list offsets, data;
} wire_column;

typedef struct wire_headers {
    wire_list starts;
    wire_column names, values;
} wire_headers;

typedef struct wire_batch {
    wire_list topic;
    wire_column ids, keys;
    wire_headers headers;
    wire_column payloads;
    wire_list published_ms, attempts;
} wire_batch;

typedef struct wire_result {
    wire_list outcomes;
    wire_column reasons;
    wire_list retry_delays_ms;
    // outgoing-columns:
    wire_list starts;
    wire_column topics, keys;
    wire_headers headers;
    wire_column payloads;
    wire_list delays_ms;
} wire_result;

// result<_, string>
typedef struct wire_verdict {
    uint32_t refused;
    wire_list reason;
} wire_verdict;

_Static_assert(sizeof(wire_batch) == 112 && sizeof(wire_result) == 136, "the contract's layout");
_Static_assert(sizeof(ms_slice) == sizeof(wire_list), "a slice is a list");

// What the host reads after a call must stay until the next one.
static ms_call call;
// The arguments of the call that runs.
static ms_arena arguments;

static ms_column lift(wire_column column) {
    return (ms_column){column.offsets.at, column.data.at};
}

static wire_list numbers(const ms_buffer *buffer) {
    return (wire_list){buffer->data, buffer->length / sizeof(uint32_t)};
}

static wire_column lower(const ms_rows *rows) {
    return (wire_column){numbers(&rows->offsets), {rows->data.data, rows->data.length}};
}

__attribute__((export_name("millstream:plugin/batch-handler@0.1.0#handle")))
wire_result *export_handle(const wire_batch *wire) {
    static wire_result result;
    ms_batch batch = {
        .topic = {wire->topic.at, wire->topic.length},
        .ids = lift(wire->ids),
        .keys = lift(wire->keys),
        .payloads = lift(wire->payloads),
        .header_starts = wire->headers.starts.at,
        .names = lift(wire->headers.names),
        .values = lift(wire->headers.values),
        .published_ms = wire->published_ms.at,
        .attempts = wire->attempts.at,
        .count = wire->attempts.length,
    };
    ms_handle(&millstream_plugin, &batch, &call);
    const ms_answer *answer = &call.answer;
    result = (wire_result){
        .outcomes = {answer->outcomes.data, answer->outcomes.length},
        .reasons = lower(&answer->reasons),
        .retry_delays_ms = numbers(&answer->retry_delays_ms),
        .starts = numbers(&answer->starts),
        .topics = lower(&answer->topics),
        .keys = lower(&answer->keys),
        .headers = {numbers(&answer->header_starts), lower(&answer->names), lower(&answer->values)},
        .payloads = lower(&answer->payloads),
        .delays_ms = numbers(&answer->delays_ms),
    };
    ms_arena_reset(&arguments);
    return &result;
}

__attribute__((export_name("millstream:plugin/lifecycle@0.1.0#configure")))
wire_verdict *export_configure(const char *config, uint32_t length) {
    static wire_verdict verdict;
    bool accepted = ms_configure(&millstream_plugin, (ms_slice){config, length}, &call);
    verdict = (wire_verdict){!accepted, {call.reason.data, call.reason.length}};
    ms_arena_reset(&arguments);
    return &verdict;
}

__attribute__((import_module("millstream:plugin/logging@0.1.0"), import_name("log")))
void import_log(uint32_t level, const char *text, uint32_t length, const ms_wire_field *fields,
                uint32_t count);

void ms_log_write(ms_level level, ms_slice text, const ms_wire_field *fields, size_t count) {
    import_log(level, text.data, text.length, fields, count);
}

// Where the host's answers go while the plugin calls it; NULL: what it gives are arguments.
static ms_arena *results;

void ms_results_into(ms_arena *arena) { results = arena; }

// Gives the host room for a call's arguments, or for what it answers; arenas align to 16, more than any type needs.
__attribute__((export_name("cabi_realloc")))
void *export_realloc(void *before, size_t size_before, size_t align, size_t size) {
    if (!size) return (void *)align;
    void *room = ms_arena_alloc(results ? results : &arguments, size);
    if (size_before) memcpy(room, before, size_before < size ? size_before : size);
    return room;
}

// Gives the adapter between WASI's two generations, where one is needed, memory for good.
__attribute__((export_name("cabi_realloc_adapter")))
void *export_adapter_realloc(void *before, size_t size_before, size_t align, size_t size) {
    (void)size_before, (void)align;
    void *room = realloc(before, size);
    if (!room) __builtin_trap();
    return room;
}
#else
// A file must hold something.
typedef int ms_no_contract;
#endif
