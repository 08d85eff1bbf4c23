// Does what a message's header `do` says: the guest of tests/granted in Go.
package main

import (
	"errors"
	"strconv"
	"time"

	"millstream"
)

func init() { millstream.Handle(obey) }

func main() {}

func obey(m millstream.Message) ([]millstream.Output, error) {
	switch command := m.Headers.Get("do"); command {
	case "call":
		return call(m)
	case "ask":
		return ask(m)
	case "keep":
		return keep(m)
	case "keep else reject":
		outputs, err := keep(m)
		var failed *millstream.KeyvalueError
		if errors.As(err, &failed) {
			return nil, millstream.Rejectf("store: %s", failed.Reason)
		}
		return outputs, err
	default:
		return nil, millstream.Rejectf("unknown: %s", command)
	}
}

// call leaves an error as it is.
func call(m millstream.Message) ([]millstream.Output, error) {
	answer, err := millstream.HTTP(millstream.HTTPRequest{
		Method:  "POST",
		URL:     m.Headers.Get("url"),
		Headers: millstream.Headers{{Name: "X-Asked", Value: "yes"}},
		Body:    m.Payload,
		Timeout: 5 * time.Second,
	})
	return answered(answer), err
}

func ask(m millstream.Message) ([]millstream.Output, error) {
	answer, err := millstream.HTTP(millstream.HTTPRequest{URL: m.Headers.Get("url")})
	var failed *millstream.HTTPError
	if errors.As(err, &failed) {
		return nil, millstream.Rejectf("%s: %s", failed.Code, failed.Reason)
	}
	return answered(answer), err
}

func answered(answer millstream.HTTPResponse) []millstream.Output {
	return []millstream.Output{{Payload: answer.Body, Headers: millstream.Headers{
		{Name: "status", Value: strconv.Itoa(answer.Status)},
		{Name: "length", Value: answer.Headers.Get("Content-Length")},
	}}}
}

func keep(m millstream.Message) ([]millstream.Output, error) {
	store, err := millstream.OpenStore("default")
	if err != nil {
		return nil, err
	}
	defer store.Close()
	before, _, err := store.Get("last")
	if err != nil {
		return nil, err
	}
	if err := store.Set("last", m.Payload); err != nil {
		return nil, err
	}
	if found, err := store.Exists("gone"); err != nil || !found {
		return []millstream.Output{{Payload: before}}, err
	}
	return []millstream.Output{{Payload: before}}, store.Delete("gone")
}
