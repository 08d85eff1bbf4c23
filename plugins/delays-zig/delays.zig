//! Finds late departures: one flight in, one notification out when it left late enough. On the
//! contract alone, without an SDK.
const std = @import("std");
const contract = @import("contract.zig");
const json = @import("json.zig");
const Allocator = std.mem.Allocator;

pub const panic = contract.panic;

comptime {
    // Its exports are wanted, whoever names it.
    _ = contract;
}

/// The plugin's `config` in the pipeline file.
const Settings = struct {
    /// A departure this late, or later, is worth a notification.
    threshold_minutes: f64 = 60,
};

var settings: Settings = .{};

/// Gives the reason why a configuration is refused, if it is.
pub fn configure(arena: Allocator, config: []const u8) Allocator.Error!?[]const u8 {
    var reader: json.Reader = .{ .arena = arena };
    settings = reader.config(Settings, config) catch |err| return try reader.said(err);
    const minutes = settings.threshold_minutes;
    if (minutes >= 0) return null;
    return try std.fmt.allocPrint(arena, "threshold_minutes is {d}, must be 0 or more", .{minutes});
}

/// A scheduled departure, as far as it matters here.
const Flight = struct {
    carrier: []const u8,
    flight: u32,
    origin: []const u8,
    dest: []const u8,
    scheduled: []const u8,
    /// Minutes, negative when it left early, null when it never left.
    dep_delay: ?i64,
};

/// Tells someone that a flight left late.
const Notification = struct {
    flight: []const u8,
    route: []const u8,
    scheduled: []const u8,
    delay_minutes: i64,
};

pub fn handle(arena: Allocator, message: contract.Message) Allocator.Error!contract.Outcome {
    var reader: json.Reader = .{ .arena = arena };
    const flight = reader.message(Flight, message.payload) catch |err|
        return .{ .reject = try reader.said(err) };
    const number = try std.fmt.allocPrint(arena, "{s}{d}", .{ flight.carrier, flight.flight });
    const route = try std.fmt.allocPrint(arena, "{s}-{s}", .{ flight.origin, flight.dest });
    const minutes = flight.dep_delay orelse return .{
        .reject = try std.fmt.allocPrint(arena, "{s} {s} of {s} was cancelled", .{ number, route, flight.scheduled }),
    };
    if (@as(f64, @floatFromInt(minutes)) < settings.threshold_minutes) return .{ .ok = &.{} };
    const notification: Notification = .{
        .flight = number,
        .route = route,
        .scheduled = flight.scheduled,
        .delay_minutes = minutes,
    };
    const outputs = try arena.alloc(contract.Output, 1);
    outputs[0] = .{
        .payload = try std.json.Stringify.valueAlloc(arena, notification, .{}),
        .key = flight.carrier,
    };
    return .{ .ok = outputs };
}
