package millstream

import (
	"runtime"
	"unsafe"
)

// This file is the contract's binary form, written by hand against sdk/wit/plugin.wit: what the
// canonical ABI makes of the world configurable-batch-consumer. Pointers are 32 bits wide there and
// 64 in Go's own structs, hence the types of numbers.

// wireList is any list or string: where it is and how many items it has.
type wireList struct{ at, len uint32 }

type wireColumn struct{ offsets, data wireList }

type wireHeaders struct {
	starts        wireList
	names, values wireColumn
}

type wireBatch struct {
	topic          wireList
	ids, keys      wireColumn
	headers        wireHeaders
	payloads       wireColumn
	publishTimesMs wireList
	attempts       wireList
}

type wireOutgoing struct {
	starts       wireList
	topics, keys wireColumn
	headers      wireHeaders
	payloads     wireColumn
	delaysMs     wireList
}

type wireResult struct {
	outcomes      wireList
	reasons       wireColumn
	retryDelaysMs wireList
	outgoing      wireOutgoing
}

// wireVerdict is result<_, string>: 1 and a text when the configuration is refused.
type wireVerdict struct {
	refused uint32
	reason  wireList
}

type wireField struct{ name, value wireList }

// What the host reads after a call must stay until the next one.
var (
	handling  Handler
	answering answer
	result    wireResult
	verdicted wireVerdict
	refusal   string
)

//go:wasmexport millstream:plugin/batch-handler@0.1.0#handle
func exportHandle(arguments uint32) uint32 {
	batch := (*wireBatch)(pointer(arguments)).lift()
	handle(&batch, handling, &answering)
	answering.finish()
	result = lower(&answering)
	releaseArguments()
	return address(&result)
}

//go:wasmexport millstream:plugin/lifecycle@0.1.0#configure
func exportConfigure(at, length uint32) uint32 {
	handler, err := handlerFor(wireList{at, length}.text())
	releaseArguments()
	handling, verdicted = handler, wireVerdict{}
	if err != nil {
		refusal = oneLine(err.Error())
		verdicted = wireVerdict{1, wireText(refusal)}
	}
	return address(&verdicted)
}

//go:wasmimport millstream:plugin/logging@0.1.0 log
func importLog(level, textAt, textLength, fieldsAt, fieldsLength uint32)

// writeRecord hands a record to the host. Its texts are UTF-8.
func writeRecord(level uint8, text string, fields []field) {
	wire := make([]wireField, len(fields))
	for i, field := range fields {
		wire[i] = wireField{wireText(field.name), wireText(field.value)}
	}
	message, list := wireText(text), wireSlice(wire)
	importLog(uint32(level), message.at, message.len, list.at, list.len)
	// The host read plain numbers; the collector must not have taken what they point to.
	runtime.KeepAlive(wire)
	runtime.KeepAlive(fields)
	runtime.KeepAlive(text)
}

func (b *wireBatch) lift() batch {
	return batch{
		topic:          b.topic.text(),
		ids:            b.ids.lift(),
		keys:           b.keys.lift(),
		headerStarts:   slice[uint32](b.headers.starts),
		names:          b.headers.names.lift(),
		values:         b.headers.values.lift(),
		payloads:       b.payloads.lift(),
		publishTimesMs: slice[uint64](b.publishTimesMs),
		attempts:       slice[uint32](b.attempts),
	}
}

func (c wireColumn) lift() column {
	return column{slice[uint32](c.offsets), slice[byte](c.data)}
}

func lower(a *answer) wireResult {
	return wireResult{
		outcomes:      wireSlice(a.outcomes),
		reasons:       a.reasons.lower(),
		retryDelaysMs: wireSlice(a.retryDelaysMs),
		outgoing: wireOutgoing{
			starts:   wireSlice(a.starts),
			topics:   a.topics.lower(),
			keys:     a.keys.lower(),
			headers:  wireHeaders{wireSlice(a.headerStarts), a.names.lower(), a.values.lower()},
			payloads: a.payloads.lower(),
			delaysMs: wireSlice(a.delaysMs),
		},
	}
}

func (c *columnBuilder) lower() wireColumn {
	return wireColumn{wireSlice(c.offsets), wireSlice(c.data)}
}

func (l wireList) text() string { return shared(slice[byte](l)) }

func slice[T any](l wireList) []T {
	if l.len == 0 {
		// An empty list is somewhere or nowhere. As a pointer, a number like 1 would end the runtime
		// with "invalid pointer found on stack" as soon as that stack moves.
		return nil
	}
	return unsafe.Slice((*T)(pointer(l.at)), int(l.len))
}

func wireText(text string) wireList {
	return wireList{address(unsafe.StringData(text)), uint32(len(text))}
}

func wireSlice[T any](items []T) wireList {
	if len(items) == 0 {
		// Not where an empty slice points: that need not be aligned.
		return wireList{}
	}
	return wireList{address(unsafe.SliceData(items)), uint32(len(items))}
}

func address[T any](value *T) uint32 { return uint32(uintptr(unsafe.Pointer(value))) }

func pointer(at uint32) unsafe.Pointer {
	// By way of a pointer: a number that becomes one directly makes `go vet` suspicious.
	number := uintptr(at)
	return *(*unsafe.Pointer)(unsafe.Pointer(&number))
}
