package main

import (
	"testing"

	"millstream"
)

var loud = settings{Suffix: "!"}

func TestItShouts(t *testing.T) {
	outputs, err := loud.shout(millstream.Message{Payload: []byte("hello"), Key: "ann"})
	if err != nil || len(outputs) != 1 || string(outputs[0].Payload) != "HELLO!" || outputs[0].Key != "ann" {
		t.Errorf("got %+v, %v", outputs, err)
	}
}

func TestItRefusesSilence(t *testing.T) {
	if _, err := loud.shout(millstream.Message{}); err == nil || err.Error() != "nothing to shout" {
		t.Errorf("got %v", err)
	}
}
