package millstream

import (
	"iter"
	"strings"
	"time"
	"unicode/utf8"
)

// Message is one delivery of one message. Its texts and its payload stay as they are for as long
// as somebody holds them: the host's bytes are never written over.
type Message struct {
	// ID is opaque, unique within the topic, the same in every delivery of this message: the value
	// to use as an idempotency key towards other systems.
	ID string
	// Topic is where the message was taken from.
	Topic string
	// Key is empty when the message has none.
	Key string
	// Headers stand in the order the producer set them; names are lower case.
	Headers Headers
	// Payload is the body, uninterpreted. May be empty.
	Payload []byte
	// PublishTime is when the topic accepted the message, to the millisecond.
	PublishTime time.Time
	// Attempt is which try this is: 1 plus the failures so far.
	Attempt int
}

// Text is the body as text. The error is a rejection that names the first byte that is not UTF-8.
func (m Message) Text() (string, error) {
	if at := invalidUTF8(m.Payload); at >= 0 {
		return "", Rejectf("not UTF-8 at byte %d", at)
	}
	return string(m.Payload), nil
}

// Forward is the message as it came, to be published: payload, key and headers.
func (m Message) Forward() Output {
	return Output{Payload: m.Payload, Key: m.Key, Headers: m.Headers}
}

// Header is metadata that travels beside the payload. Names are compared without regard to case.
type Header struct {
	Name, Value string
}

// Headers are in order; a name may occur more than once.
type Headers []Header

// Get is the value of the first header called name, without regard to case; empty when there is none.
func (h Headers) Get(name string) string {
	for value := range h.All(name) {
		return value
	}
	return ""
}

// All are the values of all headers called name, in order.
func (h Headers) All(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, header := range h {
			if strings.EqualFold(header.Name, name) && !yield(header.Value) {
				return
			}
		}
	}
}

// Output is a message to publish. It becomes visible only when the message being handled is
// settled as handled.
type Output struct {
	// Payload is the body; it may be the payload of the message being handled.
	Payload []byte
	// Key of the new message; empty means none (it is not inherited).
	Key string
	// Topic is where it goes instead of the subscription's output; must be one of its routes.
	Topic string
	// Headers to add. Trace context need not be handed on: the host does that.
	Headers Headers
	// Delay is how long it stays invisible after the settle, to the millisecond, at most 49 days.
	Delay time.Duration
}

// invalidUTF8 is the position of the first byte that is not UTF-8, or -1.
func invalidUTF8(text []byte) int {
	if utf8.Valid(text) {
		return -1
	}
	at := 0
	for {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size <= 1 {
			return at
		}
		at += size
	}
}
