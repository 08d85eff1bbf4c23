// What the canonical ABI makes of the functions of wasi:http and wasi:io in sdk/wit/grants.wit. A plugin
// that calls none of them imports none: the linker leaves them out.
#ifndef MILLSTREAM_HTTP_IMPORTS_H
#define MILLSTREAM_HTTP_IMPORTS_H

#include "wire.h"

#define HANDLER "wasi:http/outgoing-handler@0.2.1"
#define TYPES "wasi:http/types@0.2.1"
#define POLL "wasi:io/poll@0.2.1"
#define STREAMS "wasi:io/streams@0.2.1"
#define IO_ERROR "wasi:io/error@0.2.1"

typedef uint32_t handle;

MS_IMPORT(HANDLER, "handle") void import_handle(handle request, uint32_t given, handle options, ms_area *result);

MS_IMPORT(TYPES, "[static]fields.from-list")
void import_new_fields(const ms_header *headers, uint32_t count, ms_area *result);
MS_IMPORT(TYPES, "[method]fields.entries") void import_entries(handle fields, ms_area *result);
MS_IMPORT(TYPES, "[resource-drop]fields") void import_drop_fields(handle fields);

MS_IMPORT(TYPES, "[constructor]outgoing-request") handle import_new_request(handle fields);
MS_IMPORT(TYPES, "[method]outgoing-request.set-method")
uint32_t import_set_method(handle request, uint32_t method, const char *other, uint32_t length);
MS_IMPORT(TYPES, "[method]outgoing-request.set-scheme")
uint32_t import_set_scheme(handle request, uint32_t given, uint32_t scheme, const char *other, uint32_t length);
MS_IMPORT(TYPES, "[method]outgoing-request.set-authority")
uint32_t import_set_authority(handle request, uint32_t given, const char *text, uint32_t length);
MS_IMPORT(TYPES, "[method]outgoing-request.set-path-with-query")
uint32_t import_set_path(handle request, uint32_t given, const char *text, uint32_t length);
MS_IMPORT(TYPES, "[method]outgoing-request.body") void import_body(handle request, ms_area *result);
MS_IMPORT(TYPES, "[resource-drop]outgoing-request") void import_drop_request(handle request);

MS_IMPORT(TYPES, "[constructor]request-options") handle import_new_options(void);
MS_IMPORT(TYPES, "[method]request-options.set-connect-timeout")
uint32_t import_set_connect_timeout(handle options, uint32_t given, uint64_t nanoseconds);
MS_IMPORT(TYPES, "[method]request-options.set-first-byte-timeout")
uint32_t import_set_first_byte_timeout(handle options, uint32_t given, uint64_t nanoseconds);
MS_IMPORT(TYPES, "[method]request-options.set-between-bytes-timeout")
uint32_t import_set_between_bytes_timeout(handle options, uint32_t given, uint64_t nanoseconds);

MS_IMPORT(TYPES, "[method]outgoing-body.write") void import_body_stream(handle body, ms_area *result);
MS_IMPORT(TYPES, "[static]outgoing-body.finish")
void import_finish(handle body, uint32_t given, handle trailers, ms_area *result);
MS_IMPORT(TYPES, "[resource-drop]outgoing-body") void import_drop_outgoing_body(handle body);

MS_IMPORT(TYPES, "[method]future-incoming-response.subscribe") handle import_subscribe(handle future);
MS_IMPORT(TYPES, "[method]future-incoming-response.get") void import_get_response(handle future, ms_area *result);
MS_IMPORT(TYPES, "[resource-drop]future-incoming-response") void import_drop_future(handle future);

MS_IMPORT(TYPES, "[method]incoming-response.status") uint32_t import_status(handle response);
MS_IMPORT(TYPES, "[method]incoming-response.headers") handle import_headers(handle response);
MS_IMPORT(TYPES, "[method]incoming-response.consume") void import_consume(handle response, ms_area *result);
MS_IMPORT(TYPES, "[resource-drop]incoming-response") void import_drop_response(handle response);
MS_IMPORT(TYPES, "[method]incoming-body.stream") void import_stream(handle body, ms_area *result);
MS_IMPORT(TYPES, "[resource-drop]incoming-body") void import_drop_incoming_body(handle body);
MS_IMPORT(TYPES, "http-error-code") void import_error_code(handle cause, ms_area *result);

MS_IMPORT(POLL, "[method]pollable.block") void import_block(handle pollable);
MS_IMPORT(POLL, "[resource-drop]pollable") void import_drop_pollable(handle pollable);
MS_IMPORT(STREAMS, "[method]input-stream.blocking-read")
void import_read(handle stream, uint64_t most, ms_area *result);
MS_IMPORT(STREAMS, "[resource-drop]input-stream") void import_drop_input(handle stream);
MS_IMPORT(STREAMS, "[method]output-stream.blocking-write-and-flush")
void import_write(handle stream, const char *bytes, uint32_t length, ms_area *result);
MS_IMPORT(STREAMS, "[resource-drop]output-stream") void import_drop_output(handle stream);
MS_IMPORT(IO_ERROR, "[method]error.to-debug-string") void import_debug_string(handle cause, ms_area *result);
MS_IMPORT(IO_ERROR, "[resource-drop]error") void import_drop_error(handle cause);

#endif
