package millstream

import "time"

// batch is what the host hands over: the columns of n messages.
type batch struct {
	topic          string
	ids, keys      column
	headerStarts   []uint32
	names, values  column
	payloads       column
	publishTimesMs []uint64
	attempts       []uint32
}

// reader gives the messages of a batch one by one.
type reader struct {
	*batch
	ids, keys texts
	headers   Headers
}

func (b *batch) reader() reader {
	return reader{b, b.ids.texts(), b.keys.texts(), b.allHeaders()}
}

// allHeaders are those of all messages, in one allocation for the batch.
func (b *batch) allHeaders() Headers {
	count := len(b.names.offsets) - 1
	if count <= 0 {
		return nil
	}
	headers := make(Headers, count)
	names, values := b.names.texts(), b.values.texts()
	for i := range headers {
		headers[i] = Header{names.at(i), values.at(i)}
	}
	return headers
}

func (r *reader) message(i int) Message {
	from, to := r.headerStarts[i], r.headerStarts[i+1]
	return Message{
		ID:          r.ids.at(i),
		Topic:       r.topic,
		Key:         r.keys.at(i),
		Headers:     r.headers[from:to:to],
		Payload:     r.payloads.bytes(i),
		PublishTime: time.UnixMilli(int64(r.publishTimesMs[i])).UTC(),
		Attempt:     int(r.attempts[i]),
	}
}

// handle runs the batch message by message and writes the answer's columns directly.
func handle(b *batch, handler Handler, a *answer) {
	defer reportPanic()
	a.reset()
	reader := b.reader()
	for i := range b.attempts {
		current = i
		betweenMessages()
		outputs, err := handler(reader.message(i))
		a.add(outputs, err)
	}
	current = -1
}

// betweenMessages is where the collector may run.
var betweenMessages = func() {}
