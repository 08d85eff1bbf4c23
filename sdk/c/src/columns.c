// Columns: lists of byte strings, laid out one after another.
#include "internal.h"

ms_slice ms_column_item(const ms_column *column, size_t i) {
    uint32_t from = column->offsets[i], to = column->offsets[i + 1];
    return (ms_slice){column->data + from, to - from};
}

// Gives every row its offset.
static void spell_out(ms_rows *rows) {
    if (!rows->offsets.length) ms_buffer_zeros_u32(&rows->offsets, rows->count + 1);
}

static uint32_t *last_offset(const ms_rows *rows) {
    return (uint32_t *)rows->offsets.data + rows->count;
}

void ms_rows_push(ms_rows *rows, ms_slice item) {
    rows->count++;
    if (rows->offsets.length) ms_buffer_put_u32(&rows->offsets, (uint32_t)rows->data.length);
    if (item.length) ms_rows_extend(rows, item);
}

void ms_rows_extend(ms_rows *rows, ms_slice item) {
    spell_out(rows);
    ms_buffer_put(&rows->data, item.data, item.length);
    *last_offset(rows) = (uint32_t)rows->data.length;
}

void ms_rows_set(ms_rows *rows, ms_slice item) {
    spell_out(rows);
    rows->data.length = last_offset(rows)[-1];
    ms_rows_extend(rows, item);
}

ms_slice ms_rows_last(const ms_rows *rows) {
    if (!rows->offsets.length) return MS("");
    return ms_buffer_slice(&rows->data, last_offset(rows)[-1]);
}

void ms_rows_truncate(ms_rows *rows, size_t count) {
    rows->count = count;
    if (!rows->offsets.length) return;
    // Without rows it is as new: the next answer may need no offsets.
    rows->offsets.length = count ? (count + 1) * sizeof(uint32_t) : 0;
    rows->data.length = count ? *last_offset(rows) : 0;
}
