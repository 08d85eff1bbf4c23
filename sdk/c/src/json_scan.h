// Walking through a JSON text, strictly as RFC 8259 says.
#ifndef MILLSTREAM_JSON_SCAN_H
#define MILLSTREAM_JSON_SCAN_H

#include "internal.h"

typedef struct ms_json_scan {
    const char *begin, *at, *end;
    // What is wrong at `at`; NULL while nothing is.
    const char *problem;
} ms_json_scan;

// A value as it stands in the text.
typedef struct ms_json_token {
    // '{' '[' '"' 't' (true, false) 'n' (null) '0' (a number)
    char kind;
    // A string without its quotes, anything else whole.
    ms_slice text;
    // A string that holds escapes; a number with fraction or exponent.
    bool complex;
} ms_json_token;

void ms_json_space(ms_json_scan *scan);
bool ms_json_wrong(ms_json_scan *scan, const char *problem);
// Passes one value, however deep.
bool ms_json_value(ms_json_scan *scan, ms_json_token *token);
bool ms_json_string(ms_json_scan *scan, ms_json_token *token);
// Resolves the escapes of a string that was passed.
ms_slice ms_json_unescaped(ms_call *call, ms_slice text);

#endif
