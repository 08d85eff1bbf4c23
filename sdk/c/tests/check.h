// What the SDK's own tests share.
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../millstream_testing.h"

static int failures;

static void check_that(bool holds, const char *what, const char *file, int line) {
    if (holds) return;
    failures++;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
}
#define CHECK(claim) check_that(claim, #claim, __FILE__, __LINE__)

static bool is(ms_slice text, const char *expected) {
    bool same = ms_equal(text, ms_string(expected));
    if (!same) fprintf(stderr, "got \"%.*s\", expected \"%s\"\n", MS_ARG(text), expected);
    return same;
}

#define HANDLER(name) static ms_outcome name(const ms_message *message, ms_call *call)
#define ANSWER(handler, ...) \
    ms_test(&(ms_plugin){.handle = handler}, (ms_message){__VA_ARGS__})

// What main returns.
static int verdict(void) {
    if (failures) fprintf(stderr, "%d failures\n", failures);
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
