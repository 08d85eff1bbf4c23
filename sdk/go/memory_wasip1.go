package millstream

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"unsafe"
)

// A component must not call an import while the host allocates arguments in it, and Go's collector
// reads the clock, which is an import. So the runtime never starts a collection by itself: it is
// started here, between two messages, by what the heap really holds.

func init() {
	debug.SetGCPercent(-1)
	betweenMessages = heap.betweenMessages
}

const (
	// How much may be allocated before a collection: as much again as is in use, within bounds.
	// Below the lower one collections would cost more than they free, the upper one keeps a large
	// heap from doubling through the instance's memory limit.
	growthMin, growthMax = 8 << 20, 32 << 20
	// The longest time without a look at the heap, in messages: a look costs a microsecond, and
	// large messages may follow small ones without notice.
	stepMax = 8
)

var heap = collector{
	sample: [1]metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}},
	limit:  growthMin,
	step:   1,
}

type collector struct {
	sample [1]metrics.Sample
	// limit is the heap at which to collect, before what it held after the last look, in bytes.
	limit, before uint64
	// step is the number of messages between two looks, left those until the next one.
	step, left uint64
}

// betweenMessages collects when the heap has reached its limit.
func (c *collector) betweenMessages() {
	if c.left > 1 {
		c.left--
		return
	}
	used := c.used()
	perMessage := (used-min(c.before, used))/c.step + 1
	if used >= c.limit {
		runtime.GC()
		used = c.used()
		c.limit = used + min(max(used, growthMin), growthMax)
	}
	// Half of what fits: messages differ.
	c.step = min(max((c.limit-used)/2/perMessage, 1), stepMax)
	c.before, c.left = used, c.step
}

func (c *collector) used() uint64 {
	metrics.Read(c.sample[:])
	return c.sample[0].Value.Uint64()
}

// arguments keeps what the host wrote for this call until it is read.
var arguments [][]uint64

func releaseArguments() {
	clear(arguments)
	arguments = arguments[:0]
}

// releaseSince gives up what the host wrote since there were so many: the results of calls to it.
func releaseSince(before int) {
	clear(arguments[before:])
	arguments = arguments[:before]
}

// exportRealloc gives the host room for a call's arguments, and for results of calls to the host. Each is a fresh object of the heap, so
// what a handler keeps of a message stays as it is.
//
//go:wasmexport cabi_realloc
func exportRealloc(before, sizeBefore, align, size uint32) uint32 {
	if sizeBefore != 0 {
		panic("millstream: the host makes an argument longer")
	}
	if size == 0 {
		return align
	}
	room := make([]uint64, (size+7)/8)
	arguments = append(arguments, room)
	return address(unsafe.SliceData(room))
}

// What the adapter between WASI's two generations needs: a page for its state and one for its
// stack; one more in reserve.
var adapterMemory [3 << 16]byte

var adapterUsed uint32

// exportAdapterRealloc gives that adapter its memory, for good. It is called before Go's runtime
// has started, so it must not allocate; and memory that the adapter would get from the machine, the
// runtime would take for its own.
//
//go:wasmexport cabi_realloc_adapter
//go:nosplit
func exportAdapterRealloc(before, sizeBefore, align, size uint32) uint32 {
	base := address(&adapterMemory[0])
	at := (base+adapterUsed+align-1)/align*align - base
	if sizeBefore != 0 || at+size > uint32(len(adapterMemory)) {
		throwNoMemory()
	}
	adapterUsed = at + size
	return base + at
}

// throwNoMemory traps: nothing else works that early.
func throwNoMemory() { *(*byte)(unsafe.Add(unsafe.Pointer(nil), -1)) = 0 }
