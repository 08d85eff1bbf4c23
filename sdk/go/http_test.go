package millstream

import (
	"errors"
	"strings"
	"testing"
)

func TestAURLIsTakenApartAsTheHostWantsIt(t *testing.T) {
	for url, want := range map[string]httpURL{
		"https://a.example:8443/b/c?d=e#f": {true, "a.example:8443", "/b/c?d=e"},
		"HTTP://a.example":                 {false, "a.example", "/"},
		"http://a.example?d":               {false, "a.example", "/?d"},
	} {
		got, err := parseURL(url)
		if err != nil {
			t.Error(url, err)
		}
		expect(t, url, got, want)
	}
}

func TestWhatIsNoURLIsAnErrorThatSaysSo(t *testing.T) {
	for _, url := range []string{"", "a.example", "ftp://a.example", "http://", "http:///b", "http://a\xff"} {
		_, err := HTTP(HTTPRequest{URL: url})
		var failed *HTTPError
		if !errors.As(err, &failed) || failed.Code != "invalid-url" {
			t.Error(url, err)
		}
	}
}

func TestABodyTellsItsLengthAndNoBodyTellsNone(t *testing.T) {
	length := func(request HTTPRequest) string { return headersToSend(&request).Get("content-length") }
	expect(t, "no body", length(HTTPRequest{}), "")
	expect(t, "an empty body", length(HTTPRequest{Body: []byte{}}), "0")
	expect(t, "a body", length(HTTPRequest{Body: []byte("hé")}), "3")
	given := Headers{{"Content-Length", "7"}}
	expect(t, "headers", len(headersToSend(&HTTPRequest{Body: []byte("x"), Headers: given})), 1)
}

func TestAHostsErrorIsToldInWords(t *testing.T) {
	for code, want := range map[int]string{
		0: "dns timeout", 6: "connection refused", 33: "http response timeout", len(httpCodes): "unknown error",
	} {
		expect(t, "reason", httpFailure(code, "").Reason, want)
	}
	expect(t, "what comes with it", httpFailure(1, "NXDOMAIN").Reason, "dns error: NXDOMAIN")
	expect(t, "internal error", httpFailure(38, "http is off here").Reason, "http is off here")
	expect(t, "no grant", httpFailure(15, "").Code, "http-request-denied")
}

func TestAHeaderThatIsNotUTF8IsLatin1(t *testing.T) {
	expect(t, "UTF-8", headerValue([]byte("é")), "é")
	expect(t, "Latin-1", headerValue([]byte{0xe9}), "é")
}

func TestAnErrorNamesTheRequestWithoutItsQuery(t *testing.T) {
	_, err := HTTP(HTTPRequest{URL: "http://a.example/b?token=secret"})
	if err == nil || !strings.HasPrefix(err.Error(), "GET http://a.example/b: ") {
		t.Error(err)
	}
}

func TestWithoutAHostThereIsNoStoreAndAKeyIsUTF8(t *testing.T) {
	var failed *KeyvalueError
	if _, err := OpenStore("default"); !errors.As(err, &failed) {
		t.Error(err)
	}
	if err := new(Store).Set("\xff", nil); err == nil || err.Error() != "a key is not UTF-8" {
		t.Error(err)
	}
}
