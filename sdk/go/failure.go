package millstream

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// RejectError says that waiting never cures it: malformed, invalid, unwanted. The message becomes a
// dead letter with the error's text.
type RejectError struct {
	// Err is the cause.
	Err error
}

func (e *RejectError) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *RejectError) Unwrap() error { return e.Err }

// RetryError asks for another delivery: a dependency is down, a lock is held. It counts toward the
// subscription's max_attempts.
type RetryError struct {
	// Err is the cause; shown in logs and, if attempts run out, in the dead letter.
	Err error
	// After is the earliest next delivery from now, at most 49 days; 0 leaves it to the
	// subscription's backoff, AtOnce does not wait.
	After time.Duration
}

// AtOnce is the shortest wait that is one: a RetryError with it does not wait for the backoff.
const AtOnce = time.Nanosecond

func (e *RetryError) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *RetryError) Unwrap() error { return e.Err }

// Reject makes a dead letter of the message, with err's text as reason.
func Reject(err error) error { return &RejectError{Err: err} }

// Rejectf makes a dead letter of the message. It formats as fmt.Errorf does.
func Rejectf(format string, args ...any) error { return Reject(fmt.Errorf(format, args...)) }

// Retry asks for another delivery when the subscription's backoff says, as does any error that is
// not a rejection.
func Retry(err error) error { return &RetryError{Err: err} }

// Retryf asks for another delivery when the subscription's backoff says. It formats as fmt.Errorf
// does.
func Retryf(format string, args ...any) error { return Retry(fmt.Errorf(format, args...)) }

// RetryAfter asks for the next delivery after wait; zero is at once.
func RetryAfter(wait time.Duration, err error) error {
	return &RetryError{Err: err, After: max(wait, AtOnce)}
}

// verdict is an error as the contract tells it. An error that says neither is a retry: what nobody
// judged may be cured by waiting, and the attempts are counted.
func verdict(err error) (outcome, string, uint32) {
	reason := oneLine(err.Error())
	var reject *RejectError
	if errors.As(err, &reject) {
		return rejected, reason, 0
	}
	var retry *RetryError
	if errors.As(err, &retry) {
		return retried, reason, milliseconds(retry.After)
	}
	return retried, reason, 0
}

var lineBreaks = strings.NewReplacer("\r", " ", "\n", " ")

// oneLine is text as the contract wants reasons: UTF-8, one line.
func oneLine(text string) string {
	return lineBreaks.Replace(strings.ToValidUTF8(text, "\uFFFD"))
}

// milliseconds are whole ones, rounded up, in 32 bits.
func milliseconds(d time.Duration) uint32 {
	if d <= 0 {
		return 0
	}
	const most = 1<<32 - 1
	return uint32(min((d-1)/time.Millisecond+1, most))
}
