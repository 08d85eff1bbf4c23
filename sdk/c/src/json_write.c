// Writing JSON at the end of the payload pushed last.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static void put_string(ms_call *call, ms_slice text) {
    ms_append(call, MS("\""));
    size_t from = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= ' ' && c != '"' && c != '\\') continue;
        char escape[8];
        int length = c < ' ' ? snprintf(escape, sizeof escape, "\\u%04x", c)
                             : snprintf(escape, sizeof escape, "\\%c", c);
        ms_append(call, (ms_slice){text.data + from, i - from});
        ms_append(call, (ms_slice){escape, (size_t)length});
        from = i + 1;
    }
    ms_append(call, (ms_slice){text.data + from, text.length - from});
    ms_append(call, MS("\""));
}

// The comma, where one is needed, and the name.
static void begin(ms_call *call, const char *name) {
    ms_slice payload = ms_rows_last(&call->answer.payloads);
    char last = payload.length ? payload.data[payload.length - 1] : '{';
    if (last != '{' && last != '[') ms_append(call, MS(","));
    if (!name) return;
    ms_slice text = ms_string(name);
    if (!ms_goes_out(call, "field name", text)) return;
    put_string(call, text);
    ms_append(call, MS(":"));
}

void ms_json_open(ms_call *call, const char *name, char bracket) {
    begin(call, name);
    ms_append(call, (ms_slice){&bracket, 1});
}

void ms_json_close(ms_call *call, char bracket) { ms_append(call, (ms_slice){&bracket, 1}); }

void ms_json_put_text(ms_call *call, const char *name, ms_slice text) {
    if (!ms_goes_out(call, name ? name : "text", text)) return;
    begin(call, name);
    put_string(call, text);
}

void ms_json_put_int(ms_call *call, const char *name, int64_t number) {
    char text[24];
    int length = snprintf(text, sizeof text, "%lld", (long long)number);
    begin(call, name);
    ms_append(call, (ms_slice){text, (size_t)length});
}

void ms_json_put_number(ms_call *call, const char *name, double number) {
    char text[32];
    if (!isfinite(number)) {
        ms_put_fault(call, "an output's number is not finite");
        return;
    }
    // 15 digits read best; 17 are needed where those do not give the number back.
    int length = snprintf(text, sizeof text, "%.15g", number);
    if (strtod(text, NULL) != number) length = snprintf(text, sizeof text, "%.17g", number);
    begin(call, name);
    ms_append(call, (ms_slice){text, (size_t)length});
}

void ms_json_put_bool(ms_call *call, const char *name, bool truth) {
    begin(call, name);
    ms_append(call, truth ? MS("true") : MS("false"));
}

void ms_json_put_null(ms_call *call, const char *name) {
    begin(call, name);
    ms_append(call, MS("null"));
}
