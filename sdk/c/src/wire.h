// How results of the host's functions lie in memory: what the canonical ABI makes of the interfaces in
// sdk/wit/grants.wit. Only here for Wasm.
#ifndef MILLSTREAM_WIRE_H
#define MILLSTREAM_WIRE_H

#include <string.h>

#include "internal.h"

#define MS_IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

// Where the host puts a result that takes more than one number: as large as the largest of them, an
// option of a result of a result of an answer.
typedef struct ms_area {
    _Alignas(8) unsigned char bytes[56];
} ms_area;

// As a case, an option's flag or a truth value has it.
static inline uint8_t ms_area_u8(const ms_area *area, size_t at) { return area->bytes[at]; }

static inline uint32_t ms_area_u32(const ms_area *area, size_t at) {
    uint32_t number;
    memcpy(&number, area->bytes + at, sizeof number);
    return number;
}

static inline ms_slice ms_area_slice(const ms_area *area, size_t at) {
    const char *data;
    memcpy(&data, area->bytes + at, sizeof data);
    return (ms_slice){data, ms_area_u32(area, at + sizeof data)};
}

#endif
