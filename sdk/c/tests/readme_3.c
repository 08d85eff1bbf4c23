// The README's third plugin asks a server; natively there is none.
#undef NDEBUG
#include <assert.h>

#include "millstream_testing.h"

int main(void) {
    const ms_tested *answer = ms_test(&millstream_plugin, (ms_message){.payload = MS("{\"currency\":\"USD\"}")});
    assert(answer->outcome == MS_RETRY);
    assert(ms_equal(answer->reason, MS("GET https://rates.example.com/USD: there is no host to send a request")));
    answer = ms_test(&millstream_plugin, (ms_message){.payload = MS("{}")});
    assert(answer->outcome == MS_REJECT);
}
