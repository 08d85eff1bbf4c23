package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"millstream"
)

const late = `{"carrier":"UA","flight":1545,"tail":null,"origin":"EWR","dest":"IAH","scheduled":"2013-01-01T10:00:00Z","dep_delay":60,"air_time":227}`

var hour = settings{ThresholdMinutes: 60}

func answer(payload string) ([]millstream.Output, error) {
	return hour.delays(millstream.Message{Payload: []byte(payload)})
}

func TestADepartureAnHourLateIsNotifiedUnderItsCarrier(t *testing.T) {
	outputs, err := answer(late)
	if err != nil || len(outputs) != 1 || outputs[0].Key != "UA" {
		t.Fatal(outputs, err)
	}
	want := `{"flight":"UA1545","route":"EWR-IAH","scheduled":"2013-01-01T10:00:00Z","delay_minutes":60}`
	if got := string(outputs[0].Payload); got != want {
		t.Errorf("got %s", got)
	}
}

func TestADepartureJustUnderTheThresholdIsNotNotified(t *testing.T) {
	for _, delay := range []string{":59", ":-7"} {
		if outputs, err := answer(strings.Replace(late, ":60", delay, 1)); err != nil || len(outputs) > 0 {
			t.Error(delay, outputs, err)
		}
	}
}

func TestACancelledFlightIsRejectedWithItsName(t *testing.T) {
	_, err := answer(strings.Replace(late, ":60", ":null", 1))
	if err == nil || err.Error() != "UA1545 EWR-IAH of 2013-01-01T10:00:00Z was cancelled" {
		t.Error(err)
	}
}

func TestABadConfigurationIsRefused(t *testing.T) {
	for config, want := range map[millstream.Config]string{
		`{"threshold_minutes":-1}`:        "threshold_minutes is -1, must be 0 or more",
		`{"threshold_minutes":"an hour"}`: "threshold_minutes",
		`{"treshold_minutes":60}`:         "treshold_minutes",
	} {
		if _, err := configure(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", config, err)
		}
	}
}

func TestTheFirstWeekHas335LateDeparturesAnd35Cancellations(t *testing.T) {
	week, err := os.ReadFile("../../pipelines/data/flights-week.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	flights, notified, rejected := 0, 0, 0
	for line := range bytes.Lines(week) {
		outputs, err := answer(string(line))
		flights, notified = flights+1, notified+len(outputs)
		if err != nil {
			rejected++
		}
	}
	if flights != 6099 || notified != 335 || rejected != 35 {
		t.Error(flights, notified, rejected)
	}
}
