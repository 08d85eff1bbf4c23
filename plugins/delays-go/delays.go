// Finds late departures: one flight in, one notification out when it left late enough.
package main

import (
	"encoding/json"
	"fmt"

	"millstream"
)

func init() { millstream.Configure(configure) }

func main() {}

// settings are the plugin's config in the pipeline file.
type settings struct {
	// A departure this late, or later, is worth a notification.
	ThresholdMinutes float64 `json:"threshold_minutes"`
}

func configure(config millstream.Config) (millstream.Handler, error) {
	s := settings{ThresholdMinutes: 60}
	if err := config.Read(&s); err != nil {
		return nil, err
	}
	if s.ThresholdMinutes < 0 {
		return nil, fmt.Errorf("threshold_minutes is %v, must be 0 or more", s.ThresholdMinutes)
	}
	return s.delays, nil
}

func (s settings) delays(m millstream.Message) ([]millstream.Output, error) {
	var f flight
	if err := m.JSON(&f); err != nil {
		return nil, err
	}
	if f.DepDelay == nil {
		return nil, millstream.Rejectf("%s %s of %s was cancelled", f.number(), f.route(), f.Scheduled)
	}
	if float64(*f.DepDelay) < s.ThresholdMinutes {
		return nil, nil
	}
	payload, err := json.Marshal(notification{f.number(), f.route(), f.Scheduled, *f.DepDelay})
	return []millstream.Output{{Payload: payload, Key: f.Carrier}}, err
}

// flight is a scheduled departure, as far as it matters here.
type flight struct {
	Carrier   string `json:"carrier"`
	Flight    uint32 `json:"flight"`
	Origin    string `json:"origin"`
	Dest      string `json:"dest"`
	Scheduled string `json:"scheduled"`
	// Minutes, negative when it left early, null when it never left. A flight that does not say is
	// malformed, not cancelled.
	DepDelay *int64 `json:"dep_delay"`
}

func (f flight) number() string { return fmt.Sprintf("%s%d", f.Carrier, f.Flight) }

func (f flight) route() string { return f.Origin + "-" + f.Dest }

// notification tells someone that a flight left late.
type notification struct {
	Flight       string `json:"flight"`
	Route        string `json:"route"`
	Scheduled    string `json:"scheduled"`
	DelayMinutes int64  `json:"delay_minutes"`
}
