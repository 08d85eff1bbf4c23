// Reading a JSON object into variables, by a table of fields.
#include <stdlib.h>
#include <string.h>

#include "json_scan.h"

// One reading: the table, what was seen of it, and whom it is for.
typedef struct reading {
    ms_call *call;
    ms_json_scan scan;
    const ms_json_field *fields;
    size_t count;
    bool is_config;
    bool seen[MS_JSON_FIELDS_MAX];
} reading;

// Sets the reason of the failure, in the words for a payload or for a configuration.
static bool unexpected(reading *r, const char *format, ...) MS_PRINTF(2, 3);

static bool unexpected(reading *r, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    ms_slice text = ms_vformat(r->call, format, arguments);
    va_end(arguments);
    ms_set_reason(r->call, "%s%.*s", r->is_config ? "" : "unexpected JSON: ", MS_ARG(text));
    return false;
}

// The problem of the scan, with its place.
static bool malformed(reading *r) {
    size_t line = 1, column = 1;
    for (const char *at = r->scan.begin; at < r->scan.at; at++) {
        column = *at == '\n' ? 1 : column + 1;
        line += *at == '\n';
    }
    ms_set_reason(r->call, "malformed JSON: %s at line %zu column %zu", r->scan.problem, line, column);
    return false;
}

static bool is_wrong(reading *r, const char *name, const ms_json_token *found, const char *wanted) {
    switch (found->kind) {
        case '{': return unexpected(r, "%s is an object, must be %s", name, wanted);
        case '[': return unexpected(r, "%s is an array, must be %s", name, wanted);
        case '"': return unexpected(r, "%s is a text, must be %s", name, wanted);
        case 'n': return unexpected(r, "%s is null, must be %s", name, wanted);
        default:
            return unexpected(r, "%s is %.*s, must be %s", name, MS_ARG(found->text), wanted);
    }
}

// The number as a whole one that fits; false when it is not.
static bool whole(const ms_json_token *token, int64_t *to) {
    bool negative = token->text.data[0] == '-';
    uint64_t value = 0, most = (uint64_t)INT64_MAX + negative;
    if (token->complex) return false;
    for (size_t i = negative; i < token->text.length; i++) {
        uint64_t digit = (uint64_t)(token->text.data[i] - '0');
        if (value > (most - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *to = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

static double real(ms_call *call, ms_slice text) {
    char *copy = ms_alloc(call, text.length + 1);
    memcpy(copy, text.data, text.length);
    copy[text.length] = 0;
    return strtod(copy, NULL);
}

static bool take_number(reading *r, const ms_json_field *field, const ms_json_token *token) {
    int64_t number;
    switch (field->type) {
        case MS_JSON_INT64:
            if (token->kind != '0' || !whole(token, &number))
                return is_wrong(r, field->name, token, "a whole number");
            *(int64_t *)field->to = number;
            return true;
        case MS_JSON_UINT32:
            if (token->kind != '0' || !whole(token, &number) || number < 0 || number > UINT32_MAX)
                return is_wrong(r, field->name, token, "a whole number from 0 to 4294967295");
            *(uint32_t *)field->to = (uint32_t)number;
            return true;
        default:
            if (token->kind != '0') return is_wrong(r, field->name, token, "a number");
            *(double *)field->to = real(r->call, token->text);
            return true;
    }
}

static bool take(reading *r, const ms_json_field *field, const ms_json_token *token) {
    bool null = token->kind == 'n';
    if (field->is_null) {
        *field->is_null = null;
        if (null) return true;
    }
    switch (field->type) {
        case MS_JSON_TEXT:
            if (token->kind != '"') return is_wrong(r, field->name, token, "a text");
            *(ms_slice *)field->to =
                token->complex ? ms_json_unescaped(r->call, token->text) : token->text;
            return true;
        case MS_JSON_BOOL:
            if (token->kind != 't') return is_wrong(r, field->name, token, "true or false");
            *(bool *)field->to = token->text.data[0] == 't';
            return true;
        case MS_JSON_VALUE:
            if (null) return is_wrong(r, field->name, token, "a value");
            // A string's token lacks its quotes.
            *(ms_slice *)field->to =
                token->kind == '"' ? (ms_slice){token->text.data - 1, token->text.length + 2} : token->text;
            return true;
        default: return take_number(r, field, token);
    }
}

static bool take_member(reading *r, const ms_json_token *name, const ms_json_token *value) {
    ms_slice text = name->complex ? ms_json_unescaped(r->call, name->text) : name->text;
    for (size_t i = 0; i < r->count; i++) {
        const ms_json_field *field = &r->fields[i];
        if (text.length != strlen(field->name) || memcmp(text.data, field->name, text.length)) continue;
        if (r->seen[i]) return unexpected(r, "%s stands there twice", field->name);
        r->seen[i] = true;
        return take(r, field, value);
    }
    return !r->is_config || unexpected(r, "unknown setting `%.*s`", MS_ARG(text));
}

// The first thing that is wrong with a field is told only if the rest is JSON at all.
static bool object(reading *r) {
    ms_json_scan *scan = &r->scan;
    bool fits = true;
    scan->at++;
    ms_json_space(scan);
    if (scan->at < scan->end && *scan->at == '}') return scan->at++, true;
    for (;;) {
        ms_json_token name, value;
        if (scan->at == scan->end || *scan->at != '"')
            return ms_json_wrong(scan, "expected a name in quotes");
        if (!ms_json_string(scan, &name)) return false;
        ms_json_space(scan);
        if (scan->at == scan->end || *scan->at != ':') return ms_json_wrong(scan, "expected `:`");
        scan->at++;
        ms_json_space(scan);
        if (!ms_json_value(scan, &value)) return false;
        fits = fits && take_member(r, &name, &value);
        ms_json_space(scan);
        char next = scan->at < scan->end ? *scan->at : 0;
        if (next != '}' && next != ',') return ms_json_wrong(scan, "expected `,` or the end");
        scan->at++;
        if (next == '}') return fits;
        ms_json_space(scan);
    }
}

static bool all_there(reading *r) {
    for (size_t i = 0; i < r->count; i++)
        if (!r->seen[i] && !r->fields[i].optional)
            return unexpected(r, "missing field `%s`", r->fields[i].name);
    return true;
}

static bool read_object(reading *r) {
    ms_json_scan *scan = &r->scan;
    ms_slice text = {scan->begin, (size_t)(scan->end - scan->begin)};
    ms_json_token token;
    if (r->count > MS_JSON_FIELDS_MAX) ms_panic("a table of %zu fields", r->count);
    size_t end = ms_utf8_end(text);
    if (end < text.length) {
        ms_set_reason(r->call, "malformed JSON: not UTF-8 at byte %zu", end);
        return false;
    }
    ms_json_space(scan);
    bool is_object = scan->at < scan->end && *scan->at == '{';
    bool fits = is_object ? object(r) : ms_json_value(scan, &token);
    if (scan->problem) return malformed(r);
    ms_json_space(scan);
    if (scan->at < scan->end) return ms_json_wrong(scan, "expected the end"), malformed(r);
    if (!is_object) return is_wrong(r, "it", &token, "an object");
    return fits && all_there(r);
}

static reading reading_of(ms_call *call, ms_slice json, const ms_json_field *fields, size_t count) {
    const char *data = json.length ? json.data : "";
    return (reading){
        .call = call,
        .scan = {data, data, data + json.length, NULL},
        .fields = fields,
        .count = count,
    };
}

bool ms_json_read(ms_call *call, ms_slice json, const ms_json_field *fields, size_t count) {
    reading r = reading_of(call, json, fields, count);
    return read_object(&r);
}

bool ms_config_read(ms_call *call, ms_slice config, const ms_json_field *fields, size_t count) {
    reading r = reading_of(call, config, fields, count);
    r.is_config = true;
    return read_object(&r);
}

bool ms_json_next(ms_slice *array, ms_slice *item) {
    ms_json_scan scan = {array->data, array->data, array->data + array->length, NULL};
    ms_json_token token;
    // Behind the bracket at first, behind a comma from then on.
    if (scan.at == scan.end || (*scan.at != '[' && *scan.at != ',')) return false;
    scan.at++;
    ms_json_space(&scan);
    const char *from = scan.at;
    if (!ms_json_value(&scan, &token)) return false;
    *item = (ms_slice){from, (size_t)(scan.at - from)};
    ms_json_space(&scan);
    *array = (ms_slice){scan.at, (size_t)(scan.end - scan.at)};
    return true;
}
