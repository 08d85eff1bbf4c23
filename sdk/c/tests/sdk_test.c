// The SDK's own tests: natively, by `make test`.
#include "../src/internal.h"
#include "check.h"

// --- What a message holds.

HANDLER(describe) {
    const ms_slice *kind = ms_header_of(message, "Kind");
    ms_pushf(call, "%.*s %.*s %.*s %.*s %llu %u %zu %.*s", MS_ARG(message->id), MS_ARG(message->topic),
             MS_ARG(message->key), MS_ARG(message->payload), (unsigned long long)message->published_ms,
             message->attempt, message->header_count, MS_ARG(*kind));
    return ms_header_of(message, "none") ? MS_REJECT : MS_OK;
}

static void a_message_has_what_the_columns_hold(void) {
    ms_header headers[] = {{MS("a"), MS("1")}, {MS("kind"), MS("x")}, {MS("kind"), MS("y")}};
    const ms_tested *answer = ANSWER(describe, .id = MS("i"), .topic = MS("t"), .key = MS("k"),
                                     .payload = MS("p"), .published_ms = 15, .attempt = 2,
                                     .headers = headers, .header_count = 3);
    CHECK(answer->outcome == MS_OK && is(answer->outputs[0].payload, "i t k p 15 2 3 x"));
}

// --- Outputs.

HANDLER(three) {
    (void)message;
    ms_push(call, MS("a"));
    ms_push(call, MS("b"));
    ms_append(call, MS("c"));
    ms_key(call, MS("k"));
    ms_key(call, MS("kk"));
    ms_topic(call, MS("t"));
    ms_header_add(call, MS("x"), MS("1"));
    ms_header_add(call, MS("x"), MS("2"));
    ms_delay(call, 7);
    ms_push(call, MS(""));
    return MS_OK;
}

static void what_one_output_sets_the_others_lack(void) {
    const ms_tested *answer = ANSWER(three, .payload = MS("x"));
    const ms_tested_output *b = &answer->outputs[1], *last = &answer->outputs[2];
    CHECK(answer->output_count == 3 && is(answer->outputs[0].payload, "a"));
    CHECK(is(b->payload, "bc") && is(b->key, "kk") && is(b->topic, "t") && b->delay_ms == 7);
    CHECK(b->header_count == 2 && is(b->headers[1].name, "x") && is(b->headers[1].value, "2"));
    CHECK(is(last->payload, "") && is(last->key, "") && last->header_count == 0 && last->delay_ms == 0);
    CHECK(answer->outputs[0].header_count == 0 && answer->outputs[0].delay_ms == 0);
}

HANDLER(forward) {
    (void)message;
    ms_forward(call);
    return MS_OK;
}

static void forward_hands_on_payload_key_and_headers(void) {
    ms_header headers[] = {{MS("a"), MS("1")}};
    const ms_tested *answer =
        ANSWER(forward, .payload = MS("p"), .key = MS("k"), .topic = MS("t"), .headers = headers, .header_count = 1);
    const ms_tested_output *output = &answer->outputs[0];
    CHECK(is(output->payload, "p") && is(output->key, "k") && is(output->topic, ""));
    CHECK(output->header_count == 1 && is(output->headers[0].value, "1"));
}


HANDLER(fail_in_the_middle) {
    ms_push(call, message->payload);
    ms_header_add(call, MS("h"), message->payload);
    ms_delay(call, 5);
    if (ms_equal(message->payload, MS("bad"))) return ms_retry_after(call, 9, "no\n%s", "\xff!");
    return MS_OK;
}

// Three messages at once, straight through the columns.
static void outputs_of_a_failing_message_are_dropped(void) {
    uint32_t offsets[] = {0, 1, 4, 5}, none[] = {0, 0, 0, 0}, attempts[] = {1, 1, 1};
    uint64_t times[] = {0, 0, 0};
    ms_column empty = {none, ""};
    ms_batch batch = {MS("t"), empty, empty, {offsets, "abadc"}, none, {none, ""}, {none, ""}, times, attempts, 3};
    static ms_call call;
    // Twice: the room is used again, without what was in it.
    for (int round = 0; round < 2; round++) {
        ms_handle(&(ms_plugin){.handle = fail_in_the_middle}, &batch, &call);
        ms_answer *a = &call.answer;
        const uint32_t *starts = a->starts.data, *delays = a->retry_delays_ms.data, *waits = a->delays_ms.data;
        const char *outcomes = a->outcomes.data;
        CHECK(outcomes[0] == MS_OK && outcomes[1] == MS_RETRY && outcomes[2] == MS_OK);
        CHECK(starts[0] == 0 && starts[1] == 1 && starts[2] == 1 && starts[3] == 2);
        CHECK(a->starts.length == 16 && a->delays_ms.length == 8 && waits[0] == 5 && waits[1] == 5);
        CHECK(a->retry_delays_ms.length == 12 && delays[0] == 0 && delays[1] == 9 && delays[2] == 0);
        CHECK(a->payloads.count == 2 && a->names.count == 2 && a->header_starts.length == 12);
        CHECK(is(ms_buffer_slice(&a->reasons.data, 0), "no \xEF\xBF\xBD!"));
    }
}

HANDLER(nothing) {
    (void)message, (void)call;
    return MS_OK;
}

static void columns_that_nobody_used_stay_empty(void) {
    static ms_call call;
    uint32_t none[] = {0, 0}, attempts[] = {1};
    uint64_t times[] = {0};
    ms_batch batch = {MS("t"), {none, ""}, {none, ""}, {none, ""}, none, {none, ""}, {none, ""}, times, attempts, 1};
    ms_handle(&(ms_plugin){.handle = three}, &batch, &call);
    ms_handle(&(ms_plugin){.handle = nothing}, &batch, &call);
    ms_answer *a = &call.answer;
    CHECK(!a->payloads.offsets.length && !a->keys.offsets.length && !a->reasons.offsets.length);
    CHECK(!a->header_starts.length && !a->delays_ms.length && !a->retry_delays_ms.length);
}

// --- Failures.

HANDLER(fail) {
    ms_push(call, MS("dropped"));
    if (ms_equal(message->payload, MS("retry"))) return ms_retry(call, "later");
    if (ms_equal(message->payload, MS("now"))) return ms_retry_after(call, 0, "again");
    if (!ms_check_text(call, message->payload)) return MS_REJECT;
    return ms_reject(call, "order %d", 7);
}

static void failures_say_what_to_do(void) {
    const ms_tested *answer = ANSWER(fail, .payload = MS("retry"));
    CHECK(answer->outcome == MS_RETRY && is(answer->reason, "later") && answer->retry_delay_ms == 0);
    CHECK(answer->output_count == 0);
    answer = ANSWER(fail, .payload = MS("now"));
    CHECK(answer->outcome == MS_RETRY && answer->retry_delay_ms == 1);
    answer = ANSWER(fail, .payload = MS("x"));
    CHECK(answer->outcome == MS_REJECT && is(answer->reason, "order 7"));
    answer = ANSWER(fail, .payload = MS("\xC3\xA9\xff"));
    CHECK(answer->outcome == MS_REJECT && is(answer->reason, "not UTF-8 at byte 2"));
}

HANDLER(bad_text) {
    ms_push(call, MS(""));
    if (ms_equal(message->payload, MS("key"))) ms_key(call, MS("a\xff"));
    if (ms_equal(message->payload, MS("topic"))) ms_topic(call, MS("\xff"));
    if (ms_equal(message->payload, MS("name"))) ms_header_add(call, MS("\xff"), MS(""));
    if (ms_equal(message->payload, MS("header"))) ms_header_add(call, MS("a"), MS("\xff"));
    if (ms_equal(message->payload, MS("json"))) ms_json_put_text(call, NULL, MS("\xff"));
    if (ms_equal(message->payload, MS("number"))) ms_json_put_number(call, NULL, 1e308 * 10);
    return MS_OK;
}

static void a_text_that_is_not_utf8_rejects_its_message(void) {
    const char *kinds[] = {"key", "topic", "name", "header", "json", "number"};
    for (size_t i = 0; i < 6; i++) {
        const ms_tested *answer = ANSWER(bad_text, .payload = ms_string(kinds[i]));
        CHECK(answer->outcome == MS_REJECT && answer->output_count == 0);
        CHECK(answer->reason.length > 10 && !memcmp(answer->reason.data, "an output's ", 12));
    }
    CHECK(is(ANSWER(bad_text, .payload = MS("key"))->reason, "an output's key is not UTF-8 at byte 1"));
    CHECK(ANSWER(bad_text, .payload = MS("none"))->outcome == MS_OK);
}

static void utf8_is_checked_by_the_letter(void) {
    ms_slice good[] = {MS(""), MS("plain text, long enough"), MS("\xC2\x80 \xE0\xA0\x80 \xF0\x90\x80\x80 \xF4\x8F\xBF\xBF")};
    ms_slice bad[] = {MS("\x80"), MS("\xC1\x81"), MS("\xE0\x9F\xBF"), MS("\xED\xA0\x80"), MS("\xF0\x8F\xBF\xBF"),
                      MS("\xF4\x90\x80\x80"), MS("\xF5\x80\x80\x80"), MS("\xE2\x82"), MS("\xC3(")};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) CHECK(ms_utf8_end(good[i]) == good[i].length);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK(ms_utf8_end(bad[i]) == 0);
    CHECK(ms_utf8_end(MS("12345678\xff")) == 8);
}

// --- Configuration.

static double longest = 80;

static bool configure(ms_slice config, ms_call *call) {
    ms_json_field fields[] = {{.name = "longest", .type = MS_JSON_NUMBER, .to = &longest, .optional = true}};
    if (!ms_config_read(call, config, fields, 1)) return false;
    return longest >= 1 || ms_refuse(call, "longest is %g", longest);
}

static void a_configuration_that_does_not_fit_is_refused_by_name(void) {
    ms_plugin plugin = {.handle = nothing, .configure = configure};
    CHECK(!ms_test_configure(&plugin, "{}") && longest == 80);
    CHECK(!ms_test_configure(&plugin, "{\"longest\":2}") && longest == 2);
    CHECK(is(ms_string(ms_test_configure(&plugin, "{\"longest\":0}")), "longest is 0"));
    CHECK(is(ms_string(ms_test_configure(&plugin, "{\"longst\":0}")), "unknown setting `longst`"));
    CHECK(is(ms_string(ms_test_configure(&plugin, "{\"longest\":\"x\"}")), "longest is a text, must be a number"));
}

static void a_plugin_without_configuration_takes_none(void) {
    ms_plugin plugin = {.handle = nothing};
    CHECK(!ms_test_configure(&plugin, "{}"));
    CHECK(is(ms_string(ms_test_configure(&plugin, "{\"a\":1}")), "unknown setting `a`"));
}

// --- Memory.

HANDLER(hungry) {
    (void)message;
    for (int i = 0; i < 100; i++) memset(ms_alloc(call, 10000), i, 10000);
    memset(ms_alloc(call, 1 << 20), 1, 1 << 20);
    ms_slice text = ms_format(call, "%s", "kept");
    ms_push(call, text);
    return MS_OK;
}

static void memory_of_any_size_lasts_for_the_message(void) {
    for (int i = 0; i < 3; i++) CHECK(is(ANSWER(hungry, .payload = MS(""))->outputs[0].payload, "kept"));
}

const ms_plugin millstream_plugin = {.handle = nothing};

int main(void) {
    a_message_has_what_the_columns_hold();
    what_one_output_sets_the_others_lack();
    forward_hands_on_payload_key_and_headers();
    outputs_of_a_failing_message_are_dropped();
    columns_that_nobody_used_stay_empty();
    failures_say_what_to_do();
    a_text_that_is_not_utf8_rejects_its_message();
    utf8_is_checked_by_the_letter();
    a_configuration_that_does_not_fit_is_refused_by_name();
    a_plugin_without_configuration_takes_none();
    memory_of_any_size_lasts_for_the_message();
    return verdict();
}
