package millstream

import (
	"errors"
	"strings"
	"testing"
)

type order struct {
	ID       string            `json:"id"`
	Total    float64           `json:"total"`
	Note     *string           `json:"note"`
	Tags     []string          `json:"tags,omitempty"`
	Customer *customer         `json:"customer,omitempty"`
	Lines    []line            `json:"lines,omitempty"`
	By       map[string]line   `json:"by,omitempty"`
	Next     *order            `json:"next,omitempty"`
	Any      any               `json:"any,omitempty"`
	secret   map[string]string //nolint:unused
}

type customer struct {
	Name string `json:"name"`
	base
}

type base struct {
	City string `json:"city"`
}

type line struct {
	Count int `json:"count"`
}

const valid1 = `{"id":"a","total":1,"note":null}`

func TestJSONSaysWhatIsWrongAndWhere(t *testing.T) {
	for text, want := range map[string]string{
		``:                                     "malformed JSON: unexpected end of JSON input at line 1 column 0",
		`{"id": }`:                             "malformed JSON: invalid character '}' looking for beginning of value at line 1 column 8",
		"{\n \"id\": x}":                       "malformed JSON: invalid character 'x' looking for beginning of value at line 2 column 8",
		valid1 + `x`:                           "malformed JSON: invalid character 'x' after top-level value at line 1 column 33",
		"{\"id\":\"\xff\"}":                    "malformed JSON: not UTF-8 at byte 7",
		`{"id":"a","note":null}`:               "unexpected JSON: missing field `total`",
		`{}`:                                   "unexpected JSON: missing field `id`",
		`{"id":"a","total":1}`:                 "unexpected JSON: missing field `note`",
		`{"id":null,"total":1,"note":""}`:      "unexpected JSON: id is null, must have a value",
		`{"id":7,"total":1,"note":""}`:         "unexpected JSON: id is a number, must be a string",
		`{"id":"a","total":"1","note":""}`:     "unexpected JSON: total is a string, must be a number",
		`null`:                                 "unexpected JSON: null where a value must be",
		`[1]`:                                  "unexpected JSON: array, must be an object",
		plus(`"customer":{"city":"x"}`):        "unexpected JSON: missing field `customer.name`",
		plus(`"customer":{"name":"x"}`):        "unexpected JSON: missing field `customer.city`",
		plus(`"lines":[{"count":1},{}]`):       "unexpected JSON: missing field `lines.count`",
		plus(`"by":{"x":{"count":null}}`):      "unexpected JSON: by.count is null, must have a value",
		plus(`"next":{"id":"b"}`):              "unexpected JSON: missing field `next.total`",
		plus(`"lines":[{"count":1.5}]`):        "unexpected JSON: lines.count is number 1.5, must be int",
		`{"ID":"a","total":1,"note":null}`:     "unexpected JSON: missing field `id`",
		`{"id":"a","total":1,"note":null,"a":`: "malformed JSON: unexpected end of JSON input at line 1 column 36",
	} {
		var o order
		err := Message{Payload: []byte(text)}.JSON(&o)
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
		var reject *RejectError
		if !errors.As(err, &reject) {
			t.Errorf("%s: not a rejection", text)
		}
	}
}

func plus(more string) string { return strings.TrimSuffix(valid1, "}") + "," + more + "}" }

func TestJSONThatFitsIsRead(t *testing.T) {
	for _, text := range []string{
		valid1,
		" {\t\"id\" : \"a\\\"}\" , \"total\":1e3,\"note\":\"\\u00e9\", \"more\":[{\"a\":{}},[]], \"n\":-1 }\n",
		`{"\u0069d":"a","total":1,"note":null}`,
		plus(`"tags":null,"lines":[],"customer":null,"by":{},"any":{"x":null}`),
		plus(`"lines":[{"count":1} , {"count":2}],"customer":{"name":"n","city":"c"},"by":{"a":{"count":1}}`),
	} {
		var o order
		if err := (Message{Payload: []byte(text)}).JSON(&o); err != nil || o.ID == "" {
			t.Errorf("%s: %v, %+v", text, err, o)
		}
	}
	var all any
	if err := (Message{Payload: []byte(`[null, 1]`)}).JSON(&all); err != nil {
		t.Error(err)
	}
}

func TestTextNamesTheFirstByteThatIsNotUTF8(t *testing.T) {
	_, err := Message{Payload: []byte("é\xff")}.Text()
	expect(t, "error", err.Error(), "not UTF-8 at byte 2")
}

type settings struct {
	Longest int     `json:"longest"`
	Name    *string `json:"name"`
}

func TestAConfigurationKeepsTheDefaultsItDoesNotName(t *testing.T) {
	s := settings{Longest: 80}
	if err := Config(`{"name":"x"}`).Read(&s); err != nil || s.Longest != 80 || *s.Name != "x" {
		t.Error(err, s)
	}
}

func TestAConfigurationThatDoesNotFitIsRefusedByName(t *testing.T) {
	for text, want := range map[string]string{
		`{"longst":1}`:     "unknown setting `longst`",
		`{"longest":"x"}`:  "longest is a string, must be int",
		`{"longest":null}`: "longest is null, must have a value",
	} {
		s := settings{}
		if err := Config(text).Read(&s); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}
