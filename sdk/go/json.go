package millstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// JSON reads the body into the value that target points to, by encoding/json, but strictly: every
// field of a struct must be in the text, save those whose tag says omitempty or omitzero, and null
// fits pointers, maps, slices and interfaces only.
//
// The error is a rejection: "malformed JSON: …" says where, "unexpected JSON: …" names the field.
func (m Message) JSON(target any) error {
	if at := invalidUTF8(m.Payload); at >= 0 {
		// encoding/json would replace the bytes.
		return Rejectf("malformed JSON: not UTF-8 at byte %d", at)
	}
	if err := json.Unmarshal(m.Payload, target); err != nil {
		return Reject(explained(err, m.Payload))
	}
	demands := shapeOf(reflect.TypeOf(target).Elem())
	if err := conform(m.Payload, demands, true); err != nil {
		return Rejectf("unexpected JSON: %w", err)
	}
	return nil
}

// explained says what is wrong with a text that encoding/json did not take.
func explained(err error, text []byte) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line, column := place(text, syntax.Offset)
		return fmt.Errorf("malformed JSON: %w at line %d column %d", err, line, column)
	}
	return fmt.Errorf("unexpected JSON: %w", mismatch(err))
}

// mismatch is an error about a type in the words of JSON.
func mismatch(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	found, wanted := wrong.Value, wrong.Type.String()
	switch wrong.Type.Kind() {
	case reflect.Struct, reflect.Map:
		wanted = "an object"
	case reflect.Slice, reflect.Array:
		wanted = "an array"
	case reflect.String:
		wanted = "a string"
	case reflect.Bool:
		wanted = "true or false"
	case reflect.Float32, reflect.Float64:
		wanted = "a number"
	}
	if wrong.Field == "" {
		return fmt.Errorf("%s, must be %s", found, wanted)
	}
	return fmt.Errorf("%s is %s, must be %s", wrong.Field, article(found), wanted)
}

// article makes "a string" of "string" and leaves "number 1.5" as it is.
func article(found string) string {
	switch {
	case strings.Contains(found, " "):
		return found
	case strings.HasPrefix(found, "a") || strings.HasPrefix(found, "o"):
		return "an " + found
	default:
		return "a " + found
	}
}

// place is line and column, from 1, of the byte that ends at offset.
func place(text []byte, offset int64) (line, column int) {
	before := text[:min(max(offset, 0), int64(len(text)))]
	line = 1 + bytes.Count(before, []byte{'\n'})
	return line, len(before) - 1 - bytes.LastIndexByte(before, '\n')
}
