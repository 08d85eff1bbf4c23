// For a plugin's own tests, which run natively: what the host would get for one message.
//
//     const ms_tested *answer = ms_test(&millstream_plugin, (ms_message){.payload = MS("hello")});
//     assert(answer->outcome == MS_OK && ms_equal(answer->outputs[0].payload, MS("HELLO")));
#ifndef MILLSTREAM_TESTING_H
#define MILLSTREAM_TESTING_H

#include "millstream.h"

#ifdef __cplusplus
extern "C" {
#endif

// Outputs, and headers of one output, that a test gets to see.
#define MS_TESTED_MAX 64

typedef struct ms_tested_output {
    ms_slice payload, topic, key;
    ms_header headers[MS_TESTED_MAX];
    size_t header_count;
    uint32_t delay_ms;
} ms_tested_output;

typedef struct ms_tested {
    ms_outcome outcome;
    // Of a retry or a rejection.
    ms_slice reason;
    // Of a retry: 0 leaves it to the backoff, 1 is at once.
    uint32_t retry_delay_ms;
    ms_tested_output outputs[MS_TESTED_MAX];
    size_t output_count;
} ms_tested;

// What the plugin answers to `message`, whose attempt 0 stands for 1. Lives until the next call.
const ms_tested *ms_test(const ms_plugin *plugin, ms_message message);
// Configures the plugin with a JSON text. NULL: accepted; else why it is refused.
const char *ms_test_configure(const ms_plugin *plugin, const char *config);

#ifdef __cplusplus
}
#endif
#endif
