package millstream

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
)

// LevelTrace is for every step; the other levels are those of log/slog. Within the host,
// slog.Default() and with it slog.Info and the like write records of the plugin; natively slog is
// left as it is.
const LevelTrace = slog.LevelDebug - 4

// The contract's severities, in its order.
const (
	levelTrace uint8 = iota
	levelDebug
	levelInfo
	levelWarn
	levelError
)

// current is the position in the batch of the message being handled; -1 while there is none.
var current = -1

type field struct{ name, value string }

// logger hands records to the host.
type logger struct {
	fields []field
	prefix string
	write  func(level uint8, text string, fields []field)
}

// Enabled lets everything through: what is too much, the host drops and counts.
func (l *logger) Enabled(context.Context, slog.Level) bool { return true }

func (l *logger) Handle(_ context.Context, record slog.Record) error {
	fields := make([]field, len(l.fields), len(l.fields)+record.NumAttrs()+1)
	copy(fields, l.fields)
	record.Attrs(func(attr slog.Attr) bool {
		fields = appendAttr(fields, l.prefix, attr)
		return true
	})
	l.write(severity(record.Level), valid(record.Message), withPosition(fields))
	return nil
}

func (l *logger) WithAttrs(attrs []slog.Attr) slog.Handler {
	fields := append([]field(nil), l.fields...)
	for _, attr := range attrs {
		fields = appendAttr(fields, l.prefix, attr)
	}
	return &logger{fields, l.prefix, l.write}
}

func (l *logger) WithGroup(name string) slog.Handler {
	if name == "" {
		return l
	}
	return &logger{l.fields, l.prefix + name + ".", l.write}
}

// appendAttr spells a group out as fields `group.name`.
func appendAttr(fields []field, prefix string, attr slog.Attr) []field {
	value := attr.Value.Resolve()
	if value.Kind() != slog.KindGroup {
		return append(fields, field{valid(prefix + attr.Key), valid(value.String())})
	}
	if attr.Key != "" {
		prefix += attr.Key + "."
	}
	for _, member := range value.Group() {
		fields = appendAttr(fields, prefix, member)
	}
	return fields
}

// withPosition says which message a record is about; the host replaces the position by the id.
func withPosition(fields []field) []field {
	if current < 0 {
		return fields
	}
	return append(fields, field{"millstream-index", strconv.Itoa(current)})
}

func severity(level slog.Level) uint8 {
	switch {
	case level < slog.LevelDebug:
		return levelTrace
	case level < slog.LevelInfo:
		return levelDebug
	case level < slog.LevelWarn:
		return levelInfo
	case level < slog.LevelError:
		return levelWarn
	default:
		return levelError
	}
}

// valid is text that the host can take: it treats what is not UTF-8 as a trap.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
