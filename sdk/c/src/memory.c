// Memory: buffers that grow and are used again, arenas that are given up whole.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

// Blocks of an arena; larger pieces get a block of their own.
#define BLOCK_SIZE ((size_t)64 << 10)

struct ms_block {
    struct ms_block *before;
    size_t used, size;
    _Alignas(16) char data[];
};

static void *resized(void *data, size_t size) {
    void *room = realloc(data, size);
    if (!room) ms_panic("no memory for %zu bytes", size);
    return room;
}

void *ms_buffer_add(ms_buffer *buffer, size_t size) {
    size_t need = buffer->length + size;
    if (need > buffer->capacity) {
        size_t capacity = buffer->capacity ? buffer->capacity : 64;
        while (capacity < need) capacity *= 2;
        buffer->data = resized(buffer->data, capacity);
        buffer->capacity = capacity;
    }
    char *room = (char *)buffer->data + buffer->length;
    buffer->length = need;
    return room;
}

void ms_buffer_put(ms_buffer *buffer, const void *data, size_t size) {
    if (size) memcpy(ms_buffer_add(buffer, size), data, size);
}

void ms_buffer_put_u32(ms_buffer *buffer, uint32_t number) {
    memcpy(ms_buffer_add(buffer, sizeof number), &number, sizeof number);
}

void ms_buffer_zeros_u32(ms_buffer *buffer, size_t count) {
    if (count) memset(ms_buffer_add(buffer, count * sizeof(uint32_t)), 0, count * sizeof(uint32_t));
}

void ms_buffer_vprintf(ms_buffer *buffer, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length > 0) {
        // One more for the zero, which is taken back.
        vsnprintf(ms_buffer_add(buffer, (size_t)length + 1), (size_t)length + 1, format, again);
        buffer->length--;
    }
    va_end(again);
}

ms_slice ms_buffer_slice(const ms_buffer *buffer, size_t from) {
    return (ms_slice){(const char *)buffer->data + from, buffer->length - from};
}

void *ms_arena_alloc(ms_arena *arena, size_t size) {
    struct ms_block *block = arena->block;
    size_t rounded = (size + 15) & ~(size_t)15;
    if (rounded < size) ms_panic("no memory for %zu bytes", size);
    if (!block || block->size - block->used < rounded) {
        size_t room = rounded > BLOCK_SIZE ? rounded : BLOCK_SIZE;
        block = resized(NULL, sizeof *block + room);
        *block = (struct ms_block){.before = arena->block, .size = room};
        arena->block = block;
    }
    void *piece = block->data + block->used;
    block->used += rounded;
    return piece;
}

void ms_arena_reset(ms_arena *arena) {
    // The first block stays for the next time.
    while (arena->block && arena->block->before) {
        struct ms_block *block = arena->block;
        arena->block = block->before;
        free(block);
    }
    if (!arena->block) return;
    if (arena->block->size > BLOCK_SIZE) {
        free(arena->block);
        arena->block = NULL;
    } else {
        arena->block->used = 0;
    }
}

void *ms_alloc(ms_call *call, size_t size) { return ms_arena_alloc(&call->memory, size); }

ms_slice ms_vformat(ms_call *call, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    size_t size = length > 0 ? (size_t)length : 0;
    char *text = ms_alloc(call, size + 1);
    text[0] = 0;
    vsnprintf(text, size + 1, format, again);
    va_end(again);
    return (ms_slice){text, size};
}

ms_slice ms_format(ms_call *call, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    ms_slice text = ms_vformat(call, format, arguments);
    va_end(arguments);
    return text;
}
