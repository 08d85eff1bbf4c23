package millstream

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

// answerTo is what the host gets for messages with these payloads.
func answerTo(handler Handler, payloads ...string) *answer {
	var a answer
	handle(batchOf(payloads...), handler, &a)
	a.finish()
	return &a
}

func batchOf(payloads ...string) *batch {
	var ids, keys, names, values, bodies columnBuilder
	b := &batch{topic: "testing", headerStarts: []uint32{0}}
	for i, payload := range payloads {
		push(&ids, fmt.Sprintf("message-%d", i))
		push(&keys, "k")
		push(&names, "n")
		push(&values, fmt.Sprint(i))
		push(&bodies, payload)
		b.headerStarts = append(b.headerStarts, uint32(i+1))
		b.publishTimesMs, b.attempts = append(b.publishTimesMs, 1500), append(b.attempts, 2)
	}
	b.ids, b.keys, b.names, b.values, b.payloads = ids.column, keys.column, names.column, values.column, bodies.column
	return b
}

func rows(c columnBuilder) []string {
	got := make([]string, c.rows)
	for i := range got {
		if len(c.offsets) > 0 {
			got[i] = string(c.bytes(i))
		}
	}
	return got
}

func expect[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %#v, want %#v", what, got, want)
	}
}

func TestAMessageHasWhatTheColumnsHold(t *testing.T) {
	b := batchOf("a", "b")
	reader := b.reader()
	expect(t, "message", reader.message(1), Message{
		ID: "message-1", Topic: "testing", Key: "k", Headers: Headers{{"n", "1"}},
		Payload: []byte("b"), PublishTime: time.UnixMilli(1500).UTC(), Attempt: 2,
	})
}

func TestAppendingToOnePayloadLeavesTheNextAlone(t *testing.T) {
	b := batchOf("a", "b")
	reader := b.reader()
	_ = append(reader.message(0).Payload, 'x')
	expect(t, "next", string(reader.message(1).Payload), "b")
}

func TestTheFirstHeaderOfANameIsFoundWithoutRegardToCase(t *testing.T) {
	headers := Headers{{"a", "1"}, {"content-type", "x"}, {"content-type", "y"}}
	expect(t, "value", headers.Get("Content-Type"), "x")
	expect(t, "none", headers.Get("b"), "")
}

func TestOutputsBelongToTheMessageThatGaveThem(t *testing.T) {
	a := answerTo(func(m Message) ([]Output, error) {
		outputs := []Output{}
		for i := range len(m.Payload) {
			outputs = append(outputs, Output{Payload: m.Payload[i : i+1]})
		}
		return outputs, nil
	}, "ab", "", "c")
	expect(t, "starts", a.starts, []uint32{0, 2, 2, 3})
	expect(t, "payloads", rows(a.payloads), []string{"a", "b", "c"})
	expect(t, "outcomes", a.outcomes, []outcome{handled, handled, handled})
}

func TestColumnsThatNobodyUsedStayEmpty(t *testing.T) {
	a := answerTo(func(m Message) ([]Output, error) { return []Output{{Payload: m.Payload}}, nil }, "a", "b")
	for i, c := range []columnBuilder{a.reasons, a.topics, a.keys, a.names, a.values} {
		expect(t, fmt.Sprint("column ", i), len(c.offsets), 0)
	}
	expect(t, "numbers", len(a.headerStarts)+len(a.delaysMs)+len(a.retryDelaysMs), 0)
}

func TestWhatOneOutputSetsTheOthersLackToo(t *testing.T) {
	a := answerTo(func(m Message) ([]Output, error) {
		if string(m.Payload) != "b" {
			return []Output{{}}, nil
		}
		return []Output{{Key: "k", Topic: "t", Delay: 1500 * time.Microsecond, Headers: Headers{{"x", "1"}, {"x", "2"}}}}, nil
	}, "a", "b", "c")
	expect(t, "keys", rows(a.keys), []string{"", "k", ""})
	expect(t, "topics", rows(a.topics), []string{"", "t", ""})
	expect(t, "delays", a.delaysMs, []uint32{0, 2, 0})
	expect(t, "header starts", a.headerStarts, []uint32{0, 0, 2, 2})
	expect(t, "values", rows(a.values), []string{"1", "2"})
}

func TestOutputsOfAFailingMessageAreDropped(t *testing.T) {
	a := answerTo(func(m Message) ([]Output, error) {
		return []Output{{Payload: m.Payload}}, map[string]error{"b": Rejectf("no")}[string(m.Payload)]
	}, "a", "b", "c")
	expect(t, "payloads", rows(a.payloads), []string{"a", "c"})
	expect(t, "starts", a.starts, []uint32{0, 1, 1, 2})
	expect(t, "outcomes", a.outcomes, []outcome{handled, rejected, handled})
	expect(t, "reasons", rows(a.reasons), []string{"", "no", ""})
}

func TestForwardHandsOnPayloadKeyAndHeaders(t *testing.T) {
	a := answerTo(func(m Message) ([]Output, error) { return []Output{m.Forward()}, nil }, "a")
	expect(t, "payload", rows(a.payloads), []string{"a"})
	expect(t, "key", rows(a.keys), []string{"k"})
	expect(t, "name", rows(a.names), []string{"n"})
	expect(t, "topic", rows(a.topics), []string{""})
}

func TestErrorsSayWhetherToRetry(t *testing.T) {
	for _, test := range []struct {
		err     error
		outcome outcome
		reason  string
		delay   uint32
	}{
		{errors.New("what"), retried, "what", 0},
		{Retryf("db is %s", "down"), retried, "db is down", 0},
		{RetryAfter(1500*time.Millisecond, io.EOF), retried, "EOF", 1500},
		{RetryAfter(0, io.EOF), retried, "EOF", 1},
		{RetryAfter(10000*time.Hour, io.EOF), retried, "EOF", 1<<32 - 1},
		{fmt.Errorf("order 7: %w", Reject(io.EOF)), rejected, "order 7: EOF", 0},
		{Rejectf("two\nlines, \xff"), rejected, "two lines, \uFFFD", 0},
	} {
		outcome, reason, delay := verdict(test.err)
		expect(t, test.reason, []any{outcome, reason, delay}, []any{test.outcome, test.reason, test.delay})
	}
	expect(t, "cause", errors.Is(Rejectf("x: %w", io.EOF), io.EOF), true)
}

func TestARetryDelayStandsInItsMessagesRow(t *testing.T) {
	a := answerTo(func(m Message) ([]Output, error) {
		if string(m.Payload) == "b" {
			return nil, RetryAfter(time.Second, io.EOF)
		}
		return nil, nil
	}, "a", "b", "c")
	expect(t, "delays", a.retryDelaysMs, []uint32{0, 1000, 0})
}

func TestATextThatIsNotUTF8RejectsOnlyItsMessage(t *testing.T) {
	for _, output := range []Output{{Key: "\xff"}, {Topic: "\xff"}, {Headers: Headers{{"n", "\xff"}}}} {
		a := answerTo(func(m Message) ([]Output, error) {
			if string(m.Payload) == "b" {
				return []Output{{}, output}, nil
			}
			return nil, nil
		}, "a", "b", "c")
		expect(t, "outcomes", a.outcomes, []outcome{handled, rejected, handled})
		expect(t, "outputs", a.payloads.rows, 0)
		expect(t, "reason", strings.HasPrefix(rows(a.reasons)[1], "output 1: the "), true)
	}
}

func TestAnAnswersRoomIsUsedAgainWithoutWhatWasInIt(t *testing.T) {
	var a answer
	full := func(Message) ([]Output, error) {
		return []Output{{Payload: []byte("x"), Key: "k", Delay: time.Second, Headers: Headers{{"a", "b"}}}}, nil
	}
	handle(batchOf("a", "b"), full, &a)
	handle(batchOf("c"), func(Message) ([]Output, error) { return []Output{{}}, nil }, &a)
	a.finish()
	expect(t, "starts", a.starts, []uint32{0, 1})
	expect(t, "rows", []int{a.payloads.rows, len(a.keys.offsets), len(a.delaysMs), len(a.headerStarts)}, []int{1, 0, 0, 0})
}
