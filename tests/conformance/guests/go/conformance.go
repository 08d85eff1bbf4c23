// Does what a message's header `do` says: the guest of tests/conformance in Go.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"millstream"
)

func init() { millstream.Configure(configure) }

func main() {}

type settings struct {
	Refuse string         `json:"refuse,omitempty"`
	Text   string         `json:"text,omitempty"`
	Number float64        `json:"number,omitempty"`
	Truth  bool           `json:"truth,omitempty"`
	List   []any          `json:"list,omitempty"`
	Object map[string]any `json:"object,omitempty"`
}

func configure(config millstream.Config) (millstream.Handler, error) {
	s := settings{Text: "unset"}
	if err := config.Read(&s); err != nil {
		return nil, err
	}
	if s.Refuse != "" {
		return nil, errors.New(s.Refuse)
	}
	return s.obey, nil
}

func (s settings) obey(m millstream.Message) ([]millstream.Output, error) {
	switch command := m.Headers.Get("do"); command {
	case "nothing":
		return nil, nil
	case "echo":
		return one(millstream.Output{Payload: m.Payload, Key: m.Key, Headers: without(m.Headers, "do")})
	case "forward":
		return one(m.Forward())
	case "describe":
		return text(describe(m))
	case "id":
		return text(m.ID)
	case "time":
		return text(strconv.FormatInt(m.PublishTime.UnixMilli(), 10))
	case "emit":
		return emit(number(m, "n"))
	case "route":
		return one(millstream.Output{Payload: m.Payload, Topic: m.Headers.Get("to")})
	case "delay":
		return one(millstream.Output{Payload: m.Payload, Delay: millis(m)})
	case "key":
		return one(millstream.Output{Payload: m.Payload, Key: m.Headers.Get("key")})
	case "headers":
		return headers(number(m, "n"))
	case "log":
		slog.Log(context.Background(), level(m.Headers.Get("level")), string(m.Payload), "color", "blue")
		return nil, nil
	case "config":
		return text(s.setting(m.Headers.Get("name")))
	default:
		return fail(m, command)
	}
}

// fail is for all commands that do not end well.
func fail(m millstream.Message, command string) ([]millstream.Output, error) {
	dropped := []millstream.Output{{
		Payload: []byte("dropped"), Key: "dropped", Headers: millstream.Headers{{Name: "dropped", Value: "yes"}},
	}}
	switch command {
	case "emit then reject":
		return dropped, millstream.Rejectf("%s", why(m))
	case "emit then retry":
		return dropped, millstream.Retryf("%s", why(m))
	case "reject":
		return nil, millstream.Rejectf("%s", why(m))
	case "retry":
		if m.Headers.Get("ms") != "" {
			return nil, millstream.RetryAfter(millis(m), errors.New(why(m)))
		}
		return nil, millstream.Retryf("%s", why(m))
	case "retry before":
		if m.Attempt < number(m, "n") {
			return nil, millstream.RetryAfter(0, errors.New(why(m)))
		}
		return text(strconv.Itoa(m.Attempt))
	case "trap":
		panic(why(m))
	}
	return nil, millstream.Rejectf("unknown: %s", command)
}

// why is the header of that name, or the payload where there is none.
func why(m millstream.Message) string {
	for reason := range m.Headers.All("why") {
		return reason
	}
	return string(m.Payload)
}

func number(m millstream.Message, name string) int {
	n, _ := strconv.Atoi(m.Headers.Get(name))
	return n
}

func millis(m millstream.Message) time.Duration {
	return time.Duration(number(m, "ms")) * time.Millisecond
}

func one(output millstream.Output) ([]millstream.Output, error) {
	return []millstream.Output{output}, nil
}

func text(payload string) ([]millstream.Output, error) {
	return one(millstream.Output{Payload: []byte(payload)})
}

func without(headers millstream.Headers, name string) millstream.Headers {
	var kept millstream.Headers
	for _, header := range headers {
		if header.Name != name {
			kept = append(kept, header)
		}
	}
	return kept
}

func describe(m millstream.Message) string {
	key := "none"
	if m.Key != "" {
		key = fmt.Sprintf("%x", m.Key)
	}
	xor := byte(0)
	for _, b := range m.Payload {
		xor ^= b
	}
	return fmt.Sprintf("key=%s headers=%d topic=%s attempt=%d bytes=%d xor=%02x",
		key, len(m.Headers), m.Topic, m.Attempt, len(m.Payload), xor)
}

func emit(n int) ([]millstream.Output, error) {
	outputs := make([]millstream.Output, n)
	for i := range outputs {
		outputs[i].Payload = []byte(strconv.Itoa(i))
	}
	return outputs, nil
}

func headers(n int) ([]millstream.Output, error) {
	headers := make(millstream.Headers, n)
	for i := range headers {
		headers[i] = millstream.Header{Name: fmt.Sprintf("h-%d", i), Value: strconv.Itoa(i)}
	}
	return one(millstream.Output{Headers: headers})
}

func level(name string) slog.Level {
	if name == "trace" {
		return millstream.LevelTrace
	}
	var level slog.Level
	_ = level.UnmarshalText([]byte(name))
	return level
}

func (s settings) setting(name string) string {
	switch name {
	case "text":
		return s.Text
	case "number":
		return strconv.FormatFloat(s.Number, 'g', -1, 64)
	case "truth":
		return strconv.FormatBool(s.Truth)
	case "list":
		return asJSON(s.List)
	default:
		return asJSON(s.Object)
	}
}

func asJSON(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}
