// UTF-8: the host treats a text that is not as a trap, so it is checked before it goes out.
#include <string.h>

#include "internal.h"

// The length of the character at `at`, or 0 when there is none: no overlong form, no surrogate,
// nothing above U+10FFFF.
static size_t character(const unsigned char *at, size_t left) {
    unsigned char first = at[0];
    if (first < 0x80) return 1;
    size_t length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (!length || length > left) return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xC0) != 0x80) return 0;
    if ((first == 0xE0 && at[1] < 0xA0) || (first == 0xED && at[1] > 0x9F)) return 0;
    if ((first == 0xF0 && at[1] < 0x90) || (first == 0xF4 && at[1] > 0x8F)) return 0;
    return length;
}

size_t ms_utf8_end(ms_slice bytes) {
    const unsigned char *data = (const unsigned char *)bytes.data;
    size_t at = 0;
    while (at < bytes.length) {
        uint64_t eight;
        // Most text is ASCII: eight bytes at a time.
        if (bytes.length - at >= sizeof eight) {
            memcpy(&eight, data + at, sizeof eight);
            if (!(eight & 0x8080808080808080u)) {
                at += sizeof eight;
                continue;
            }
        }
        size_t length = character(data + at, bytes.length - at);
        if (!length) return at;
        at += length;
    }
    return at;
}

void ms_put_valid(ms_buffer *buffer, ms_slice text, bool one_line) {
    size_t from = buffer->length;
    while (text.length) {
        size_t valid = ms_utf8_end(text);
        ms_buffer_put(buffer, text.data, valid);
        text.data += valid;
        text.length -= valid;
        if (text.length) {
            ms_buffer_put(buffer, "\xEF\xBF\xBD", 3);
            text.data++;
            text.length--;
        }
    }
    char *out = buffer->data;
    for (size_t i = from; one_line && i < buffer->length; i++)
        if (out[i] == '\n' || out[i] == '\r') out[i] = ' ';
}

ms_slice ms_string(const char *text) { return (ms_slice){text, strlen(text)}; }

bool ms_equal(ms_slice one, ms_slice other) {
    return one.length == other.length && (!one.length || !memcmp(one.data, other.data, one.length));
}
