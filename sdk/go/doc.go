// Package millstream is for writing Millstream plugins: a function that takes a message and returns
// the messages to publish.
//
//	func init() { millstream.Handle(shout) }
//	func main() {}
//
//	func shout(m millstream.Message) ([]millstream.Output, error) {
//		text, err := m.Text()
//		if err != nil {
//			return nil, err
//		}
//		return []millstream.Output{{Payload: []byte(strings.ToUpper(text)), Key: m.Key}}, nil
//	}
//
// The package speaks the contract's batch world (sdk/wit/plugin.wit, world
// configurable-batch-consumer) and hides it, as it does what sdk/wit/grants.wit adds. It is for standard Go with GOOS=wasip1 GOARCH=wasm and
// -buildmode=c-shared; elsewhere it compiles too, so that a plugin's tests run natively.
package millstream
