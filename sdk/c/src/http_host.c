// One request by `wasi:http`, within the host. Handles are the host's: each is dropped, or handed over,
// before the one it belongs to.
#ifdef __wasm__
#include <strings.h>

#include "http.h"
#include "http_imports.h"

// The most that the host takes in one write, and what is asked for in one read.
#define WRITE_BYTES_MAX ((size_t)4 << 10)
#define READ_BYTES_MAX ((uint64_t)64 << 10)

// In the order of wasi:http.
static const char *const methods[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                      "CONNECT", "OPTIONS", "TRACE", "PATCH"};
static const char *const codes[] = {
    "dns-timeout", "dns-error", "destination-not-found", "destination-unavailable",
    "destination-ip-prohibited", "destination-ip-unroutable", "connection-refused",
    "connection-terminated", "connection-timeout", "connection-read-timeout",
    "connection-write-timeout", "connection-limit-reached", "tls-protocol-error",
    "tls-certificate-error", "tls-alert-received", "http-request-denied",
    "http-request-length-required", "http-request-body-size", "http-request-method-invalid",
    "http-request-uri-invalid", "http-request-uri-too-long", "http-request-header-section-size",
    "http-request-header-size", "http-request-trailer-section-size", "http-request-trailer-size",
    "http-response-incomplete", "http-response-header-section-size", "http-response-header-size",
    "http-response-body-size", "http-response-trailer-section-size", "http-response-trailer-size",
    "http-response-transfer-coding", "http-response-content-coding", "http-response-timeout",
    "http-upgrade-failed", "http-protocol-error", "loop-detected", "configuration-error",
    "internal-error",
};
enum { DENIED = 15, INTERNAL = 38 };

static const ms_http_failure answered;

// The error-code at a place: a case, and 8 bytes on what comes with it.
static ms_http_failure failure_at(const ms_area *area, size_t at) {
    uint8_t code = ms_area_u8(area, at);
    ms_http_failure failure = {codes[code], {NULL, 0}};
    if (code == DENIED) failure.words = MS("the pipeline does not grant this server: `grants.http` does not list it");
    if (code == INTERNAL && ms_area_u8(area, at + 8)) failure.words = ms_area_slice(area, at + 12);
    return failure;
}

// Why a stream ended, from its error at a place.
static ms_http_failure stream_end(const ms_area *area, size_t at) {
    ms_area result;
    if (ms_area_u8(area, at)) return answered;
    handle cause = ms_area_u32(area, at + 4);
    import_error_code(cause, &result);
    ms_http_failure failure = {"internal-error", {NULL, 0}};
    if (ms_area_u8(&result, 0)) {
        failure = failure_at(&result, 8);
    } else {
        import_debug_string(cause, &result);
        failure.words = ms_area_slice(&result, 0);
    }
    import_drop_error(cause);
    return failure;
}

static bool has_utf8_names(const ms_header *headers, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (ms_utf8_end(headers[i].name) != headers[i].name.length) return false;
    return true;
}

static ms_http_failure make_fields(ms_call *call, const ms_http_request *request, handle *fields) {
    ms_area result;
    size_t count;
    const ms_header *headers = ms_http_headers(call, request, &count);
    if (!has_utf8_names(headers, count)) return (ms_http_failure){"invalid-header", MS("a header is malformed")};
    import_new_fields(headers, count, &result);
    *fields = ms_area_u32(&result, 4);
    if (!ms_area_u8(&result, 0)) return answered;
    static const char *const why[] = {"malformed", "forbidden", "immutable"};
    return (ms_http_failure){"invalid-header", ms_format(call, "a header is %s", why[ms_area_u8(&result, 4)])};
}

static uint32_t set_method(handle request, const char *name) {
    const uint32_t count = sizeof methods / sizeof *methods;
    for (uint32_t i = 0; i < count; i++)
        if (!strcasecmp(name, methods[i])) return import_set_method(request, i, NULL, 0);
    ms_slice other = ms_string(name);
    if (ms_utf8_end(other) != other.length) return 1;
    return import_set_method(request, count, other.data, other.length);
}

static ms_http_failure make_request(ms_call *call, const ms_http_request *given, const ms_http_target *target,
                                    handle *request) {
    handle fields;
    ms_http_failure failure = make_fields(call, given, &fields);
    if (failure.code) return failure;
    *request = import_new_request(fields);
    uint32_t wrong = set_method(*request, given->method);
    wrong |= import_set_scheme(*request, 1, target->secure, NULL, 0);
    wrong |= import_set_authority(*request, 1, target->authority.data, target->authority.length);
    wrong |= import_set_path(*request, 1, target->path.data, target->path.length);
    if (!wrong) return answered;
    import_drop_request(*request);
    return (ms_http_failure){"invalid-url", MS("the method or the URL is malformed")};
}

static handle make_options(uint32_t timeout_ms) {
    uint64_t nanoseconds = (uint64_t)timeout_ms * 1000000;
    handle options = import_new_options();
    import_set_connect_timeout(options, 1, nanoseconds);
    import_set_first_byte_timeout(options, 1, nanoseconds);
    import_set_between_bytes_timeout(options, 1, nanoseconds);
    return options;
}

// Where it goes wrong, the answer tells why.
static void write_body(handle body, ms_slice bytes) {
    ms_area result;
    bool whole = true;
    import_body_stream(body, &result);
    handle stream = ms_area_u32(&result, 4);
    for (size_t at = 0; whole && at < bytes.length; at += WRITE_BYTES_MAX) {
        size_t left = bytes.length - at;
        import_write(stream, bytes.data + at, left < WRITE_BYTES_MAX ? left : WRITE_BYTES_MAX, &result);
        whole = !ms_area_u8(&result, 0);
        if (!whole && !ms_area_u8(&result, 4)) import_drop_error(ms_area_u32(&result, 8));
    }
    import_drop_output(stream);
    if (whole)
        import_finish(body, 0, 0, &result);
    else
        import_drop_outgoing_body(body);
}

// Reads a stream to its end into `bytes`; what the host gives for it is given up piece by piece.
static ms_http_failure read_stream(ms_call *call, handle stream, size_t bytes_max, ms_buffer *bytes) {
    static ms_arena piece;
    ms_area result;
    for (;;) {
        ms_results_into(&piece);
        import_read(stream, READ_BYTES_MAX, &result);
        ms_results_into(&call->memory);
        if (ms_area_u8(&result, 0)) return stream_end(&result, 4);
        ms_slice read = ms_area_slice(&result, 4);
        ms_buffer_put(bytes, read.data, read.length);
        ms_arena_reset(&piece);
        if (bytes->length > bytes_max)
            return (ms_http_failure){"http-response-body-size",
                                     ms_format(call, "the answer has more than %zu bytes", bytes_max)};
    }
}

static ms_slice kept(ms_call *call, const ms_buffer *bytes) {
    char *copy = ms_alloc(call, bytes->length + 1);
    if (bytes->length) memcpy(copy, bytes->data, bytes->length);
    return (ms_slice){copy, bytes->length};
}

static ms_http_failure read_body(ms_call *call, handle response, size_t bytes_max, ms_slice *to) {
    static ms_buffer bytes;
    ms_area result;
    bytes.length = 0;
    import_consume(response, &result);
    handle body = ms_area_u32(&result, 4);
    import_stream(body, &result);
    handle stream = ms_area_u32(&result, 4);
    ms_http_failure failure = read_stream(call, stream, bytes_max, &bytes);
    import_drop_input(stream);
    import_drop_incoming_body(body);
    if (!failure.code) *to = kept(call, &bytes);
    return failure;
}

static void read_headers(handle response, ms_http_response *to) {
    ms_area result;
    handle fields = import_headers(response);
    import_entries(fields, &result);
    // A header's form is the list's.
    ms_slice entries = ms_area_slice(&result, 0);
    to->headers = (const ms_header *)(const void *)entries.data;
    to->header_count = entries.length;
    import_drop_fields(fields);
}

static ms_http_failure await_response(ms_call *call, handle future, size_t bytes_max, ms_http_response *to) {
    ms_area result;
    handle ready = import_subscribe(future);
    import_block(ready);
    import_drop_pollable(ready);
    import_get_response(future, &result);
    // An option of a result of a result.
    if (ms_area_u8(&result, 16)) return failure_at(&result, 24);
    handle response = ms_area_u32(&result, 24);
    to->status = (uint16_t)import_status(response);
    read_headers(response, to);
    ms_http_failure failure = read_body(call, response, bytes_max, &to->body);
    import_drop_response(response);
    return failure;
}

static ms_http_failure exchange(ms_call *call, const ms_http_request *given, const ms_http_target *target,
                                ms_http_response *response) {
    ms_area result;
    handle request;
    ms_http_failure failure = make_request(call, given, target, &request);
    if (failure.code) return failure;
    import_body(request, &result);
    handle body = ms_area_u32(&result, 4);
    bool timed = given->timeout_ms > 0;
    import_handle(request, timed, timed ? make_options(given->timeout_ms) : 0, &result);
    if (ms_area_u8(&result, 0)) {
        import_drop_outgoing_body(body);
        return failure_at(&result, 8);
    }
    handle future = ms_area_u32(&result, 8);
    // The host sends what is written while it is written.
    write_body(body, given->body);
    failure = await_response(call, future, given->body_bytes_max, response);
    import_drop_future(future);
    return failure;
}

ms_http_failure ms_http_send(ms_call *call, const ms_http_request *request, const ms_http_target *target,
                             ms_http_response *response) {
    ms_results_into(&call->memory);
    ms_http_failure failure = exchange(call, request, target, response);
    ms_results_into(NULL);
    return failure;
}
#else
// A file must hold something.
typedef int ms_no_http;
#endif
