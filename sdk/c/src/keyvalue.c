// State that outlives the instance, by `wasi:keyvalue`.
#include "internal.h"

#ifdef __wasm__
#include "wire.h"

#define STORE "wasi:keyvalue/store@0.2.0-draft"

MS_IMPORT(STORE, "open") void import_open(const char *name, uint32_t length, ms_area *result);
MS_IMPORT(STORE, "[method]bucket.get")
void import_get(uint32_t bucket, const char *key, uint32_t length, ms_area *result);
MS_IMPORT(STORE, "[method]bucket.set")
void import_set(uint32_t bucket, const char *key, uint32_t length, const char *value, uint32_t value_length,
                ms_area *result);
MS_IMPORT(STORE, "[method]bucket.delete")
void import_delete(uint32_t bucket, const char *key, uint32_t length, ms_area *result);
MS_IMPORT(STORE, "[method]bucket.exists")
void import_exists(uint32_t bucket, const char *key, uint32_t length, ms_area *result);
MS_IMPORT(STORE, "[resource-drop]bucket") void import_drop(uint32_t bucket);

// Whether the host did it; if not, its error is the reason.
static bool done(ms_call *call, const ms_area *result) {
    if (!ms_area_u8(result, 0)) return true;
    ms_slice why = MS("there is no such store");
    if (ms_area_u8(result, 4) == 1) why = MS("the plugin may not use this store");
    if (ms_area_u8(result, 4) == 2) why = ms_area_slice(result, 8);
    ms_set_reason(call, "%.*s", MS_ARG(why));
    return false;
}

// What is given for a key lives as long as the call.
static bool begin(ms_call *call, ms_slice key) {
    if (ms_utf8_end(key) != key.length) return ms_refuse(call, "a key is not UTF-8");
    ms_results_into(&call->memory);
    return true;
}

static bool end(ms_call *call, const ms_area *result) {
    ms_results_into(NULL);
    return done(call, result);
}

bool ms_store_open(ms_call *call, const char *name, ms_store *store) {
    ms_area result;
    ms_slice text = ms_string(name);
    if (!begin(call, text)) return false;
    import_open(text.data, text.length, &result);
    store->bucket = ms_area_u32(&result, 4);
    return end(call, &result);
}

void ms_store_close(ms_store *store) { import_drop(store->bucket); }

bool ms_store_get(ms_call *call, const ms_store *store, ms_slice key, ms_slice *value, bool *found) {
    ms_area result;
    if (!begin(call, key)) return false;
    import_get(store->bucket, key.data, key.length, &result);
    if (!end(call, &result)) return false;
    *found = ms_area_u8(&result, 4);
    *value = *found ? ms_area_slice(&result, 8) : MS("");
    return true;
}

bool ms_store_set(ms_call *call, const ms_store *store, ms_slice key, ms_slice value) {
    ms_area result;
    if (!begin(call, key)) return false;
    import_set(store->bucket, key.data, key.length, value.data, value.length, &result);
    return end(call, &result);
}

bool ms_store_delete(ms_call *call, const ms_store *store, ms_slice key) {
    ms_area result;
    if (!begin(call, key)) return false;
    import_delete(store->bucket, key.data, key.length, &result);
    return end(call, &result);
}

bool ms_store_exists(ms_call *call, const ms_store *store, ms_slice key, bool *found) {
    ms_area result;
    if (!begin(call, key)) return false;
    import_exists(store->bucket, key.data, key.length, &result);
    *found = ms_area_u8(&result, 4);
    return end(call, &result);
}
#else
// A plugin's own tests: none of it works.
static bool no_store(ms_call *call) { return ms_refuse(call, "there is no host that has a store"); }

bool ms_store_open(ms_call *call, const char *name, ms_store *store) {
    (void)name, (void)store;
    return no_store(call);
}

void ms_store_close(ms_store *store) { (void)store; }

bool ms_store_get(ms_call *call, const ms_store *store, ms_slice key, ms_slice *value, bool *found) {
    (void)store, (void)key, (void)value, (void)found;
    return no_store(call);
}

bool ms_store_set(ms_call *call, const ms_store *store, ms_slice key, ms_slice value) {
    (void)store, (void)key, (void)value;
    return no_store(call);
}

bool ms_store_delete(ms_call *call, const ms_store *store, ms_slice key) {
    (void)store, (void)key;
    return no_store(call);
}

bool ms_store_exists(ms_call *call, const ms_store *store, ms_slice key, bool *found) {
    (void)store, (void)key, (void)found;
    return no_store(call);
}
#endif
