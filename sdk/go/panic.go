package millstream

import (
	"fmt"
	"runtime"
	"strings"
)

// Frames of a stack to look at for the place of a panic; deeper ones are not needed to name it.
const framesMax = 64

// writeError hands an error record to the host; natively a panic is the test's affair.
var writeError = func(string) {}

// reportPanic writes a panic's text and place to the log as an error record, which is what the
// host puts into the dead letter, and lets the panic go on. To be deferred.
func reportPanic() {
	value := recover()
	if value == nil {
		return
	}
	writeError(valid(fmt.Sprintf("panicked at %s: %v", panicPlace(), value)))
	current = -1
	panic(value)
}

// panicPlace is the file and line that panicked, for a deferred function to ask.
func panicPlace() string {
	var counters [framesMax]uintptr
	frames := runtime.CallersFrames(counters[:runtime.Callers(2, counters[:])])
	panicking := false
	for {
		frame, more := frames.Next()
		inRuntime := strings.HasPrefix(frame.Function, "runtime.")
		if panicking && !inRuntime {
			return fmt.Sprintf("%s:%d", frame.File, frame.Line)
		}
		// The first frames are the deferred functions; the panic itself is the runtime's next.
		panicking = panicking || frame.Function == "runtime.gopanic"
		if !more {
			return "an unknown place"
		}
	}
}
