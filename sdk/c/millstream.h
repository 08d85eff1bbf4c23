// Millstream plugins in C: a plugin is a function and one object.
//
//     #include "millstream.h"
//
//     static ms_outcome shout(const ms_message *message, ms_call *call) {
//         if (message->payload.length == 0) return ms_reject(call, "nothing to shout");
//         ms_push(call, message->payload);
//         return MS_OK;
//     }
//
//     const ms_plugin millstream_plugin = {.handle = shout};
//
// Who owns what. All that a message points to lives until the handler returns, and so does what
// ms_alloc, ms_format and the JSON reader give: copy what you want to keep. All that you hand to a
// function of this header is copied before it returns. You never free anything of this header's;
// malloc and free are yours alone. Without memory the call ends as by ms_panic.
//
// Texts that go out (keys, topics, headers, JSON) must be UTF-8. One that is not rejects its
// message and says which; in reasons and log records the offending bytes are replaced.
#ifndef MILLSTREAM_H
#define MILLSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MS_PRINTF(at, first) __attribute__((format(printf, at, first)))

// Bytes that belong to somebody else. There is no zero behind them.
typedef struct ms_slice {
    const char *data;
    size_t length;
} ms_slice;

// A slice of a string literal, and of a string that ends with a zero.
#define MS(literal) ((ms_slice){"" literal, sizeof(literal) - 1})
ms_slice ms_string(const char *text);
// For printf: ms_format(call, "%.*s!", MS_ARG(slice)).
#define MS_ARG(slice) (int)(slice).length, (slice).data
bool ms_equal(ms_slice one, ms_slice other);
// The position of the first byte that is not UTF-8, or `length` when there is none.
size_t ms_utf8_end(ms_slice bytes);

typedef struct ms_header {
    ms_slice name;
    ms_slice value;
} ms_header;

// One delivery of one message. Its texts are UTF-8; its payload is what the producer sent.
typedef struct ms_message {
    // Opaque, unique within the topic, the same in every delivery of this message: the value to use
    // as an idempotency key towards other systems.
    ms_slice id;
    ms_slice topic;
    // Empty: no key.
    ms_slice key;
    ms_slice payload;
    // In the order the producer set them; names are lower case.
    const ms_header *headers;
    size_t header_count;
    // When the topic accepted the message: milliseconds since the Unix epoch.
    uint64_t published_ms;
    // Which try this is: 1 plus the failures so far.
    uint32_t attempt;
} ms_message;

// The value of the first header called `name`, without regard to ASCII case, or NULL.
const ms_slice *ms_header_of(const ms_message *message, const char *name);

// What became of a message.
typedef enum ms_outcome {
    // Handled: its outputs are published and it is done, both or neither.
    MS_OK,
    // Possibly cured by waiting: deliver it again. Its outputs are dropped.
    MS_RETRY,
    // Never cured by waiting: make a dead letter of it. Its outputs are dropped.
    MS_REJECT,
} ms_outcome;

// The message being handled, or the configuration being read: every function that may fail, or
// that gives memory, takes it.
typedef struct ms_call ms_call;

typedef struct ms_plugin {
    // Called for each message.
    ms_outcome (*handle)(const ms_message *message, ms_call *call);
    // Called once, before the first message, with the plugin's config as JSON object (see
    // ms_config_read). False, after ms_refuse, refuses it. NULL: the plugin takes no settings.
    bool (*configure)(ms_slice config, ms_call *call);
} ms_plugin;

// Defined by the plugin.
extern const ms_plugin millstream_plugin;

// --- Failures. `return ms_reject(call, "order %s is void", id);`

ms_outcome ms_reject(ms_call *call, const char *format, ...) MS_PRINTF(2, 3);
// When the subscription's backoff says.
ms_outcome ms_retry(ms_call *call, const char *format, ...) MS_PRINTF(2, 3);
// After so many milliseconds; 0 is at once.
ms_outcome ms_retry_after(ms_call *call, uint32_t delay_ms, const char *format, ...) MS_PRINTF(3, 4);
// Of a configuration; returns false.
bool ms_refuse(ms_call *call, const char *format, ...) MS_PRINTF(2, 3);
// The reason that was set last, by these or by what answered false; lives until the next one.
ms_slice ms_reason(const ms_call *call);
// Whether `bytes` are UTF-8. If not, the reason of the rejection is set: return MS_REJECT.
bool ms_check_text(ms_call *call, ms_slice bytes);

// Ends the instance. The message counts as failed once; text, file and line reach the log and the
// dead letter. A failing assert() does the same.
#define ms_panic(...) ms_panic_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void ms_panic_at(const char *file, int line, const char *format, ...) MS_PRINTF(3, 4);
#ifdef __wasm__
// What assert() calls from here on; the C library's own writes to a stderr that need not exist.
_Noreturn void ms_assert_fail(const char *condition, const char *file, int line, const char *function);
#define __assert_fail ms_assert_fail
#endif

// --- Outputs: messages to publish.

// Publishes a message with this payload.
void ms_push(ms_call *call, ms_slice payload);
// Publishes a message with this text as payload.
void ms_pushf(ms_call *call, const char *format, ...) MS_PRINTF(2, 3);
// Publishes the message being handled as it came: payload, key and headers.
void ms_forward(ms_call *call);

// What follows is about the output pushed last.
void ms_append(ms_call *call, ms_slice bytes);
void ms_key(ms_call *call, ms_slice key);
// Where it goes instead of the subscription's output; must be one of its routes.
void ms_topic(ms_call *call, ms_slice topic);
// Trace context need not be handed on: the host does that.
void ms_header_add(ms_call *call, ms_slice name, ms_slice value);
// How long it stays invisible after the settle.
void ms_delay(ms_call *call, uint32_t delay_ms);

// --- Memory that lives until the handler returns.

void *ms_alloc(ms_call *call, size_t size);
ms_slice ms_format(ms_call *call, const char *format, ...) MS_PRINTF(2, 3);

// --- Log records. The host adds plugin, subscription and message.

typedef enum ms_level { MS_TRACE, MS_DEBUG, MS_INFO, MS_WARN, MS_ERROR } ms_level;

typedef struct ms_field {
    // A short lower-case name, such as "order_id".
    const char *name;
    ms_slice value;
} ms_field;

void ms_log(ms_level level, const char *format, ...) MS_PRINTF(2, 3);
void ms_log_with(ms_level level, const ms_field *fields, size_t count, const char *format, ...)
    MS_PRINTF(4, 5);

// --- Calling servers that the pipeline grants: grants: { http: ["https://HOST"] }

typedef struct ms_http_request {
    // NULL: GET.
    const char *method;
    // Begins with http:// or https://.
    ms_slice url;
    const ms_header *headers;
    size_t header_count;
    // Not sent without data; empty but sent: MS("").
    ms_slice body;
    // How long to wait for the connection, for the first byte, and between two pieces of the body. The
    // deadline of the running call (limits.timeout) ends a request in any case, and alone at 0.
    uint32_t timeout_ms;
    // The longest body that is taken; 0: 1 MiB.
    size_t body_bytes_max;
} ms_http_request;

// Any status is an answer; redirects are not followed.
typedef struct ms_http_response {
    uint16_t status;
    // As the server wrote them.
    const ms_header *headers;
    size_t header_count;
    ms_slice body;
    // What happened where there is no answer, such as "connection-refused"; "http-request-denied" is what
    // the pipeline does not grant.
    const char *error;
} ms_http_response;

// Sends a request and waits for the answer, which lives until the handler returns. False: there is none
// and the reason is set, return MS_RETRY or say more by ms_reject.
bool ms_http(ms_call *call, const ms_http_request *request, ms_http_response *response);
// The value of the first header called `name`, without regard to ASCII case, or NULL.
const ms_slice *ms_http_header_of(const ms_http_response *response, const char *name);

// --- State that outlives the instance: grants: { keyvalue: true }
//
// False: the store did not do it and the reason is set, return MS_RETRY.

typedef struct ms_store {
    uint32_t bucket;
} ms_store;

// "default" is one that a plugin has.
bool ms_store_open(ms_call *call, const char *name, ms_store *store);
void ms_store_close(ms_store *store);
// The value lives until the handler returns.
bool ms_store_get(ms_call *call, const ms_store *store, ms_slice key, ms_slice *value, bool *found);
bool ms_store_set(ms_call *call, const ms_store *store, ms_slice key, ms_slice value);
bool ms_store_delete(ms_call *call, const ms_store *store, ms_slice key);
bool ms_store_exists(ms_call *call, const ms_store *store, ms_slice key, bool *found);

// --- Reading JSON objects: strictly, in one pass, into variables.

typedef enum ms_json_type {
    MS_JSON_TEXT,    // ms_slice, its escapes resolved
    MS_JSON_INT64,   // int64_t
    MS_JSON_UINT32,  // uint32_t
    MS_JSON_NUMBER,  // double
    MS_JSON_BOOL,    // bool
    MS_JSON_VALUE,   // ms_slice: any value but null as JSON text, to be read by itself
} ms_json_type;

typedef struct ms_json_field {
    const char *name;
    ms_json_type type;
    // The variable; left as it is where the object says nothing.
    void *to;
    // The field may be absent.
    bool optional;
    // Not NULL: the field may be null, and this tells whether it is.
    bool *is_null;
} ms_json_field;

// At most so many fields in one table, and levels of nesting in a text.
#define MS_JSON_FIELDS_MAX 64
#define MS_JSON_DEPTH_MAX 128

// Reads the object `json`; fields that the table does not name are skipped. False: the reason of the
// rejection ("malformed JSON: …" or "unexpected JSON: …") is set, return MS_REJECT.
bool ms_json_read(ms_call *call, ms_slice json, const ms_json_field *fields, size_t count);
// Reads the configuration; a setting that the table does not name refuses it. False: the reason is
// set, return false.
bool ms_config_read(ms_call *call, ms_slice config, const ms_json_field *fields, size_t count);
// Takes the next item off an array that came as MS_JSON_VALUE; false at its end, and at once when it
// is no array.
bool ms_json_next(ms_slice *array, ms_slice *item);

// --- Writing JSON: at the end of the payload of the output pushed last. `name` is NULL in an array
// and outside of everything.
//
//     ms_push(call, MS(""));
//     ms_json_open(call, NULL, '{');
//     ms_json_put_text(call, "flight", number);
//     ms_json_close(call, '}');

void ms_json_open(ms_call *call, const char *name, char bracket);
void ms_json_close(ms_call *call, char bracket);
void ms_json_put_text(ms_call *call, const char *name, ms_slice text);
void ms_json_put_int(ms_call *call, const char *name, int64_t number);
void ms_json_put_number(ms_call *call, const char *name, double number);
void ms_json_put_bool(ms_call *call, const char *name, bool truth);
void ms_json_put_null(ms_call *call, const char *name);

#ifdef __cplusplus
}
#endif
#endif
