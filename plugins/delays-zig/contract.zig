//! The contract's binary form, by hand: what the canonical ABI makes of the world
//! `configurable-consumer` of `sdk/wit/plugin.wit`. The plugin is the root file: its `handle` and
//! `configure` are called from here.
const std = @import("std");
const plugin = @import("root");
const Allocator = std.mem.Allocator;

/// One delivery. What it holds lives until the handler returns.
pub const Message = struct {
    id: []const u8,
    topic: []const u8,
    key: ?[]const u8,
    headers: []const Header,
    payload: []const u8,
    publish_time_ms: u64,
    attempt: u32,
};

/// A message to publish.
pub const Output = struct {
    payload: []const u8,
    key: ?[]const u8 = null,
    topic: ?[]const u8 = null,
    headers: []const Header = &.{},
    delay_ms: ?u32 = null,
};

pub const Header = extern struct { name: Slice, value: Slice };

/// What becomes of a message.
pub const Outcome = union(enum) {
    ok: []const Output,
    retry: struct { reason: []const u8, delay_ms: ?u32 = null },
    reject: []const u8,
};

/// A string, a list of bytes or any other list, as the host writes and reads it.
pub const Slice = extern struct {
    at: usize,
    length: usize,

    /// Zig's empty slices may point anywhere; what the host reads must lie in the memory.
    pub fn of(slice: anytype) Slice {
        return .{ .at = if (slice.len == 0) 0 else @intFromPtr(slice.ptr), .length = slice.len };
    }
};

pub const Level = enum(u32) { trace, debug, info, warn, err };

/// Writes a log record without fields.
pub fn write(level: Level, text: []const u8) void {
    log(@backingInt(level), text.ptr, text.len, &.{}, 0);
}

extern "millstream:plugin/logging@0.1.0" fn log(
    level: u32,
    text: [*]const u8,
    length: usize,
    fields: [*]const Header,
    count: usize,
) void;

const OptionalSlice = extern struct {
    is_some: bool,
    value: Slice,

    fn of(text: ?[]const u8) OptionalSlice {
        return .{ .is_some = text != null, .value = .of(text orelse &.{}) };
    }
};

const OptionalNumber = extern struct {
    is_some: bool,
    value: u32,

    fn of(number: ?u32) OptionalNumber {
        return .{ .is_some = number != null, .value = number orelse 0 };
    }
};

const WireOutput = extern struct {
    topic: OptionalSlice,
    key: OptionalSlice,
    headers: Slice,
    payload: Slice,
    delay_ms: OptionalNumber,
};

/// `result<list<outgoing-message>, failure>`; a failure's tag is 0 for `retry`, 1 for `reject`.
const WireAnswer = extern struct {
    is_failure: bool,
    body: extern union {
        outputs: Slice,
        failure: extern struct { tag: u8, reason: Slice, delay_ms: OptionalNumber },
    },
};

/// `result<_, string>`.
const WireVerdict = extern struct { is_refusal: bool, reason: Slice };

comptime {
    std.debug.assert(@sizeOf(WireOutput) == 48 and @sizeOf(WireAnswer) == 24 and @sizeOf(WireVerdict) == 12);
}

/// All that one call needs, its arguments and its answer. Freed when the host has read the answer.
var arena: std.heap.ArenaAllocator = .init(std.heap.wasm_allocator);
/// What is kept for the next call.
const kept_bytes_max = 1 << 20;

/// Where the host puts arguments. It takes no call meanwhile, so a panic here could not be logged.
export fn cabi_realloc(before: ?[*]const u8, size_before: usize, alignment: usize, size: usize) usize {
    if (size == 0) return alignment;
    const room = arena.allocator().rawAlloc(size, .fromByteUnits(alignment), @returnAddress()) orelse @trap();
    if (before) |bytes| @memcpy(room[0..@min(size_before, size)], bytes[0..@min(size_before, size)]);
    return @intFromPtr(room);
}

export fn @"millstream:plugin/message-handler@0.1.0#handle"(
    id: [*]const u8,
    id_length: usize,
    topic: [*]const u8,
    topic_length: usize,
    has_key: u32,
    key: [*]const u8,
    key_length: usize,
    headers: [*]const Header,
    header_count: usize,
    payload: [*]const u8,
    payload_length: usize,
    publish_time_ms: u64,
    attempt: u32,
) *const WireAnswer {
    const outcome = plugin.handle(arena.allocator(), .{
        .id = id[0..id_length],
        .topic = topic[0..topic_length],
        .key = if (has_key == 1) key[0..key_length] else null,
        .headers = headers[0..header_count],
        .payload = payload[0..payload_length],
        .publish_time_ms = publish_time_ms,
        .attempt = attempt,
    }) catch @panic("out of memory");
    const answer = arena.allocator().create(WireAnswer) catch @panic("out of memory");
    answer.* = lowered(outcome) catch @panic("out of memory");
    return answer;
}

export fn @"cabi_post_millstream:plugin/message-handler@0.1.0#handle"(_: *const WireAnswer) void {
    _ = arena.reset(.{ .retain_with_limit = kept_bytes_max });
}

export fn @"millstream:plugin/lifecycle@0.1.0#configure"(config: [*]const u8, length: usize) *const WireVerdict {
    const refusal = plugin.configure(arena.allocator(), config[0..length]) catch @panic("out of memory");
    const verdict = arena.allocator().create(WireVerdict) catch @panic("out of memory");
    verdict.* = .{ .is_refusal = refusal != null, .reason = .of(refusal orelse &.{}) };
    return verdict;
}

export fn @"cabi_post_millstream:plugin/lifecycle@0.1.0#configure"(_: *const WireVerdict) void {
    _ = arena.reset(.{ .retain_with_limit = kept_bytes_max });
}

fn lowered(outcome: Outcome) Allocator.Error!WireAnswer {
    return switch (outcome) {
        .ok => |outputs| .{ .is_failure = false, .body = .{ .outputs = .of(try lowered_outputs(outputs)) } },
        .retry => |retry| failure(0, retry.reason, retry.delay_ms),
        .reject => |reason| failure(1, reason, null),
    };
}

fn lowered_outputs(outputs: []const Output) Allocator.Error![]const WireOutput {
    const wire = try arena.allocator().alloc(WireOutput, outputs.len);
    for (wire, outputs) |*to, output| to.* = .{
        .topic = .of(output.topic),
        .key = .of(output.key),
        .headers = .of(output.headers),
        .payload = .of(output.payload),
        .delay_ms = .of(output.delay_ms),
    };
    return wire;
}

fn failure(tag: u8, reason: []const u8, delay_ms: ?u32) WireAnswer {
    const body: @FieldType(WireAnswer, "body") = .{ .failure = .{
        .tag = tag,
        .reason = .of(reason),
        .delay_ms = .of(delay_ms),
    } };
    return .{ .is_failure = true, .body = body };
}

/// The text of a panic becomes the dead letter's.
pub const panic = std.debug.FullPanic(struct {
    fn call(text: []const u8, _: ?usize) noreturn {
        write(.err, text);
        @trap();
    }
}.call);
