// Finds late departures: one flight in, one notification out when it left late enough.
import { Reject, plugin, settings } from "millstream";

export const { batchHandler, lifecycle } = plugin({ handle: delays, configure });

/** A departure this late, or later, is worth a notification. */
function configure(config) {
  const found = settings(config, { threshold_minutes: 60 });
  if (found.threshold_minutes < 0) {
    throw new Error(`threshold_minutes is ${found.threshold_minutes}, must be 0 or more`);
  }
  return found;
}

function delays(message, { threshold_minutes }) {
  const flight = message.json({
    carrier: "string",
    flight: "integer",
    origin: "string",
    dest: "string",
    scheduled: "string",
    dep_delay: "integer?", // minutes; null when it never left
  });
  if (flight.dep_delay === null) {
    throw new Reject(`${number(flight)} ${route(flight)} of ${flight.scheduled} was cancelled`);
  }
  if (flight.dep_delay < threshold_minutes) return undefined;
  return { json: notification(flight), key: flight.carrier };
}

function notification(flight) {
  return {
    flight: number(flight),
    route: route(flight),
    scheduled: flight.scheduled,
    delay_minutes: flight.dep_delay,
  };
}

function number({ carrier, flight }) {
  return `${carrier}${flight}`;
}

function route({ origin, dest }) {
  return `${origin}-${dest}`;
}
