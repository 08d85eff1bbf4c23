// A request as the host takes it, and what may go wrong.
#ifndef MILLSTREAM_HTTP_H
#define MILLSTREAM_HTTP_H

#include "internal.h"

typedef struct ms_http_target {
    bool secure;
    ms_slice authority, path;
} ms_http_target;

// False: `url` is none that can be called.
bool ms_http_parse(ms_call *call, ms_slice url, ms_http_target *target);
// The headers of `request`, with the body's length among them.
const ms_header *ms_http_headers(ms_call *call, const ms_http_request *request, size_t *count);

// Why there is no answer: a code, and words for people, or NULL for those of the code.
typedef struct ms_http_failure {
    const char *code;
    ms_slice words;
} ms_http_failure;

// Sends it; the failure's code is NULL where there is an answer.
ms_http_failure ms_http_send(ms_call *call, const ms_http_request *request, const ms_http_target *target,
                             ms_http_response *response);

#endif
