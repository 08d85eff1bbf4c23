// Finds late departures: one flight in, one notification out when it left late enough.
#include "millstream.h"

// A scheduled departure, as far as it matters here.
typedef struct flight {
    ms_slice carrier, origin, dest, scheduled;
    uint32_t number;
    // Minutes, negative when it left early. A flight that does not say whether it left is malformed,
    // not cancelled.
    int64_t dep_delay;
    bool cancelled;
} flight;

// A departure this late, or later, is worth a notification.
static double threshold_minutes = 60;

static bool configure(ms_slice config, ms_call *call) {
    const ms_json_field settings[] = {
        {.name = "threshold_minutes", .type = MS_JSON_NUMBER, .to = &threshold_minutes, .optional = true},
    };
    if (!ms_config_read(call, config, settings, 1)) return false;
    if (threshold_minutes >= 0) return true;
    return ms_refuse(call, "threshold_minutes is %g, must be 0 or more", threshold_minutes);
}

static bool read_flight(flight *f, ms_slice json, ms_call *call) {
    const ms_json_field fields[] = {
        {.name = "carrier", .type = MS_JSON_TEXT, .to = &f->carrier},
        {.name = "flight", .type = MS_JSON_UINT32, .to = &f->number},
        {.name = "origin", .type = MS_JSON_TEXT, .to = &f->origin},
        {.name = "dest", .type = MS_JSON_TEXT, .to = &f->dest},
        {.name = "scheduled", .type = MS_JSON_TEXT, .to = &f->scheduled},
        {.name = "dep_delay", .type = MS_JSON_INT64, .to = &f->dep_delay, .is_null = &f->cancelled},
    };
    return ms_json_read(call, json, fields, sizeof fields / sizeof *fields);
}

// Tells someone that a flight left late.
static void notify(const flight *f, ms_slice number, ms_slice route, ms_call *call) {
    ms_push(call, MS(""));
    ms_key(call, f->carrier);
    ms_json_open(call, NULL, '{');
    ms_json_put_text(call, "flight", number);
    ms_json_put_text(call, "route", route);
    ms_json_put_text(call, "scheduled", f->scheduled);
    ms_json_put_int(call, "delay_minutes", f->dep_delay);
    ms_json_close(call, '}');
}

static ms_outcome delays(const ms_message *message, ms_call *call) {
    flight f;
    if (!read_flight(&f, message->payload, call)) return MS_REJECT;
    if (!f.cancelled && (double)f.dep_delay < threshold_minutes) return MS_OK;
    ms_slice number = ms_format(call, "%.*s%u", MS_ARG(f.carrier), f.number);
    ms_slice route = ms_format(call, "%.*s-%.*s", MS_ARG(f.origin), MS_ARG(f.dest));
    if (f.cancelled)
        return ms_reject(call, "%.*s %.*s of %.*s was cancelled", MS_ARG(number), MS_ARG(route), MS_ARG(f.scheduled));
    notify(&f, number, route, call);
    return MS_OK;
}

const ms_plugin millstream_plugin = {.handle = delays, .configure = configure};
