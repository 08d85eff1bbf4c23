// The README's second plugin does what it says.
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "millstream_testing.h"

int main(void) {
    const char *refused = ms_test_configure(&millstream_plugin, "{\"longest\":0}");
    assert(refused && !strcmp(refused, "longest must be at least 1"));
    assert(!ms_test_configure(&millstream_plugin, "{\"longest\":2}"));
    assert(ms_test(&millstream_plugin, (ms_message){.payload = MS("ab")})->output_count == 1);
    assert(ms_test(&millstream_plugin, (ms_message){.payload = MS("abc")})->output_count == 0);
}
