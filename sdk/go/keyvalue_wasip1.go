package millstream

import (
	"bytes"
	"runtime"
	"strings"
)

// What the canonical ABI makes of wasi:keyvalue/store in sdk/wit/grants.wit. A plugin that calls none
// of it imports none: the linker leaves it out.

//go:wasmimport wasi:keyvalue/store@0.2.0-draft open
func importOpen(at, length uint32, result *returnArea)

//go:wasmimport wasi:keyvalue/store@0.2.0-draft [method]bucket.get
func importGetValue(bucket, at, length uint32, result *returnArea)

//go:wasmimport wasi:keyvalue/store@0.2.0-draft [method]bucket.set
func importSetValue(bucket, at, length, valueAt, valueLength uint32, result *returnArea)

//go:wasmimport wasi:keyvalue/store@0.2.0-draft [method]bucket.delete
func importDelete(bucket, at, length uint32, result *returnArea)

//go:wasmimport wasi:keyvalue/store@0.2.0-draft [method]bucket.exists
func importExists(bucket, at, length uint32, result *returnArea)

//go:wasmimport wasi:keyvalue/store@0.2.0-draft [resource-drop]bucket
func importDropBucket(bucket uint32)

func openBucket(name string) (uint32, error) {
	err := asking(name, importOpen)
	return returned.u32(4), err
}

func closeBucket(bucket uint32) { importDropBucket(bucket) }

func getValue(bucket uint32, key string) ([]byte, bool, error) {
	defer releaseSince(len(arguments))
	err := asking(key, func(at, length uint32, result *returnArea) { importGetValue(bucket, at, length, result) })
	if err != nil || returned.u8(4) == 0 {
		return nil, false, err
	}
	return bytes.Clone(slice[byte](wireList{returned.u32(8), returned.u32(12)})), true, nil
}

func setValue(bucket uint32, key string, value []byte) error {
	wire := wireSlice(value)
	err := asking(key, func(at, length uint32, result *returnArea) {
		importSetValue(bucket, at, length, wire.at, wire.len, result)
	})
	runtime.KeepAlive(value)
	return err
}

func deleteValue(bucket uint32, key string) error {
	return asking(key, func(at, length uint32, result *returnArea) { importDelete(bucket, at, length, result) })
}

func hasValue(bucket uint32, key string) (bool, error) {
	err := asking(key, func(at, length uint32, result *returnArea) { importExists(bucket, at, length, result) })
	return err == nil && returned.u8(4) != 0, err
}

// asking hands a text to the host. What it answers is a result with an error of the store.
func asking(text string, ask func(at, length uint32, result *returnArea)) error {
	wire := wireText(text)
	ask(wire.at, wire.len, &returned)
	runtime.KeepAlive(text)
	if returned.u8(0) == 0 {
		return nil
	}
	switch returned.u8(4) {
	case 0:
		return &KeyvalueError{"there is no such store"}
	case 1:
		return &KeyvalueError{"the plugin may not use this store"}
	default:
		return &KeyvalueError{strings.Clone(wireList{returned.u32(8), returned.u32(12)}.text())}
	}
}
