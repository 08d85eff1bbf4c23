// Walking through a JSON text. Its UTF-8 is checked before.
#include "json_scan.h"

#include <string.h>

bool ms_json_wrong(ms_json_scan *scan, const char *problem) {
    if (!scan->problem) scan->problem = problem;
    return false;
}

void ms_json_space(ms_json_scan *scan) {
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
        scan->at++;
}

// The next byte, or 0 at the end.
static char peek(const ms_json_scan *scan) { return scan->at < scan->end ? *scan->at : 0; }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool digits(ms_json_scan *scan) {
    if (!is_digit(peek(scan))) return ms_json_wrong(scan, "expected a digit");
    while (is_digit(peek(scan))) scan->at++;
    return true;
}

static bool number(ms_json_scan *scan, ms_json_token *token) {
    const char *from = scan->at;
    if (peek(scan) == '-') scan->at++;
    if (peek(scan) == '0')
        scan->at++;
    else if (!digits(scan))
        return false;
    if (peek(scan) == '.') {
        token->complex = true;
        scan->at++;
        if (!digits(scan)) return false;
    }
    if (peek(scan) == 'e' || peek(scan) == 'E') {
        token->complex = true;
        scan->at++;
        if (peek(scan) == '+' || peek(scan) == '-') scan->at++;
        if (!digits(scan)) return false;
    }
    token->text = (ms_slice){from, (size_t)(scan->at - from)};
    return true;
}

// The four digits behind \u, or -1.
static int32_t unit(const char *at, const char *end) {
    if (end - at < 4) return -1;
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = is_digit(c)              ? c - '0'
                    : (c >= 'a' && c <= 'f') ? c - 'a' + 10
                    : (c >= 'A' && c <= 'F') ? c - 'A' + 10
                                             : -1;
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

// Passes what stands behind a backslash.
static bool escape(ms_json_scan *scan) {
    if (peek(scan) != 'u') {
        if (!peek(scan) || !strchr("\"\\/bfnrt", *scan->at))
            return ms_json_wrong(scan, "unknown escape");
        scan->at++;
        return true;
    }
    int32_t first = unit(scan->at + 1, scan->end);
    if (first < 0) return ms_json_wrong(scan, "expected four hexadecimal digits");
    if (first >= 0xDC00 && first <= 0xDFFF) return ms_json_wrong(scan, "lone surrogate");
    scan->at += 5;
    if (first < 0xD800 || first > 0xDBFF) return true;
    int32_t second = scan->end - scan->at > 2 && scan->at[0] == '\\' && scan->at[1] == 'u'
                         ? unit(scan->at + 2, scan->end)
                         : -1;
    if (second < 0xDC00 || second > 0xDFFF) return ms_json_wrong(scan, "lone surrogate");
    scan->at += 6;
    return true;
}

bool ms_json_string(ms_json_scan *scan, ms_json_token *token) {
    const char *from = ++scan->at;
    token->complex = false;
    while (scan->at < scan->end && *scan->at != '"') {
        if ((unsigned char)*scan->at < ' ') return ms_json_wrong(scan, "control character in text");
        if (*scan->at++ != '\\') continue;
        token->complex = true;
        if (!escape(scan)) return false;
    }
    if (scan->at == scan->end) return ms_json_wrong(scan, "the text ends within a string");
    token->text = (ms_slice){from, (size_t)(scan->at - from)};
    scan->at++;
    return true;
}

static bool word(ms_json_scan *scan, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length))
        return ms_json_wrong(scan, "expected a value");
    scan->at += length;
    return true;
}

static bool nested(ms_json_scan *scan, int depth, ms_json_token *token);

// Members of an object or items of an array, up to `close`.
static bool members(ms_json_scan *scan, int depth, char close) {
    ms_json_token token;
    scan->at++;
    ms_json_space(scan);
    if (peek(scan) == close) return scan->at++, true;
    for (;;) {
        if (close == '}') {
            if (peek(scan) != '"') return ms_json_wrong(scan, "expected a name in quotes");
            if (!ms_json_string(scan, &token)) return false;
            ms_json_space(scan);
            if (peek(scan) != ':') return ms_json_wrong(scan, "expected `:`");
            scan->at++;
            ms_json_space(scan);
        }
        if (!nested(scan, depth, &token)) return false;
        ms_json_space(scan);
        if (peek(scan) == close) return scan->at++, true;
        if (peek(scan) != ',') return ms_json_wrong(scan, "expected `,` or the end");
        scan->at++;
        ms_json_space(scan);
    }
}

static bool nested(ms_json_scan *scan, int depth, ms_json_token *token) {
    const char *from = scan->at;
    bool good;
    *token = (ms_json_token){.kind = peek(scan)};
    switch (token->kind) {
        case '{':
        case '[':
            // Each level takes some of the stack.
            if (depth == MS_JSON_DEPTH_MAX) return ms_json_wrong(scan, "nested too deep");
            good = members(scan, depth + 1, token->kind == '{' ? '}' : ']');
            break;
        case '"': return ms_json_string(scan, token);
        case 't': good = word(scan, "true"); break;
        case 'f':
            token->kind = 't';
            good = word(scan, "false");
            break;
        case 'n': good = word(scan, "null"); break;
        case 0:
            if (scan->at == scan->end) return ms_json_wrong(scan, "the text ends where a value must be");
            return ms_json_wrong(scan, "expected a value");
        default:
            if (token->kind != '-' && !is_digit(token->kind))
                return ms_json_wrong(scan, "expected a value");
            token->kind = '0';
            return number(scan, token);
    }
    token->text = (ms_slice){from, (size_t)(scan->at - from)};
    return good;
}

bool ms_json_value(ms_json_scan *scan, ms_json_token *token) { return nested(scan, 0, token); }

static char *put_utf8(char *out, int32_t point) {
    if (point < 0x80) {
        *out++ = (char)point;
    } else if (point < 0x800) {
        *out++ = (char)(0xC0 | point >> 6);
        *out++ = (char)(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        *out++ = (char)(0xE0 | point >> 12);
        *out++ = (char)(0x80 | (point >> 6 & 0x3F));
        *out++ = (char)(0x80 | (point & 0x3F));
    } else {
        *out++ = (char)(0xF0 | point >> 18);
        *out++ = (char)(0x80 | (point >> 12 & 0x3F));
        *out++ = (char)(0x80 | (point >> 6 & 0x3F));
        *out++ = (char)(0x80 | (point & 0x3F));
    }
    return out;
}

ms_slice ms_json_unescaped(ms_call *call, ms_slice text) {
    // No escape is shorter than what it stands for.
    char *begin = ms_alloc(call, text.length), *out = begin;
    const char *at = text.data, *end = at + text.length;
    while (at < end) {
        if (*at != '\\') {
            *out++ = *at++;
            continue;
        }
        static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
        const char *name = strchr(names, at[1]);
        if (at[1] == 'u') {
            int32_t point = unit(at + 2, end);
            at += 6;
            if (point >= 0xD800 && point <= 0xDBFF) {
                point = 0x10000 + ((point - 0xD800) << 10) + (unit(at + 2, end) - 0xDC00);
                at += 6;
            }
            out = put_utf8(out, point);
            continue;
        }
        *out++ = name ? values[name - names] : at[1];
        at += 2;
    }
    return (ms_slice){begin, (size_t)(out - begin)};
}
