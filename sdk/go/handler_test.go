package millstream

import (
	"log/slog"
	"strings"
	"testing"
)

func TestAPluginWithoutConfigurationTakesNone(t *testing.T) {
	defer func() { configured = nil }()
	Handle(func(Message) ([]Output, error) { return nil, nil })
	if _, err := handlerFor(`{}`); err != nil {
		t.Error(err)
	}
	_, err := handlerFor(`{"a":1}`)
	expect(t, "error", err.Error(), "unknown setting `a`")
}

func TestAPanicIsReportedWithItsPlaceAndGoesOn(t *testing.T) {
	var records []string
	writeError = func(text string) { records = append(records, text) }
	defer func() { writeError = func(string) {} }()
	var none []int
	panics := map[string]Handler{
		"oh no":                                func(Message) ([]Output, error) { panic("oh no") },
		"index out of range [3] with length 0": func(Message) ([]Output, error) { return nil, Rejectf("%d", none[3]) },
		"nil pointer dereference": func(Message) ([]Output, error) {
			var o *order
			return nil, Rejectf("%s", o.ID)
		},
	}
	for text, handler := range panics {
		records = nil
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic ended")
				}
			}()
			answerTo(handler, "a")
		}()
		if len(records) != 1 || !strings.HasPrefix(records[0], "panicked at ") ||
			!strings.Contains(records[0], "handler_test.go:") || !strings.Contains(records[0], text) {
			t.Errorf("%s: %q", text, records)
		}
	}
}

func TestARecordCarriesLevelFieldsAndPosition(t *testing.T) {
	type record struct {
		level  uint8
		text   string
		fields []field
	}
	var got []record
	log := slog.New(&logger{write: func(level uint8, text string, fields []field) {
		got = append(got, record{level, text, fields})
	}})
	log.Warn("outside")
	answerTo(func(m Message) ([]Output, error) {
		if string(m.Payload) == "b" {
			log.With("a", 1).WithGroup("g").Info("late \xff", "carrier", "UA", slog.Group("h", "x", true))
			log.Log(t.Context(), LevelTrace, "step")
		}
		return nil, nil
	}, "a", "b")
	position := field{"millstream-index", "1"}
	expect(t, "records", got, []record{
		{levelWarn, "outside", []field{}},
		{levelInfo, "late \uFFFD", []field{{"a", "1"}, {"g.carrier", "UA"}, {"g.h.x", "true"}, position}},
		{levelTrace, "step", []field{position}},
	})
}
