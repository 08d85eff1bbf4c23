// The README's first plugin does what it says.
#undef NDEBUG
#include <assert.h>

#include "millstream_testing.h"

static const ms_tested *answer_to(const char *payload) {
    return ms_test(&millstream_plugin, (ms_message){.payload = ms_string(payload)});
}

int main(void) {
    const ms_tested *answer = answer_to("{\"id\":\"a\",\"total\":2000}");
    assert(answer->outcome == MS_OK && answer->output_count == 1);
    assert(ms_equal(answer->outputs[0].payload, MS("review a")) && ms_equal(answer->outputs[0].key, MS("a")));
    assert(ms_equal(answer->outputs[0].headers[0].value, MS("high")));
    answer = answer_to("{\"id\":\"a\",\"total\":-1}");
    assert(answer->outcome == MS_REJECT && ms_equal(answer->reason, MS("order a has a negative total")));
    assert(answer_to("{\"id\":\"a\",\"total\":1}")->output_count == 0);
}
