package millstream

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What is expected of the README's plugins, in their order.
var readmeTests = []string{`package main

import (
	"testing"

	"millstream"
)

func TestPlugin(t *testing.T) {
	outputs, err := largeOrders(millstream.Message{Payload: []byte(` + "`" + `{"id":"a","total":2000}` + "`" + `)})
	if err != nil || len(outputs) != 1 || string(outputs[0].Payload) != "review a" || outputs[0].Key != "a" {
		t.Error(outputs, err)
	}
	_, err = largeOrders(millstream.Message{Payload: []byte(` + "`" + `{"id":"a","total":-1}` + "`" + `)})
	if err == nil || err.Error() != "order a has a negative total" {
		t.Error(err)
	}
}
`, `package main

import (
	"testing"

	"millstream"
)

func TestPlugin(t *testing.T) {
	if _, err := configure(` + "`" + `{"longest":0}` + "`" + `); err == nil || err.Error() != "longest must be at least 1" {
		t.Error(err)
	}
	handler, err := configure(` + "`" + `{"longest":2}` + "`" + `)
	if err != nil {
		t.Fatal(err)
	}
	for payload, want := range map[string]int{"ab": 1, "abc": 0} {
		if outputs, err := handler(millstream.Message{Payload: []byte(payload)}); err != nil || len(outputs) != want {
			t.Error(payload, outputs, err)
		}
	}
}
`, `package main

import (
	"errors"
	"testing"

	"millstream"
)

func TestPlugin(t *testing.T) {
	order := millstream.Message{Payload: []byte(` + "`" + `{"cents":100,"currency":"USD"}` + "`" + `)}
	price := func(status int, body string, err error) ([]millstream.Output, error) {
		return desk{func(asked millstream.HTTPRequest) (millstream.HTTPResponse, error) {
			if asked.URL != "https://rates.example.com/USD" {
				t.Error(asked.URL)
			}
			return millstream.HTTPResponse{Status: status, Body: []byte(body)}, err
		}}.price(order)
	}
	if outputs, err := price(200, "0.5", nil); err != nil || string(outputs[0].Payload) != "50" {
		t.Error(outputs, err)
	}
	var rejected *millstream.RejectError
	if _, err := price(404, "", nil); !errors.As(err, &rejected) {
		t.Error(err)
	}
	gone := &millstream.HTTPError{Code: "connection-refused", Reason: "connection refused"}
	if _, err := price(0, "", gone); !errors.Is(err, gone) {
		t.Error(err)
	}
}
`}

// blocks are the fenced code blocks of a page in one language.
func blocks(t *testing.T, page, language string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, part := range strings.Split(string(text), "```"+language+"\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		found = append(found, block)
	}
	return found
}

func TestThePluginsOfTheReadmeDoWhatItSays(t *testing.T) {
	plugins := blocks(t, "README.md", "go")
	expect(t, "number of plugins", len(plugins), len(readmeTests))
	here, _ := filepath.Abs(".")
	for i, plugin := range plugins {
		folder := t.TempDir()
		for name, text := range map[string]string{
			"go.mod":       "module plugins/readme\n\ngo 1.24\n\nrequire millstream v0.0.0\n\nreplace millstream => " + here + "\n",
			"main.go":      plugin,
			"main_test.go": readmeTests[i],
		} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		test := exec.Command("go", "test", ".")
		test.Dir = folder
		if output, err := test.CombinedOutput(); err != nil {
			t.Errorf("plugin %d: %v\n%s", i+1, err, output)
		}
	}
}

func TestTheReadmeBuildsAsTheTemplateDoes(t *testing.T) {
	template, err := os.ReadFile("template/plugin.toml")
	if os.IsNotExist(err) {
		t.Skip("a plugin's own copy of the SDK has no template")
	}
	for _, line := range strings.Split(strings.TrimSpace(blocks(t, "README.md", "toml")[0]), "\n") {
		if !strings.HasPrefix(line, "name") && !strings.Contains(string(template), line) {
			t.Errorf("the template lacks %s", line)
		}
	}
}
