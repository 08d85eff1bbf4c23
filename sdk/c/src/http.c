// Calling servers: what is the same wherever a request goes.
#include "http.h"

#include <string.h>
#include <strings.h>

#define BODY_BYTES_MAX ((size_t)1 << 20)

static size_t find(ms_slice text, size_t from, const char *any) {
    while (from < text.length && !strchr(any, text.data[from])) from++;
    return from;
}

static ms_slice part(ms_slice text, size_t from, size_t to) {
    return (ms_slice){text.data + from, to - from};
}

static bool begins(ms_slice text, const char *with) {
    return text.length > strlen(with) && !strncasecmp(text.data, with, strlen(with));
}

bool ms_http_parse(ms_call *call, ms_slice url, ms_http_target *target) {
    target->secure = begins(url, "https://");
    if ((!target->secure && !begins(url, "http://")) || ms_utf8_end(url) != url.length) return false;
    ms_slice rest = part(url, target->secure ? 8 : 7, find(url, 0, "#"));
    size_t end = find(rest, 0, "/?");
    target->authority = part(rest, 0, end);
    target->path = part(rest, end, rest.length);
    if (!target->path.length || target->path.data[0] != '/')
        target->path = ms_format(call, "/%.*s", MS_ARG(target->path));
    return target->authority.length > 0;
}

static bool is_named(ms_slice name, const char *wanted) {
    return name.length == strlen(wanted) && !strncasecmp(name.data, wanted, name.length);
}

static const ms_slice *value_of(const ms_header *headers, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (is_named(headers[i].name, name)) return &headers[i].value;
    return NULL;
}

const ms_slice *ms_http_header_of(const ms_http_response *response, const char *name) {
    return value_of(response->headers, response->header_count, name);
}

const ms_header *ms_http_headers(ms_call *call, const ms_http_request *request, size_t *count) {
    *count = request->header_count;
    if (!request->body.data || value_of(request->headers, *count, "content-length")) return request->headers;
    ms_header *headers = ms_alloc(call, (*count + 1) * sizeof *headers);
    if (*count) memcpy(headers, request->headers, *count * sizeof *headers);
    ms_slice length = ms_format(call, "%zu", request->body.length);
    headers[(*count)++] = (ms_header){MS("content-length"), length};
    return headers;
}

// The words of a code: "connection refused".
static ms_slice words_of(ms_call *call, const char *code) {
    ms_slice words = ms_format(call, "%s", code);
    for (char *at = (char *)words.data; *at; at++)
        if (*at == '-') *at = ' ';
    return words;
}

bool ms_http(ms_call *call, const ms_http_request *request, ms_http_response *response) {
    ms_http_request whole = *request;
    ms_http_target target;
    ms_http_failure failure = {"invalid-url", MS("a URL begins with http:// or https:// and a host")};
    if (!whole.method) whole.method = "GET";
    if (!whole.body_bytes_max) whole.body_bytes_max = BODY_BYTES_MAX;
    *response = (ms_http_response){0};
    if (ms_http_parse(call, whole.url, &target)) failure = ms_http_send(call, &whole, &target, response);
    response->error = failure.code;
    if (!failure.code) return true;
    if (!failure.words.data) failure.words = words_of(call, failure.code);
    // Without the query, which may hold a secret: people read the reason.
    ms_slice shown = part(whole.url, 0, find(whole.url, 0, "?"));
    return ms_refuse(call, "%s %.*s: %.*s", whole.method, MS_ARG(shown), MS_ARG(failure.words));
}

#ifndef __wasm__
// A plugin's own tests: nothing is sent.
ms_http_failure ms_http_send(ms_call *call, const ms_http_request *request, const ms_http_target *target,
                             ms_http_response *response) {
    (void)call, (void)request, (void)target, (void)response;
    return (ms_http_failure){"internal-error", MS("there is no host to send a request")};
}
#endif
