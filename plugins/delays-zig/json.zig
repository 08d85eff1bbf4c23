//! Reads JSON into a struct and says what does not fit, as the SDKs do.
const std = @import("std");
const Value = std.json.Value;

pub const Error = error{ Refused, OutOfMemory };

/// Reads one document. What it gives lives as long as `arena`.
pub const Reader = struct {
    arena: std.mem.Allocator,
    /// What is wrong, once something was refused.
    fault: []const u8 = "",

    /// Fields that `T` does not have are ignored.
    pub fn message(self: *Reader, comptime T: type, bytes: []const u8) Error!T {
        return self.structure(T, try self.parse(bytes), "unexpected JSON: ");
    }

    /// Fields that `T` does not have are refused.
    pub fn config(self: *Reader, comptime T: type, bytes: []const u8) Error!T {
        const document = try self.parse(bytes);
        for (document.object.keys()) |name| {
            if (!has(T, name)) return self.fail("unknown setting `{s}`", .{name});
        }
        return self.structure(T, document, "");
    }

    fn fail(self: *Reader, comptime format: []const u8, values: anytype) Error {
        self.fault = try std.fmt.allocPrint(self.arena, format, values);
        return error.Refused;
    }

    /// What is wrong, in words.
    pub fn said(self: *const Reader, err: Error) error{OutOfMemory}![]const u8 {
        return if (err == error.OutOfMemory) error.OutOfMemory else self.fault;
    }

    fn parse(self: *Reader, bytes: []const u8) Error!Value {
        var at: std.json.Diagnostics = .{};
        var scanner: std.json.Scanner = .initCompleteInput(self.arena, bytes);
        scanner.enableDiagnostics(&at);
        const document = std.json.parseFromTokenSourceLeaky(Value, self.arena, &scanner, .{}) catch |err|
            return self.fail("malformed JSON: {t} at line {d} column {d}", .{ err, at.getLine(), at.getColumn() });
        return if (document == .object) document else self.fail("unexpected JSON: not an object", .{});
    }

    /// A field without a default must be there, also where it may be null.
    fn structure(self: *Reader, comptime T: type, document: Value, comptime prefix: []const u8) Error!T {
        const info = @typeInfo(T).@"struct";
        var read: T = undefined;
        inline for (info.field_names, info.field_types, info.field_attrs) |name, Field, attributes| {
            @field(read, name) = if (document.object.get(name)) |value|
                std.json.parseFromValueLeaky(Field, self.arena, value, .{}) catch
                    return self.fail(prefix ++ "`{s}` is not " ++ called(Field), .{name})
            else
                attributes.defaultValue(Field) orelse
                    return self.fail(prefix ++ "missing field `{s}`", .{name});
        }
        return read;
    }
};

fn has(comptime T: type, name: []const u8) bool {
    inline for (@typeInfo(T).@"struct".field_names) |one| {
        if (std.mem.eql(u8, one, name)) return true;
    }
    return false;
}

fn called(comptime T: type) []const u8 {
    return switch (@typeInfo(T)) {
        .optional => |optional| called(optional.child) ++ " or null",
        .int => "an integer",
        .float => "a number",
        else => "text",
    };
}

test "what does not fit is named" {
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    var reader: Reader = .{ .arena = arena.allocator() };
    const T = struct { count: u32, late: ?i64, share: f64 = 0.5 };
    const read = try reader.message(T, "{\"count\": 1, \"late\": null, \"more\": true}");
    try std.testing.expectEqual(T{ .count = 1, .late = null, .share = 0.5 }, read);
    for ([_][2][]const u8{
        .{ "{\"count\": }", "malformed JSON: SyntaxError at line 1 column 11" },
        .{ "[]", "unexpected JSON: not an object" },
        .{ "{\"count\": 1}", "unexpected JSON: missing field `late`" },
        .{ "{\"count\": -1}", "unexpected JSON: `count` is not an integer" },
    }) |pair| {
        try std.testing.expectError(error.Refused, reader.message(T, pair[0]));
        try std.testing.expectEqualStrings(pair[1], reader.fault);
    }
    try std.testing.expectError(error.Refused, reader.config(T, "{\"shore\": 1}"));
    try std.testing.expectEqualStrings("unknown setting `shore`", reader.fault);
}
