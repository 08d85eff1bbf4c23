package millstream

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// shape is what a Go type demands of a JSON text beyond what encoding/json checks. A nil shape
// demands nothing.
type shape struct {
	// nullable says that null fits.
	nullable bool
	// members are a struct's fields; isObject says that it is one.
	members  []member
	isObject bool
	// required counts the members that must be there.
	required int
	// element is what the items of an array or the values of a map must be.
	element *shape
}

type member struct {
	name  string
	shape *shape
	// number of a member that must be there, from 0; -1 for one that may be absent.
	number int
}

var (
	shapes = map[reflect.Type]*shape{}
	// Handlers run one at a time in the host, but tests may run in parallel.
	shapesLock sync.Mutex
)

var (
	readsItself = reflect.TypeFor[json.Unmarshaler]()
	readsText   = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func shapeOf(t reflect.Type) *shape {
	shapesLock.Lock()
	defer shapesLock.Unlock()
	return shapeOfLocked(t)
}

func shapeOfLocked(t reflect.Type) *shape {
	if known, ok := shapes[t]; ok {
		return known
	}
	s := &shape{}
	// Before its parts are looked at: a type may hold itself.
	shapes[t] = s
	pointer := reflect.PointerTo(t)
	switch {
	case pointer.Implements(readsItself):
		s.nullable = true
	case pointer.Implements(readsText):
	default:
		s.fill(t)
	}
	return s
}

func (s *shape) fill(t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer:
		*s = *shapeOfLocked(t.Elem())
		s.nullable = true
	case reflect.Interface:
		s.nullable = true
	case reflect.Map, reflect.Slice:
		s.nullable, s.element = true, shapeOfLocked(t.Elem())
	case reflect.Array:
		s.element = shapeOfLocked(t.Elem())
	case reflect.Struct:
		s.isObject = true
		s.addFields(t)
	}
}

func (s *shape) addFields(t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" && options == "":
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			s.addFields(f.Type)
		case f.Anonymous && name == "", !f.IsExported():
			// An embedded pointer is there only if one of its fields is: nothing to demand.
		default:
			s.addField(f, name, options)
		}
	}
}

func (s *shape) addField(f reflect.StructField, name, options string) {
	if name == "" {
		name = f.Name
	}
	m := member{name: name, shape: shapeOfLocked(f.Type), number: -1}
	if hidden := s.find([]byte(name), 0); hidden >= 0 {
		// An outer field hides the embedded one of its name.
		m.number = s.members[hidden].number
		s.members[hidden] = m
		return
	}
	if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
		m.number = s.required
		s.required++
	}
	s.members = append(s.members, m)
}

// find is the place of the member of that name, or -1. It looks at the one at next first: most texts
// have their fields in the struct's order.
func (s *shape) find(name []byte, next int) int {
	for range s.members {
		if next >= len(s.members) {
			next = 0
		}
		if s.members[next].name == string(name) {
			return next
		}
		next++
	}
	return -1
}
