package millstream

import (
	"runtime"
	"slices"
	"strings"
	"unsafe"
)

// One request by wasi:http, within the host. Handles are the host's: each is dropped, or handed over,
// before the one it belongs to.

const (
	// The most that the host takes in one write, and what is asked for in one read.
	writeBytesMax = 4 << 10
	readBytesMax  = 64 << 10
)

func sendHTTP(request *HTTPRequest, url httpURL) (HTTPResponse, *HTTPError) {
	defer releaseSince(len(arguments))
	outgoing, failed := requestHead(request, url)
	if failed != nil {
		return HTTPResponse{}, failed
	}
	importRequestBody(outgoing, &returned)
	body := returned.u32(4)
	coming, failed := handOver(outgoing, request)
	if failed != nil {
		importDropOutgoingBody(body)
		return HTTPResponse{}, failed
	}
	defer importDropFuture(coming)
	// The host sends what is written while it is written. Where that goes wrong, the answer tells why.
	writeBody(body, request.Body)
	return awaitResponse(coming, request.BodyBytesMax)
}

// requestHead makes the request without its body.
func requestHead(request *HTTPRequest, url httpURL) (uint32, *HTTPError) {
	fields, failed := requestFields(headersToSend(request))
	if failed != nil {
		return 0, failed
	}
	outgoing := importNewRequest(fields)
	method, other := httpMethod(request.Method)
	text, authority, path := wireText(other), wireText(url.authority), wireText(url.path)
	scheme := uint32(0)
	if url.secure {
		scheme = 1
	}
	wrong := importSetMethod(outgoing, method, text.at, text.len) |
		importSetScheme(outgoing, 1, scheme, 0, 0) |
		importSetAuthority(outgoing, 1, authority.at, authority.len) |
		importSetPath(outgoing, 1, path.at, path.len)
	runtime.KeepAlive(other)
	runtime.KeepAlive(url)
	if wrong != 0 {
		importDropRequest(outgoing)
		return 0, &HTTPError{"invalid-url", "the method or the URL is malformed"}
	}
	return outgoing, nil
}

var httpMethods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

// httpMethod is the case of a method, and the name of one that is none of them.
func httpMethod(name string) (uint32, string) {
	name = strings.ToUpper(valid(name))
	if i := slices.Index(httpMethods, name); i >= 0 {
		return uint32(i), ""
	}
	return uint32(len(httpMethods)), name
}

func requestFields(headers Headers) (uint32, *HTTPError) {
	wire := make([]wireField, len(headers))
	names := make([]string, len(headers))
	for i, header := range headers {
		names[i] = valid(header.Name)
		wire[i] = wireField{wireText(names[i]), wireText(header.Value)}
	}
	list := wireSlice(wire)
	importNewFields(list.at, list.len, &returned)
	runtime.KeepAlive(wire)
	runtime.KeepAlive(names)
	runtime.KeepAlive(headers)
	if returned.u8(0) == 0 {
		return returned.u32(4), nil
	}
	why := [...]string{"malformed", "forbidden", "immutable"}[returned.u8(4)]
	return 0, &HTTPError{"invalid-header", "a header is " + why}
}

// handOver gives the request to the host, and returns what the answer will come by.
func handOver(outgoing uint32, request *HTTPRequest) (uint32, *HTTPError) {
	given, options := uint32(0), uint32(0)
	if request.Timeout > 0 {
		given, options = 1, importNewOptions()
		importSetConnectTimeout(options, 1, uint64(request.Timeout))
		importSetFirstByteTimeout(options, 1, uint64(request.Timeout))
		importSetBetweenBytesTimeout(options, 1, uint64(request.Timeout))
	}
	importHandle(outgoing, given, options, &returned)
	if returned.u8(0) != 0 {
		return 0, returned.errorCode(8)
	}
	return returned.u32(8), nil
}

func writeBody(body uint32, bytes []byte) {
	importBodyWrite(body, &returned)
	stream := returned.u32(4)
	whole := true
	for piece := range slices.Chunk(bytes, writeBytesMax) {
		at := wireSlice(piece)
		importWrite(stream, at.at, at.len, &returned)
		if whole = returned.u8(0) == 0; !whole {
			dropStreamError(4)
			break
		}
	}
	runtime.KeepAlive(bytes)
	importDropOutput(stream)
	if !whole {
		importDropOutgoingBody(body)
		return
	}
	importFinish(body, 0, 0, &returned)
}

func awaitResponse(coming uint32, bytesMax int) (HTTPResponse, *HTTPError) {
	ready := importSubscribe(coming)
	importBlock(ready)
	importDropPollable(ready)
	importGet(coming, &returned)
	// An option of a result of a result.
	if returned.u8(16) != 0 {
		return HTTPResponse{}, returned.errorCode(24)
	}
	response := returned.u32(24)
	defer importDropResponse(response)
	found := HTTPResponse{Status: int(importStatus(response)), Headers: responseHeaders(response)}
	var failed *HTTPError
	found.Body, failed = readBody(response, bytesMax)
	return found, failed
}

func responseHeaders(response uint32) Headers {
	fields := importHeaders(response)
	defer importDropFields(fields)
	importEntries(fields, &returned)
	entries := slice[wireField](wireList{returned.u32(0), returned.u32(4)})
	headers := make(Headers, len(entries))
	for i, entry := range entries {
		headers[i].Name = strings.ToLower(strings.Clone(entry.name.text()))
		headers[i].Value = headerValue(slice[byte](entry.value))
	}
	return headers
}

func readBody(response uint32, bytesMax int) ([]byte, *HTTPError) {
	importConsume(response, &returned)
	body := returned.u32(4)
	defer importDropIncomingBody(body)
	importStream(body, &returned)
	stream := returned.u32(4)
	defer importDropInput(stream)
	var bytes []byte
	for {
		importRead(stream, readBytesMax, &returned)
		if returned.u8(0) != 0 {
			return bytes, streamEnd(4)
		}
		bytes = append(bytes, slice[byte](wireList{returned.u32(4), returned.u32(8)})...)
		if len(bytes) > bytesMax {
			return nil, httpBodyTooLong(bytesMax)
		}
	}
}

// streamEnd is why a stream ended: nil where it simply did.
func streamEnd(at int) *HTTPError {
	if returned.u8(at) != 0 {
		return nil
	}
	cause := returned.u32(at + 4)
	defer importDropError(cause)
	importErrorCode(cause, &returned)
	if returned.u8(0) != 0 {
		return returned.errorCode(8)
	}
	importDebugString(cause, &returned)
	return &HTTPError{"internal-error", strings.Clone(wireList{returned.u32(0), returned.u32(4)}.text())}
}

func dropStreamError(at int) {
	if returned.u8(at) == 0 {
		importDropError(returned.u32(at + 4))
	}
}

// errorCode reads an error-code at a position: a case, and 8 bytes on what comes with it.
func (r *returnArea) errorCode(at int) *HTTPError {
	code := int(r.u8(at))
	detail := ""
	switch name := httpCodes[code]; name {
	case "dns-error", "http-response-transfer-coding", "http-response-content-coding", "internal-error":
		detail = r.optionalText(at + 8)
	case "tls-alert-received":
		// After an option<u8>.
		detail = r.optionalText(at + 12)
	}
	return httpFailure(code, strings.Clone(detail))
}

// returnArea is where the host puts results that take more than one number: as large as the largest
// of them, which is that of importGet.
type returnArea [7]uint64

var returned returnArea

func (r *returnArea) u8(at int) uint8   { return *(*uint8)(unsafe.Add(unsafe.Pointer(r), at)) }
func (r *returnArea) u32(at int) uint32 { return *(*uint32)(unsafe.Add(unsafe.Pointer(r), at)) }

func (r *returnArea) optionalText(at int) string {
	if r.u8(at) == 0 {
		return ""
	}
	return wireList{r.u32(at + 4), r.u32(at + 8)}.text()
}
