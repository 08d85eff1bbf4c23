// Command {{name}} says what it is told, louder.
package main

import (
	"fmt"
	"log/slog"
	"strings"

	"millstream"
)

func init() { millstream.Configure(configure) }

// The host never runs main, but Go wants one.
func main() {}

// settings are the plugin's config in the pipeline file.
type settings struct {
	// Suffix is what every text ends with.
	Suffix string `json:"suffix"`
}

func configure(config millstream.Config) (millstream.Handler, error) {
	var s settings
	if err := config.Read(&s); err != nil {
		return nil, err
	}
	if len(s.Suffix) > 10 {
		return nil, fmt.Errorf("suffix has %d bytes, at most 10 are allowed", len(s.Suffix))
	}
	return s.shout, nil
}

// shout has its outputs published and the message done, both or neither.
func (s settings) shout(m millstream.Message) ([]millstream.Output, error) {
	text, err := m.Text()
	if err != nil {
		return nil, err // not UTF-8: a dead letter that says so
	}
	if text == "" {
		return nil, millstream.Rejectf("nothing to shout") // a dead letter with this reason
	}
	slog.Debug("shouting", "bytes", len(text))
	return []millstream.Output{{Payload: []byte(strings.ToUpper(text) + s.Suffix), Key: m.Key}}, nil
}
