// The handler, natively: `make test`.
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "millstream_testing.h"

#define LATE(delay)                                                                     \
    "{\"carrier\":\"UA\",\"flight\":1545,\"tail\":null,\"origin\":\"EWR\",\"dest\":"    \
    "\"IAH\",\"scheduled\":\"2013-01-01T10:00:00Z\",\"dep_delay\":" delay ",\"air_time\":227}"

static const ms_tested *answer_to(const char *payload) {
    return ms_test(&millstream_plugin, (ms_message){.payload = ms_string(payload)});
}

static void a_departure_an_hour_late_is_notified_under_its_carrier(void) {
    const ms_tested *answer = answer_to(LATE("60"));
    assert(answer->outcome == MS_OK && answer->output_count == 1);
    assert(ms_equal(answer->outputs[0].key, MS("UA")));
    assert(ms_equal(answer->outputs[0].payload, MS("{\"flight\":\"UA1545\",\"route\":\"EWR-IAH\",\"scheduled\":"
                                                   "\"2013-01-01T10:00:00Z\",\"delay_minutes\":60}")));
}

static void a_departure_just_under_the_threshold_is_not_notified(void) {
    assert(answer_to(LATE("59"))->output_count == 0);
    assert(answer_to(LATE("-7"))->outcome == MS_OK);
}

static void a_cancelled_flight_is_rejected_with_its_name(void) {
    const ms_tested *answer = answer_to(LATE("null"));
    assert(answer->outcome == MS_REJECT);
    assert(ms_equal(answer->reason, MS("UA1545 EWR-IAH of 2013-01-01T10:00:00Z was cancelled")));
}

static void a_bad_configuration_is_refused(void) {
    assert(!ms_test_configure(&millstream_plugin, "{\"threshold_minutes\":60}"));
    assert(strstr(ms_test_configure(&millstream_plugin, "{\"threshold_minutes\":-1}"), "is -1, must be 0 or more"));
    assert(strstr(ms_test_configure(&millstream_plugin, "{\"treshold_minutes\":60}"), "treshold_minutes"));
    assert(!ms_test_configure(&millstream_plugin, "{\"threshold_minutes\":60}"));
}

static void the_first_week_has_335_late_departures_and_35_cancellations(void) {
    static char line[4096];
    int flights = 0, notified = 0, rejected = 0;
    FILE *week = fopen("../../pipelines/data/flights-week.ndjson", "r");
    assert(week);
    while (fgets(line, sizeof line, week)) {
        const ms_tested *answer = answer_to(line);
        flights++;
        notified += (int)answer->output_count;
        rejected += answer->outcome == MS_REJECT;
    }
    fclose(week);
    assert(flights == 6099 && notified == 335 && rejected == 35);
}

int main(void) {
    a_departure_an_hour_late_is_notified_under_its_carrier();
    a_departure_just_under_the_threshold_is_not_notified();
    a_cancelled_flight_is_rejected_with_its_name();
    a_bad_configuration_is_refused();
    the_first_week_has_335_late_departures_and_35_cancellations();
}
