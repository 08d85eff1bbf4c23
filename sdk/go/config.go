package millstream

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Config is the plugin's config from the pipeline file, as one JSON object.
type Config string

// Read reads the configuration into the struct that settings points to; what the struct holds
// before stands for what the configuration does not say. An unknown setting, a wrong type and null
// are errors that name the setting.
func (c Config) Read(settings any) error {
	decoder := json.NewDecoder(strings.NewReader(string(c)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(settings); err != nil {
		return unfit(err)
	}
	return conform([]byte(c), shapeOf(reflect.TypeOf(settings).Elem()), false)
}

// unfit says it without the name of a Go package.
func unfit(err error) error {
	if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		return fmt.Errorf("unknown setting %s", strings.ReplaceAll(name, `"`, "`"))
	}
	return mismatch(err)
}
