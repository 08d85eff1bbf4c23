// The function, natively: `make test`.
#undef NDEBUG
#include <assert.h>

#include "millstream_testing.h"

static void it_shouts(void) {
    assert(!ms_test_configure(&millstream_plugin, "{\"suffix\":\"!\"}"));
    const ms_tested *answer = ms_test(&millstream_plugin, (ms_message){.payload = MS("hello"), .key = MS("ann")});
    assert(answer->outcome == MS_OK && answer->output_count == 1);
    assert(ms_equal(answer->outputs[0].payload, MS("HELLO!")));
    assert(ms_equal(answer->outputs[0].key, MS("ann")));
}

static void it_refuses_silence(void) {
    const ms_tested *answer = ms_test(&millstream_plugin, (ms_message){.payload = MS("")});
    assert(answer->outcome == MS_REJECT && ms_equal(answer->reason, MS("nothing to shout")));
}

int main(void) {
    it_shouts();
    it_refuses_silence();
}
