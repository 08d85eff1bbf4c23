// Log records, and the last words of a panic.
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

// Fields of one record; more are left out.
#define FIELDS_MAX 32

static int32_t current = -1;

void ms_log_at(int32_t index) { current = index; }

// Room for the record being written, used again for the next.
static ms_buffer texts;

// Where a text lies in `texts`: that moves while it grows.
typedef struct place {
    size_t from, length;
} place;

static place put(ms_slice text) {
    size_t from = texts.length;
    ms_put_valid(&texts, text, false);
    return (place){from, texts.length - from};
}

static ms_slice at(place place) {
    return (ms_slice){(const char *)texts.data + place.from, place.length};
}

static void write_record(ms_level level, const ms_field *fields, size_t count, const char *format,
                         va_list arguments) {
    place names[FIELDS_MAX + 1], values[FIELDS_MAX + 1];
    ms_wire_field wire[FIELDS_MAX + 1];
    static ms_buffer formatted;
    char position[16];
    if (count > FIELDS_MAX) count = FIELDS_MAX;
    texts.length = formatted.length = 0;
    ms_buffer_vprintf(&formatted, format, arguments);
    place text = put(ms_buffer_slice(&formatted, 0));
    for (size_t i = 0; i < count; i++) {
        names[i] = put(ms_string(fields[i].name));
        values[i] = put(fields[i].value);
    }
    for (size_t i = 0; i < count; i++) wire[i] = (ms_wire_field){at(names[i]), at(values[i])};
    if (current >= 0) {
        // Which message it is about; the host replaces the position by the id.
        snprintf(position, sizeof position, "%d", (int)current);
        wire[count++] = (ms_wire_field){MS("millstream-index"), ms_string(position)};
    }
    ms_log_write(level, at(text), wire, count);
}

void ms_log(ms_level level, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    write_record(level, NULL, 0, format, arguments);
    va_end(arguments);
}

void ms_log_with(ms_level level, const ms_field *fields, size_t count, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    write_record(level, fields, count, format, arguments);
    va_end(arguments);
}

void ms_panic_at(const char *file, int line, const char *format, ...) {
    // On the stack: there may be no memory left.
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ms_log(MS_ERROR, "panicked at %s:%d: %s", file, line, text);
#ifdef __wasm__
    __builtin_trap();
#else
    abort();
#endif
}

#ifdef __wasm__
_Noreturn void ms_assert_fail(const char *condition, const char *file, int line,
                              const char *function) {
    ms_panic_at(file, line, "assertion failed in %s: %s", function, condition);
}
#else
void ms_log_write(ms_level level, ms_slice text, const ms_wire_field *fields, size_t count) {
    static const char *const levels[] = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR"};
    fprintf(stderr, "%s %.*s", levels[level], MS_ARG(text));
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, " %.*s=%.*s", MS_ARG(fields[i].name), MS_ARG(fields[i].value));
    fputc('\n', stderr);
}
#endif
