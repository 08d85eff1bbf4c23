package millstream

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// httpBodyBytesMax is the longest answer where a request does not say.
const httpBodyBytesMax = 1 << 20

// HTTPRequest is what to send to a server.
type HTTPRequest struct {
	// Method is GET where it is empty.
	Method string
	// URL begins with http:// or https://.
	URL     string
	Headers Headers
	Body    []byte
	// Timeout is how long to wait for the connection, for the first byte, and between two pieces of
	// the body. The deadline of the running call (limits.timeout) ends a request in any case, and
	// alone where Timeout is 0.
	Timeout time.Duration
	// BodyBytesMax is the longest body of an answer; 0 stands for 1 MiB.
	BodyBytesMax int
}

// HTTPResponse is what a server answered. Any status is an answer; redirects are not followed.
type HTTPResponse struct {
	Status int
	// Headers have names in lower case.
	Headers Headers
	Body    []byte
}

// HTTPError says why there is no answer. Returned by a handler it is a retry, as any error is.
type HTTPError struct {
	// Code is what happened, such as "connection-refused"; "http-request-denied" is what the
	// pipeline does not grant.
	Code string
	// Reason is for people, one line.
	Reason string
}

func (e *HTTPError) Error() string { return e.Reason }

// HTTP sends a request and waits for the answer. It calls servers that the pipeline grants:
//
//	grants: { http: ["https://HOST"] }
//
// Any error is an *HTTPError.
func HTTP(request HTTPRequest) (HTTPResponse, error) {
	if request.Method == "" {
		request.Method = "GET"
	}
	if request.BodyBytesMax == 0 {
		request.BodyBytesMax = httpBodyBytesMax
	}
	url, failed := parseURL(request.URL)
	response := HTTPResponse{}
	if failed == nil {
		response, failed = sendHTTP(&request, url)
	}
	if failed != nil {
		// Without the query, which may hold a secret: people read the reason.
		shown, _, _ := strings.Cut(request.URL, "?")
		return HTTPResponse{}, &HTTPError{failed.Code, fmt.Sprintf("%s %s: %s", request.Method, shown, failed.Reason)}
	}
	return response, nil
}

// httpURL is a URL as the host takes it.
type httpURL struct {
	secure          bool
	authority, path string
}

func parseURL(url string) (httpURL, *HTTPError) {
	url, _, _ = strings.Cut(url, "#")
	scheme, rest, _ := strings.Cut(url, "://")
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	parsed := httpURL{strings.EqualFold(scheme, "https"), rest[:end], rest[end:]}
	if !parsed.secure && !strings.EqualFold(scheme, "http") || parsed.authority == "" || !utf8.ValidString(url) {
		return parsed, &HTTPError{"invalid-url", "a URL begins with http:// or https:// and a host"}
	}
	if !strings.HasPrefix(parsed.path, "/") {
		parsed.path = "/" + parsed.path
	}
	return parsed, nil
}

// headersToSend are those of the request with the body's length among them.
func headersToSend(request *HTTPRequest) Headers {
	headers := request.Headers
	if request.Body != nil && headers.Get("content-length") == "" {
		length := Header{Name: "content-length", Value: strconv.Itoa(len(request.Body))}
		headers = append(append(Headers(nil), headers...), length)
	}
	return headers
}

// headerValue is a header's value as text: UTF-8 by now, and Latin-1 where it is not.
func headerValue(bytes []byte) string {
	if utf8.Valid(bytes) {
		return string(bytes)
	}
	runes := make([]rune, len(bytes))
	for i, one := range bytes {
		runes[i] = rune(one)
	}
	return string(runes)
}

// httpCodes are the host's error codes, in the order of wasi:http.
var httpCodes = [...]string{
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
}

// httpFailure is the host's code in words; detail is what comes with it, if anything.
func httpFailure(code int, detail string) *HTTPError {
	name := "unknown-error"
	if code < len(httpCodes) {
		name = httpCodes[code]
	}
	switch {
	case name == "http-request-denied":
		return &HTTPError{name, "the pipeline does not grant this server: `grants.http` does not list it"}
	case name == "internal-error" && detail != "":
		return &HTTPError{name, detail}
	case detail != "":
		return &HTTPError{name, strings.ReplaceAll(name, "-", " ") + ": " + detail}
	default:
		return &HTTPError{name, strings.ReplaceAll(name, "-", " ")}
	}
}

func httpBodyTooLong(bytesMax int) *HTTPError {
	return &HTTPError{"http-response-body-size", fmt.Sprintf("the answer has more than %d bytes", bytesMax)}
}
