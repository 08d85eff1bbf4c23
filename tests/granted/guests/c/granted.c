// Does what a message's header `do` says: the guest of tests/granted in C.
#include "millstream.h"

static ms_slice header(const ms_message *message, const char *name) {
    const ms_slice *value = ms_header_of(message, name);
    return value == NULL ? MS("") : *value;
}

static ms_outcome answered(ms_call *call, const ms_http_response *answer) {
    const ms_slice *length = ms_http_header_of(answer, "Content-Length");
    ms_push(call, answer->body);
    ms_header_add(call, MS("status"), ms_format(call, "%u", answer->status));
    ms_header_add(call, MS("length"), length == NULL ? MS("") : *length);
    return MS_OK;
}

// An error stays as it is.
static ms_outcome call_server(const ms_message *message, ms_call *call) {
    const ms_header asked = {MS("X-Asked"), MS("yes")};
    const ms_http_request request = {
        .method = "POST",
        .url = header(message, "url"),
        .headers = &asked,
        .header_count = 1,
        .body = message->payload,
        .timeout_ms = 5000,
    };
    ms_http_response answer;
    return ms_http(call, &request, &answer) ? answered(call, &answer) : MS_RETRY;
}

static ms_outcome ask(const ms_message *message, ms_call *call) {
    const ms_http_request request = {.url = header(message, "url")};
    ms_http_response answer;
    if (ms_http(call, &request, &answer)) return answered(call, &answer);
    return ms_reject(call, "%s: %.*s", answer.error, MS_ARG(ms_reason(call)));
}

static bool keep(const ms_message *message, ms_call *call, const ms_store *store) {
    ms_slice before;
    bool found;
    if (!ms_store_get(call, store, MS("last"), &before, &found)) return false;
    if (!ms_store_set(call, store, MS("last"), message->payload)) return false;
    if (!ms_store_exists(call, store, MS("gone"), &found)) return false;
    ms_push(call, before);
    return !found || ms_store_delete(call, store, MS("gone"));
}

static ms_outcome keep_else(const ms_message *message, ms_call *call, ms_outcome otherwise) {
    ms_store store;
    if (!ms_store_open(call, "default", &store)) return otherwise;
    bool kept = keep(message, call, &store);
    ms_store_close(&store);
    return kept ? MS_OK : otherwise;
}

static ms_outcome obey(const ms_message *message, ms_call *call) {
    ms_slice command = header(message, "do");
    if (ms_equal(command, MS("call"))) return call_server(message, call);
    if (ms_equal(command, MS("ask"))) return ask(message, call);
    if (ms_equal(command, MS("keep"))) return keep_else(message, call, MS_RETRY);
    if (keep_else(message, call, MS_REJECT) == MS_OK) return MS_OK;
    return ms_reject(call, "store: %.*s", MS_ARG(ms_reason(call)));
}

const ms_plugin millstream_plugin = {.handle = obey};
