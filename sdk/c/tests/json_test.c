// Tests of the JSON reader and writer: natively, by `make test`.
#include "check.h"

typedef struct order {
    ms_slice id, note, lines;
    int64_t total;
    uint32_t count;
    double price;
    bool paid, no_note;
} order;

static bool read_order(ms_call *call, ms_slice json, order *o) {
    ms_json_field fields[] = {
        {.name = "id", .type = MS_JSON_TEXT, .to = &o->id},
        {.name = "note", .type = MS_JSON_TEXT, .to = &o->note, .is_null = &o->no_note},
        {.name = "total", .type = MS_JSON_INT64, .to = &o->total, .optional = true},
        {.name = "count", .type = MS_JSON_UINT32, .to = &o->count, .optional = true},
        {.name = "price", .type = MS_JSON_NUMBER, .to = &o->price, .optional = true},
        {.name = "paid", .type = MS_JSON_BOOL, .to = &o->paid, .optional = true},
        {.name = "lines", .type = MS_JSON_VALUE, .to = &o->lines, .optional = true},
    };
    return ms_json_read(call, json, fields, sizeof fields / sizeof *fields);
}

HANDLER(orders) {
    order o = {.total = -1};
    if (!read_order(call, message->payload, &o)) return MS_REJECT;
    ms_pushf(call, "%.*s|%.*s|%d|%lld|%u|%g|%d|%.*s", MS_ARG(o.id), MS_ARG(o.note), o.no_note, (long long)o.total,
             o.count, o.price, o.paid, MS_ARG(o.lines));
    return MS_OK;
}

static void json_that_fits_is_read(void) {
    const char *texts[][2] = {
        {"{\"id\":\"a\",\"note\":null}", "a||1|-1|0|0|0|"},
        {" {\t\"id\" : \"\\u0061\\n\\\"\" , \"note\":\"\\ud83d\\ude00\\u00e9\\u20ac\",\"x\":[{},[1,-0.5e+3]],\r\n\"total\":-9223372036854775808 } ",
         "a\n\"|\xF0\x9F\x98\x80\xC3\xA9\xE2\x82\xAC|0|-9223372036854775808|0|0|0|"},
        {"{\"i\\u0064\":\"\",\"note\":\"\",\"count\":4294967295,\"price\":-1.5e2,\"paid\":true,\"lines\":[1, \"a\"]}",
         "||0|-1|4294967295|-150|1|[1, \"a\"]"},
        {"{\"id\":\"\",\"note\":\"\",\"lines\":\"x\"}", "||0|-1|0|0|0|\"x\""},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const ms_tested *answer = ANSWER(orders, .payload = ms_string(texts[i][0]));
        CHECK(is(answer->reason, "") && is(answer->outputs[0].payload, texts[i][1]));
    }
}

static void json_says_what_is_wrong_and_where(void) {
#define WITH(more) "{\"id\":\"a\",\"note\":null," more "}"
    const char *texts[][2] = {
        {"", "malformed JSON: the text ends where a value must be at line 1 column 1"},
        {"{\"id\": }", "malformed JSON: expected a value at line 1 column 8"},
        {"{\n \"id\" x}", "malformed JSON: expected `:` at line 2 column 7"},
        {"{\"id\":\"\xff\"}", "malformed JSON: not UTF-8 at byte 7"},
        {"{\"id\":\"\\ud800\"}", "malformed JSON: lone surrogate at line 1 column 14"},
        {"{\"id\":\"\\udc00\"}", "malformed JSON: lone surrogate at line 1 column 9"},
        {"{\"id\":\"\\x\"}", "malformed JSON: unknown escape at line 1 column 9"},
        {"{\"id\":\"\t\"}", "malformed JSON: control character in text at line 1 column 8"},
        {"{\"id\":\"a", "malformed JSON: the text ends within a string at line 1 column 9"},
        {"{\"id\":01}", "malformed JSON: expected `,` or the end at line 1 column 8"},
        {"{\"id\":1.}", "malformed JSON: expected a digit at line 1 column 9"},
        {"{\"id\":7,}", "malformed JSON: expected a name in quotes at line 1 column 9"},
        {"{\"x\":[1,]}", "malformed JSON: expected a value at line 1 column 9"},
        {"{\"x\":nul}", "malformed JSON: expected a value at line 1 column 6"},
        {"{} x", "malformed JSON: expected the end at line 1 column 4"},
        {"{\"id\":\"a\"", "malformed JSON: expected `,` or the end at line 1 column 10"},
        {"{\"id\":7,\"x\":}", "malformed JSON: expected a value at line 1 column 13"},
        {"{}", "unexpected JSON: missing field `id`"},
        {"{\"id\":\"a\"}", "unexpected JSON: missing field `note`"},
        {"[1]", "unexpected JSON: it is an array, must be an object"},
        {"null", "unexpected JSON: it is null, must be an object"},
        {"{\"id\":null}", "unexpected JSON: id is null, must be a text"},
        {"{\"id\":7}", "unexpected JSON: id is 7, must be a text"},
        {"{\"id\":7,\"note\":null}", "unexpected JSON: id is 7, must be a text"},
        {"{\"id\":7,\"note\":8}", "unexpected JSON: id is 7, must be a text"},
        {"{\"id\":\"a\",\"id\":\"b\"}", "unexpected JSON: id stands there twice"},
        {WITH("\"total\":1.5"), "unexpected JSON: total is 1.5, must be a whole number"},
        {WITH("\"total\":9223372036854775808"), "unexpected JSON: total is 9223372036854775808, must be a whole number"},
        {WITH("\"count\":-1"), "unexpected JSON: count is -1, must be a whole number from 0 to 4294967295"},
        {WITH("\"price\":\"1\""), "unexpected JSON: price is a text, must be a number"},
        {WITH("\"paid\":{}"), "unexpected JSON: paid is an object, must be true or false"},
        {WITH("\"lines\":null"), "unexpected JSON: lines is null, must be a value"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const ms_tested *answer = ANSWER(orders, .payload = ms_string(texts[i][0]));
        CHECK(answer->outcome == MS_REJECT && is(answer->reason, texts[i][1]));
    }
}

static void json_nested_too_deep_is_malformed(void) {
    char deep[2 * MS_JSON_DEPTH_MAX + 16] = "{\"x\":";
    for (int i = 0; i <= MS_JSON_DEPTH_MAX; i++) strcat(deep, "[");
    const ms_tested *answer = ANSWER(orders, .payload = ms_string(deep));
    CHECK(is(answer->reason, "malformed JSON: nested too deep at line 1 column 134"));
}

HANDLER(sum) {
    ms_slice rest = message->payload, item;
    ms_push(call, MS(""));
    while (ms_json_next(&rest, &item)) {
        ms_append(call, item);
        ms_append(call, MS(";"));
    }
    return MS_OK;
}

static void an_array_is_taken_item_by_item(void) {
    CHECK(is(ANSWER(sum, .payload = MS("[1, {\"a\":[2,3]} ,\"x\" ]"))->outputs[0].payload, "1;{\"a\":[2,3]};\"x\";"));
    CHECK(is(ANSWER(sum, .payload = MS("[]"))->outputs[0].payload, ""));
    CHECK(is(ANSWER(sum, .payload = MS("{}"))->outputs[0].payload, ""));
}

HANDLER(write) {
    ms_push(call, MS(""));
    ms_json_open(call, NULL, '{');
    ms_json_put_text(call, "te\"xt", message->payload);
    ms_json_put_int(call, "int", INT64_MIN);
    ms_json_put_number(call, "number", 0.1);
    ms_json_put_number(call, "third", 1.0 / 3);
    ms_json_open(call, "list", '[');
    ms_json_put_bool(call, NULL, true);
    ms_json_put_null(call, NULL);
    ms_json_open(call, NULL, '{');
    ms_json_close(call, '}');
    ms_json_close(call, ']');
    ms_json_close(call, '}');
    return MS_OK;
}

static void json_is_written_with_its_commas_and_escapes(void) {
    CHECK(is(ANSWER(write, .payload = MS("a\"\\\n\xC3\xA9{"))->outputs[0].payload,
             "{\"te\\\"xt\":\"a\\\"\\\\\\u000a\xC3\xA9{\",\"int\":-9223372036854775808,\"number\":0.1,"
             "\"third\":0.33333333333333331,\"list\":[true,null,{}]}"));
}

const ms_plugin millstream_plugin = {.handle = orders};

int main(void) {
    json_that_fits_is_read();
    json_says_what_is_wrong_and_where();
    json_nested_too_deep_is_malformed();
    an_array_is_taken_item_by_item();
    json_is_written_with_its_commas_and_escapes();
    return verdict();
}
