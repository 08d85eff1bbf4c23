// Requests before they go out, natively.
#include "../src/http.h"
#include "check.h"

static ms_call call;

static bool parses_to(const char *url, bool secure, const char *authority, const char *path) {
    ms_http_target target;
    if (!ms_http_parse(&call, ms_string(url), &target)) return false;
    return target.secure == secure && is(target.authority, authority) && is(target.path, path);
}

static void a_url_is_taken_apart_as_the_host_wants_it(void) {
    CHECK(parses_to("https://a.example:8443/b/c?d=e#f", true, "a.example:8443", "/b/c?d=e"));
    CHECK(parses_to("HTTP://a.example", false, "a.example", "/"));
    CHECK(parses_to("http://a.example?d", false, "a.example", "/?d"));
}

static void what_is_no_url_is_an_error_that_says_so(void) {
    static const char *const none[] = {"", "a.example", "ftp://a.example", "http://", "http:///b", "http://a\xff"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        ms_http_response answer;
        const ms_http_request request = {.url = ms_string(none[i])};
        CHECK(!ms_http(&call, &request, &answer) && !strcmp(answer.error, "invalid-url"));
    }
}

static void a_body_tells_its_length_and_no_body_tells_none(void) {
    size_t count;
    const ms_header own[] = {{MS("Content-Length"), MS("7")}};
    ms_http_request request = {.body = MS("abc")};
    const ms_header *headers = ms_http_headers(&call, &request, &count);
    CHECK(count == 1 && is(headers[0].name, "content-length") && is(headers[0].value, "3"));
    request = (ms_http_request){.body = MS("abc"), .headers = own, .header_count = 1};
    CHECK(ms_http_headers(&call, &request, &count) == own && count == 1);
    request = (ms_http_request){0};
    ms_http_headers(&call, &request, &count);
    CHECK(count == 0);
}

static void an_answers_header_is_found_however_its_name_is_typed(void) {
    const ms_header headers[] = {{MS("a"), MS("1")}, {MS("x-b"), MS("2")}};
    const ms_http_response answer = {.headers = headers, .header_count = 2};
    CHECK(is(*ms_http_header_of(&answer, "X-B"), "2") && ms_http_header_of(&answer, "x") == NULL);
}

static void a_failure_names_the_request_without_its_query(void) {
    ms_http_response answer;
    const ms_http_request request = {.url = MS("http://a.example/b?token=secret")};
    CHECK(!ms_http(&call, &request, &answer) && !strcmp(answer.error, "internal-error"));
    CHECK(is(ms_reason(&call), "GET http://a.example/b: there is no host to send a request"));
}

static void without_a_host_there_is_no_store(void) {
    ms_store store;
    CHECK(!ms_store_open(&call, "default", &store));
    CHECK(is(ms_reason(&call), "there is no host that has a store"));
}

const ms_plugin millstream_plugin = {0};

int main(void) {
    a_url_is_taken_apart_as_the_host_wants_it();
    what_is_no_url_is_an_error_that_says_so();
    a_body_tells_its_length_and_no_body_tells_none();
    an_answers_header_is_found_however_its_name_is_typed();
    a_failure_names_the_request_without_its_query();
    without_a_host_there_is_no_store();
    return verdict();
}
