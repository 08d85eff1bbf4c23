// Says what it is told, louder.
#include <ctype.h>
#include <string.h>

#include "millstream.h"

// What every text ends with; the plugin's config in the pipeline file.
static char suffix[10];
static size_t suffix_length;

static bool configure(ms_slice config, ms_call *call) {
    ms_slice given = MS("");
    const ms_json_field settings[] = {
        {.name = "suffix", .type = MS_JSON_TEXT, .to = &given, .optional = true},
    };
    if (!ms_config_read(call, config, settings, sizeof settings / sizeof *settings)) return false;
    if (given.length > sizeof suffix)
        return ms_refuse(call, "suffix has %zu bytes, at most %zu are allowed", given.length, sizeof suffix);
    // `given` lives until this function returns.
    memcpy(suffix, given.data, given.length);
    suffix_length = given.length;
    return true;
}

static ms_outcome shout(const ms_message *message, ms_call *call) {
    ms_slice text = message->payload;
    if (!ms_check_text(call, text)) return MS_REJECT;  // not UTF-8: a dead letter that says so
    if (text.length == 0) return ms_reject(call, "nothing to shout");  // a dead letter with this reason
    ms_log(MS_DEBUG, "shouting %zu bytes", text.length);
    char *loud = ms_alloc(call, text.length);
    for (size_t i = 0; i < text.length; i++) loud[i] = (char)toupper((unsigned char)text.data[i]);
    ms_push(call, (ms_slice){loud, text.length});
    ms_append(call, (ms_slice){suffix, suffix_length});
    ms_key(call, message->key);
    return MS_OK;  // the output is published and the message done, both or neither
}

const ms_plugin millstream_plugin = {.handle = shout, .configure = configure};
