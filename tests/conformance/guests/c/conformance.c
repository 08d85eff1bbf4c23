// Does what a message's header `do` says: the guest of tests/conformance in C.
#include "millstream.h"

#include <stdlib.h>
#include <string.h>

// The configuration. What it points to lives until configure returns, so it is copied.
static struct {
    ms_slice text, list, object;
    double number;
    bool truth;
} config = {MS("unset"), MS("[]"), MS("{}"), 0, false};

static ms_slice kept(ms_slice text) {
    char *copy = malloc(text.length);
    if (copy == NULL) ms_panic("no memory for the configuration");
    memcpy(copy, text.data, text.length);
    return (ms_slice){copy, text.length};
}

static bool configure(ms_slice json, ms_call *call) {
    ms_slice refuse = MS("");
    const ms_json_field settings[] = {
        {.name = "refuse", .type = MS_JSON_TEXT, .to = &refuse, .optional = true},
        {.name = "text", .type = MS_JSON_TEXT, .to = &config.text, .optional = true},
        {.name = "number", .type = MS_JSON_NUMBER, .to = &config.number, .optional = true},
        {.name = "truth", .type = MS_JSON_BOOL, .to = &config.truth, .optional = true},
        {.name = "list", .type = MS_JSON_VALUE, .to = &config.list, .optional = true},
        {.name = "object", .type = MS_JSON_VALUE, .to = &config.object, .optional = true},
    };
    if (!ms_config_read(call, json, settings, sizeof settings / sizeof *settings)) return false;
    if (refuse.length > 0) return ms_refuse(call, "%.*s", MS_ARG(refuse));
    config.text = kept(config.text);
    config.list = kept(config.list);
    config.object = kept(config.object);
    return true;
}

// The value of a header; empty where there is none.
static ms_slice header(const ms_message *message, const char *name) {
    const ms_slice *value = ms_header_of(message, name);
    return value == NULL ? MS("") : *value;
}

static uint32_t number(const ms_message *message, ms_call *call, const char *name) {
    // A text that ends with a zero.
    return (uint32_t)strtoul(ms_format(call, "%.*s", MS_ARG(header(message, name))).data, NULL, 10);
}

// The header `why`, or the payload where there is none.
static ms_slice why(const ms_message *message) {
    const ms_slice *reason = ms_header_of(message, "why");
    return reason == NULL ? message->payload : *reason;
}

static ms_outcome echo(const ms_message *message, ms_call *call) {
    ms_push(call, message->payload);
    ms_key(call, message->key);
    for (size_t i = 0; i < message->header_count; i++) {
        const ms_header *one = &message->headers[i];
        if (!ms_equal(one->name, MS("do"))) ms_header_add(call, one->name, one->value);
    }
    return MS_OK;
}

static ms_outcome forward(const ms_message *message, ms_call *call) {
    (void)message;
    ms_forward(call);
    return MS_OK;
}

static ms_outcome describe(const ms_message *message, ms_call *call) {
    unsigned char xor = 0;
    for (size_t i = 0; i < message->payload.length; i++) xor ^= (unsigned char)message->payload.data[i];
    ms_push(call, message->key.length > 0 ? MS("key=") : MS("key=none"));
    for (size_t i = 0; i < message->key.length; i++)
        ms_append(call, ms_format(call, "%02x", (unsigned char)message->key.data[i]));
    ms_append(call, ms_format(call, " headers=%zu topic=%.*s attempt=%u bytes=%zu xor=%02x", message->header_count,
                              MS_ARG(message->topic), message->attempt, message->payload.length, xor));
    return MS_OK;
}

static ms_outcome id(const ms_message *message, ms_call *call) {
    ms_push(call, message->id);
    return MS_OK;
}

static ms_outcome time(const ms_message *message, ms_call *call) {
    ms_pushf(call, "%llu", (unsigned long long)message->published_ms);
    return MS_OK;
}

static ms_outcome emit(const ms_message *message, ms_call *call) {
    uint32_t n = number(message, call, "n");
    for (uint32_t i = 0; i < n; i++) ms_pushf(call, "%u", i);
    return MS_OK;
}

static ms_outcome route(const ms_message *message, ms_call *call) {
    ms_push(call, message->payload);
    ms_topic(call, header(message, "to"));
    return MS_OK;
}

static ms_outcome delay(const ms_message *message, ms_call *call) {
    ms_push(call, message->payload);
    ms_delay(call, number(message, call, "ms"));
    return MS_OK;
}

static ms_outcome key(const ms_message *message, ms_call *call) {
    ms_push(call, message->payload);
    ms_key(call, header(message, "key"));
    return MS_OK;
}

static ms_outcome headers(const ms_message *message, ms_call *call) {
    uint32_t n = number(message, call, "n");
    ms_push(call, MS(""));
    for (uint32_t i = 0; i < n; i++)
        ms_header_add(call, ms_format(call, "h-%u", i), ms_format(call, "%u", i));
    return MS_OK;
}

static ms_outcome record(const ms_message *message, ms_call *call) {
    static const char *const levels[] = {"trace", "debug", "info", "warn", "error"};
    const ms_field color = {.name = "color", .value = MS("blue")};
    (void)call;
    for (int level = MS_TRACE; level <= MS_ERROR; level++)
        if (ms_equal(header(message, "level"), ms_string(levels[level])))
            ms_log_with((ms_level)level, &color, 1, "%.*s", MS_ARG(message->payload));
    return MS_OK;
}

static ms_outcome setting(const ms_message *message, ms_call *call) {
    ms_slice name = header(message, "name");
    if (ms_equal(name, MS("text"))) ms_push(call, config.text);
    if (ms_equal(name, MS("number"))) ms_pushf(call, "%g", config.number);
    if (ms_equal(name, MS("truth"))) ms_push(call, config.truth ? MS("true") : MS("false"));
    if (ms_equal(name, MS("list"))) ms_push(call, config.list);
    if (ms_equal(name, MS("object"))) ms_push(call, config.object);
    return MS_OK;
}

static ms_outcome reject(const ms_message *message, ms_call *call) {
    return ms_reject(call, "%.*s", MS_ARG(why(message)));
}

static ms_outcome retry(const ms_message *message, ms_call *call) {
    if (ms_header_of(message, "ms") == NULL) return ms_retry(call, "%.*s", MS_ARG(why(message)));
    return ms_retry_after(call, number(message, call, "ms"), "%.*s", MS_ARG(why(message)));
}

static ms_outcome retry_before(const ms_message *message, ms_call *call) {
    if (message->attempt < number(message, call, "n"))
        return ms_retry_after(call, 0, "%.*s", MS_ARG(why(message)));
    ms_pushf(call, "%u", message->attempt);
    return MS_OK;
}

static void push_dropped(ms_call *call) {
    ms_push(call, MS("dropped"));
    ms_key(call, MS("dropped"));
    ms_header_add(call, MS("dropped"), MS("yes"));
}

static ms_outcome emit_then_reject(const ms_message *message, ms_call *call) {
    push_dropped(call);
    return reject(message, call);
}

static ms_outcome emit_then_retry(const ms_message *message, ms_call *call) {
    push_dropped(call);
    return retry(message, call);
}

static ms_outcome trap(const ms_message *message, ms_call *call) {
    (void)call;
    ms_panic("%.*s", MS_ARG(why(message)));
}

static ms_outcome nothing(const ms_message *message, ms_call *call) {
    (void)message, (void)call;
    return MS_OK;
}

static const struct {
    const char *name;
    ms_outcome (*handle)(const ms_message *message, ms_call *call);
} commands[] = {
    {"nothing", nothing},
    {"echo", echo},
    {"forward", forward},
    {"describe", describe},
    {"id", id},
    {"time", time},
    {"emit", emit},
    {"route", route},
    {"delay", delay},
    {"key", key},
    {"headers", headers},
    {"log", record},
    {"config", setting},
    {"reject", reject},
    {"retry", retry},
    {"retry before", retry_before},
    {"emit then reject", emit_then_reject},
    {"emit then retry", emit_then_retry},
    {"trap", trap},
};

static ms_outcome obey(const ms_message *message, ms_call *call) {
    ms_slice command = header(message, "do");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (ms_equal(command, ms_string(commands[i].name))) return commands[i].handle(message, call);
    return ms_reject(call, "unknown: %.*s", MS_ARG(command));
}

const ms_plugin millstream_plugin = {.handle = obey, .configure = configure};
