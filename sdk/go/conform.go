package millstream

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// conform checks a valid JSON text against what a type demands; complete says that fields may not
// be absent. encoding/json leaves both null and absent fields as they are, without a word.
func conform(text []byte, demands *shape, complete bool) error {
	c := checker{text: text, complete: complete}
	return c.value(demands)
}

// checker walks a text that encoding/json took, so it need not check its syntax.
type checker struct {
	text     []byte
	at       int
	complete bool
}

func (c *checker) value(demands *shape) error {
	switch c.space(); {
	case c.text[c.at] == 'n' && !demands.nullable:
		return unfitting{problem: "null"}
	case c.text[c.at] == '{' && demands.isObject:
		return c.object(demands)
	case c.text[c.at] == '{' && demands.element != nil:
		return c.pairs(func([]byte) error { return c.value(demands.element) })
	case c.text[c.at] == '[' && demands.element != nil:
		return c.array(demands.element)
	default:
		c.skip()
		return nil
	}
}

func (c *checker) object(demands *shape) error {
	// On the stack for all but very wide structs.
	var few [64]bool
	seen := few[:]
	if demands.required > len(few) {
		seen = make([]bool, demands.required)
	}
	missing, next := demands.required, 0
	err := c.pairs(func(name []byte) error {
		found := demands.find(name, next)
		if found < 0 {
			c.skip()
			return nil
		}
		m := &demands.members[found]
		next = found + 1
		if m.number >= 0 && !seen[m.number] {
			seen[m.number] = true
			missing--
		}
		return within(m.name, c.value(m.shape))
	})
	if err == nil && c.complete && missing > 0 {
		return absent(demands, seen)
	}
	return err
}

// absent names the first field that is missing, in the struct's order.
func absent(demands *shape, seen []bool) error {
	for _, m := range demands.members {
		if m.number >= 0 && !seen[m.number] {
			return unfitting{path: m.name, problem: "missing"}
		}
	}
	return nil
}

// pairs calls visit at the value of each member of the object that begins here.
func (c *checker) pairs(visit func(name []byte) error) error {
	for c.at++; ; c.at++ {
		c.space()
		if c.text[c.at] == '}' {
			c.at++
			return nil
		}
		name := c.name()
		c.space()
		c.at++ // the colon
		if err := visit(name); err != nil {
			return err
		}
		if c.space(); c.text[c.at] == '}' {
			c.at++
			return nil
		}
	}
}

func (c *checker) array(element *shape) error {
	for c.at++; ; c.at++ {
		if c.space(); c.text[c.at] == ']' {
			break
		}
		if err := c.value(element); err != nil {
			return err
		}
		if c.space(); c.text[c.at] == ']' {
			break
		}
	}
	c.at++
	return nil
}

// name is the member's name that begins here, its escapes resolved.
func (c *checker) name() []byte {
	from := c.at
	if escaped := c.str(); escaped {
		var name string
		// It cannot fail: the text is valid.
		_ = json.Unmarshal(c.text[from:c.at], &name)
		return []byte(name)
	}
	return c.text[from+1 : c.at-1]
}

// str passes a string and tells whether it holds escapes.
func (c *checker) str() (escaped bool) {
	for c.at++; ; c.at++ {
		// It cannot be absent: the text is valid.
		end := c.at + bytes.IndexByte(c.text[c.at:], '"')
		escape := bytes.IndexByte(c.text[c.at:end], '\\')
		if escape < 0 {
			c.at = end + 1
			return escaped
		}
		escaped = true
		// To the escaped byte, which may be a quote.
		c.at += escape + 1
	}
}

// skip passes a value of any kind, without recursion: the host bounds its size, not its depth.
func (c *checker) skip() {
	c.space()
	for depth := 0; c.at < len(c.text); {
		switch c.text[c.at] {
		case '"':
			c.str()
		case '{', '[':
			depth++
			c.at++
		case '}', ']':
			if depth == 0 {
				return
			}
			depth--
			c.at++
		case ',', ':', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return
			}
			c.at++
			continue
		default:
			c.at++
			continue
		}
		if depth == 0 {
			return
		}
	}
}

func (c *checker) space() {
	for c.text[c.at] <= ' ' {
		c.at++
	}
}

// unfitting says what is wrong, and where.
type unfitting struct{ path, problem string }

func (u unfitting) Error() string {
	switch {
	case u.problem == "missing":
		return fmt.Sprintf("missing field `%s`", u.path)
	case u.path == "":
		return "null where a value must be"
	default:
		return u.path + " is null, must have a value"
	}
}

// within puts the name of the outer field before the path of the inner one.
func within(name string, err error) error {
	inner, is := err.(unfitting)
	switch {
	case !is:
		return err
	case inner.path == "":
		return unfitting{name, inner.problem}
	default:
		return unfitting{name + "." + inner.path, inner.problem}
	}
}
