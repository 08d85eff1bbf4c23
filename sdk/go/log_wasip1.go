package millstream

import "log/slog"

func init() {
	slog.SetDefault(slog.New(&logger{write: writeRecord}))
	writeError = func(text string) { writeRecord(levelError, text, withPosition(nil)) }
}
