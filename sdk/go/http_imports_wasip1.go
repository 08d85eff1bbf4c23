package millstream

// What the canonical ABI makes of the functions of wasi:http and wasi:io in sdk/wit/grants.wit. A
// plugin that calls none of them imports none: the linker leaves them out.

//go:wasmimport wasi:http/outgoing-handler@0.2.1 handle
func importHandle(request, given, options uint32, result *returnArea)

//go:wasmimport wasi:http/types@0.2.1 [static]fields.from-list
func importNewFields(at, length uint32, result *returnArea)

//go:wasmimport wasi:http/types@0.2.1 [method]fields.entries
func importEntries(fields uint32, result *returnArea)

//go:wasmimport wasi:http/types@0.2.1 [resource-drop]fields
func importDropFields(fields uint32)

//go:wasmimport wasi:http/types@0.2.1 [constructor]outgoing-request
func importNewRequest(fields uint32) uint32

//go:wasmimport wasi:http/types@0.2.1 [method]outgoing-request.set-method
func importSetMethod(request, method, at, length uint32) uint32

//go:wasmimport wasi:http/types@0.2.1 [method]outgoing-request.set-scheme
func importSetScheme(request, given, scheme, at, length uint32) uint32

//go:wasmimport wasi:http/types@0.2.1 [method]outgoing-request.set-authority
func importSetAuthority(request, given, at, length uint32) uint32

//go:wasmimport wasi:http/types@0.2.1 [method]outgoing-request.set-path-with-query
func importSetPath(request, given, at, length uint32) uint32

//go:wasmimport wasi:http/types@0.2.1 [method]outgoing-request.body
func importRequestBody(request uint32, result *returnArea)

//go:wasmimport wasi:http/types@0.2.1 [resource-drop]outgoing-request
func importDropRequest(request uint32)

//go:wasmimport wasi:http/types@0.2.1 [constructor]request-options
func importNewOptions() uint32

//go:wasmimport wasi:http/types@0.2.1 [method]request-options.set-connect-timeout
func importSetConnectTimeout(options, given uint32, nanoseconds uint64) uint32

//go:wasmimport wasi:http/types@0.2.1 [method]request-options.set-first-byte-timeout
func importSetFirstByteTimeout(options, given uint32, nanoseconds uint64) uint32

//go:wasmimport wasi:http/types@0.2.1 [method]request-options.set-between-bytes-timeout
func importSetBetweenBytesTimeout(options, given uint32, nanoseconds uint64) uint32

//go:wasmimport wasi:http/types@0.2.1 [method]outgoing-body.write
func importBodyWrite(body uint32, result *returnArea)

//go:wasmimport wasi:http/types@0.2.1 [static]outgoing-body.finish
func importFinish(body, given, trailers uint32, result *returnArea)

//go:wasmimport wasi:http/types@0.2.1 [resource-drop]outgoing-body
func importDropOutgoingBody(body uint32)

//go:wasmimport wasi:http/types@0.2.1 [method]future-incoming-response.subscribe
func importSubscribe(future uint32) uint32

//go:wasmimport wasi:http/types@0.2.1 [method]future-incoming-response.get
func importGet(future uint32, result *returnArea)

//go:wasmimport wasi:http/types@0.2.1 [resource-drop]future-incoming-response
func importDropFuture(future uint32)

//go:wasmimport wasi:http/types@0.2.1 [method]incoming-response.status
func importStatus(response uint32) uint32

//go:wasmimport wasi:http/types@0.2.1 [method]incoming-response.headers
func importHeaders(response uint32) uint32

//go:wasmimport wasi:http/types@0.2.1 [method]incoming-response.consume
func importConsume(response uint32, result *returnArea)

//go:wasmimport wasi:http/types@0.2.1 [resource-drop]incoming-response
func importDropResponse(response uint32)

//go:wasmimport wasi:http/types@0.2.1 [method]incoming-body.stream
func importStream(body uint32, result *returnArea)

//go:wasmimport wasi:http/types@0.2.1 [resource-drop]incoming-body
func importDropIncomingBody(body uint32)

//go:wasmimport wasi:http/types@0.2.1 http-error-code
func importErrorCode(cause uint32, result *returnArea)

//go:wasmimport wasi:io/poll@0.2.1 [method]pollable.block
func importBlock(pollable uint32)

//go:wasmimport wasi:io/poll@0.2.1 [resource-drop]pollable
func importDropPollable(pollable uint32)

//go:wasmimport wasi:io/streams@0.2.1 [method]input-stream.blocking-read
func importRead(stream uint32, most uint64, result *returnArea)

//go:wasmimport wasi:io/streams@0.2.1 [resource-drop]input-stream
func importDropInput(stream uint32)

//go:wasmimport wasi:io/streams@0.2.1 [method]output-stream.blocking-write-and-flush
func importWrite(stream, at, length uint32, result *returnArea)

//go:wasmimport wasi:io/streams@0.2.1 [resource-drop]output-stream
func importDropOutput(stream uint32)

//go:wasmimport wasi:io/error@0.2.1 [method]error.to-debug-string
func importDebugString(cause uint32, result *returnArea)

//go:wasmimport wasi:io/error@0.2.1 [resource-drop]error
func importDropError(cause uint32)
