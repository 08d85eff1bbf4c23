package millstream

// Handler handles one message. A nil error acknowledges the message and publishes the outputs,
// both or neither. An error means that it was not handled and drops the outputs: a RejectError
// makes a dead letter, any other error asks for another delivery.
//
// A panic counts as one failure of that message; its text and place reach the log and the dead
// letter.
type Handler func(Message) ([]Output, error)

// configured makes the handler of this instance: once, before its first message.
var configured func(Config) (Handler, error)

// Handle makes a plugin of one function. Call it once, from an init function of package main: the
// host never runs main itself.
//
//	func init() { millstream.Handle(shout) }
//	func main() {}
func Handle(handler Handler) {
	Configure(func(config Config) (Handler, error) {
		var none struct{}
		return handler, config.Read(&none)
	})
}

// Configure makes a plugin whose handler depends on its configuration. Call it once, from an init
// function of package main. An error refuses the configuration: the pipeline does not start, or the
// version before goes on serving.
func Configure(configure func(Config) (Handler, error)) {
	if configured != nil {
		panic("millstream: Handle or Configure is called twice")
	}
	configured = configure
}

// handlerFor is the handler for a configuration, or why it is refused.
func handlerFor(config string) (Handler, error) {
	defer reportPanic()
	if configured == nil {
		panic("millstream: no init function calls Handle or Configure")
	}
	handler, err := configured(Config(config))
	if err == nil && handler == nil {
		panic("millstream: the function given to Configure returned no handler and no error")
	}
	return handler, err
}
