package millstream

import "unicode/utf8"

// outcome is what became of one message, as the contract numbers it.
type outcome = uint8

const (
	handled outcome = iota
	retried
	rejected
)

// answer is the answer to a batch while it grows: the contract's batch-result, by column. Its room
// is used again for the next batch.
type answer struct {
	outcomes []outcome
	reasons  columnBuilder
	// retryDelaysMs is empty while the backoff decides everywhere.
	retryDelaysMs []uint32
	// starts says where each message's outputs begin; one more for where the last ones end.
	starts       []uint32
	topics, keys columnBuilder
	// headerStarts is empty while no output has a header.
	headerStarts  []uint32
	names, values columnBuilder
	payloads      columnBuilder
	// delaysMs is empty while no output is delayed.
	delaysMs []uint32
}

func (a *answer) reset() {
	a.outcomes, a.retryDelaysMs = a.outcomes[:0], a.retryDelaysMs[:0]
	a.starts, a.headerStarts, a.delaysMs = append(a.starts[:0], 0), a.headerStarts[:0], a.delaysMs[:0]
	for _, column := range a.columns() {
		column.reset()
	}
}

func (a *answer) columns() [6]*columnBuilder {
	return [...]*columnBuilder{&a.reasons, &a.topics, &a.keys, &a.names, &a.values, &a.payloads}
}

// add answers the next message.
func (a *answer) add(outputs []Output, err error) {
	if err == nil {
		err = checked(outputs)
	}
	if err != nil {
		a.addFailure(err)
	} else {
		a.outcomes = append(a.outcomes, handled)
		push(&a.reasons, "")
		for i := range outputs {
			a.addOutput(&outputs[i])
		}
	}
	a.starts = append(a.starts, uint32(a.payloads.rows))
}

func (a *answer) addFailure(err error) {
	outcome, reason, delay := verdict(err)
	if delay > 0 {
		a.retryDelaysMs = append(appendZeros(a.retryDelaysMs, len(a.outcomes)-len(a.retryDelaysMs)), delay)
	}
	a.outcomes = append(a.outcomes, outcome)
	push(&a.reasons, reason)
}

func (a *answer) addOutput(o *Output) {
	push(&a.payloads, o.Payload)
	push(&a.topics, o.Topic)
	push(&a.keys, o.Key)
	a.addHeaders(o.Headers)
	if delay := milliseconds(o.Delay); delay > 0 {
		a.delaysMs = append(appendZeros(a.delaysMs, a.payloads.rows-1-len(a.delaysMs)), delay)
	}
}

func (a *answer) addHeaders(headers Headers) {
	if len(a.headerStarts) == 0 {
		if len(headers) == 0 {
			return
		}
		a.headerStarts = appendZeros(a.headerStarts, a.payloads.rows)
	}
	for _, header := range headers {
		push(&a.names, header.Name)
		push(&a.values, header.Value)
	}
	a.headerStarts = append(a.headerStarts, uint32(a.names.rows))
}

// finish fills up the columns that are there at all but end early.
func (a *answer) finish() {
	if len(a.retryDelaysMs) > 0 {
		a.retryDelaysMs = appendZeros(a.retryDelaysMs, len(a.outcomes)-len(a.retryDelaysMs))
	}
	if len(a.delaysMs) > 0 {
		a.delaysMs = appendZeros(a.delaysMs, a.payloads.rows-len(a.delaysMs))
	}
}

// checked refuses outputs that the host would treat as a trap of the whole batch: its texts are UTF-8.
func checked(outputs []Output) error {
	for i := range outputs {
		o := &outputs[i]
		switch {
		case !utf8.ValidString(o.Topic):
			return Rejectf("output %d: the topic %q is not UTF-8", i, o.Topic)
		case !utf8.ValidString(o.Key):
			return Rejectf("output %d: the key %q is not UTF-8", i, o.Key)
		}
		for _, header := range o.Headers {
			if !utf8.ValidString(header.Name) || !utf8.ValidString(header.Value) {
				return Rejectf("output %d: the header %q: %q is not UTF-8", i, header.Name, header.Value)
			}
		}
	}
	return nil
}
