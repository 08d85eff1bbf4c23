//! What the user sees of each hostile guest.

use crate::Guest;
use crate::case::Case;
use crate::case::Seen::{DeadLetter, Finding, Handled, HandledAfterRetries, Waits};
use crate::outside::Outside;

/// What is to be seen of `guest`. The addresses `outside` are what guests with a grant call.
pub(crate) fn case(guest: Guest, outside: &Outside) -> Case {
    let seen = match guest {
        Guest::TimeAskTheTimeForEver => DeadLetter("timeout: limits.timeout 100ms", &[]),
        Guest::TimeCopyAllMemoryForEver => DeadLetter("timeout: limits.timeout 100ms", &[]),
        Guest::TimeDrawRandomBytesForEver => DeadLetter("timeout: limits.timeout 100ms", &[]),
        Guest::TimeLoopAfterTheAnswer => DeadLetter("timeout: limits.timeout 100ms", &[]),
        Guest::TimeLoopAtStart => Finding("MS0408", &["limits.batch_timeout 100ms"]),
        Guest::TimeLoopForEver => DeadLetter("timeout: limits.timeout 100ms", &["backtrace"]),
        Guest::TimeLoopInConfigure => Finding("MS0408", &["limits.batch_timeout 100ms"]),
        Guest::TimeLoopInRealloc => DeadLetter("timeout: limits.timeout 100ms", &[]),
        Guest::TimeSleepForAnHour => DeadLetter("timeout: limits.timeout 100ms", &[]),
        Guest::TimeWaitForNothingForEver => DeadLetter("timeout: limits.timeout 100ms", &[]),
        Guest::StackRecurseForEver => DeadLetter("trap: ", &["call stack exhausted", "deeper"]),
        Guest::StackRecurseInRealloc => DeadLetter("trap: ", &["call stack exhausted"]),
        Guest::MemoryDrawTooManyRandomBytes => DeadLetter("trap: ", &[]),
        Guest::MemoryFiveMemories => Finding("MS0406", &["memories"]),
        Guest::MemoryGrowALittleEachCall => Handled(&[]),
        Guest::MemoryGrowAtOnce => DeadLetter("memory limit: limits.memory 64MiB", &[]),
        Guest::MemoryGrowPageByPage => DeadLetter("memory limit: limits.memory 64MiB", &[]),
        Guest::MemoryGrowTheTable => DeadLetter("memory limit: limits.tables 40000", &[]),
        Guest::MemoryLargerThanAnyMayBe => Finding("MS0406", &["limits.memory 64MiB"]),
        Guest::MemoryLargeFromTheStart => Finding("MS0408", &["limits.memory 64MiB"]),
        Guest::MemoryLargeTableFromTheStart => Finding("MS0408", &["limits.tables 40000"]),
        Guest::MemoryLeakHandles => DeadLetter("trap: ", &[]),
        Guest::MemoryLeakStreams => DeadLetter("trap: ", &[]),
        Guest::MessageUnknownResult => DeadLetter("invalid result: ", &[]),
        Guest::MessageUnknownFailure => DeadLetter("invalid result: ", &[]),
        Guest::MessageUnknownOption => DeadLetter("invalid result: ", &[]),
        Guest::MessageListPastTheEnd => DeadLetter("invalid result: ", &[]),
        Guest::MessageListAstray => DeadLetter("invalid result: ", &[]),
        Guest::MessageReasonNotUtf8 => DeadLetter("invalid result: ", &[]),
        Guest::MessageKeyPastTheEnd => DeadLetter("invalid result: ", &[]),
        Guest::MessageAnswerAstray => DeadLetter("invalid result: ", &[]),
        Guest::MessageAnswerPastTheEnd => DeadLetter("invalid result: ", &[]),
        Guest::MessageFourBillionOutputs => DeadLetter("invalid result: ", &[]),
        Guest::MessageLargeOutput => DeadLetter("output limit: limits.output 4MiB", &[]),
        Guest::MessageMillionHeaders => DeadLetter("output limit: limits.output 4MiB", &[]),
        Guest::MessageMillionOutputs => DeadLetter("output limit: limits.output", &[]),
        Guest::MessageOutputsOverOneAnother => DeadLetter("output limit: limits.output 4MiB", &[]),
        Guest::MessageOutputLargerThanItsTopicTakes => {
            DeadLetter("output limit: ", &["max_message"])
        }
        Guest::MessageOutputToAnUnlistedTopic => DeadLetter("route: ", &["dead"]),
        Guest::MessageReallocAstray => DeadLetter("invalid result: ", &["realloc"]),
        Guest::MessageReallocOverItsAnswer => DeadLetter("invalid result: ", &[]),
        Guest::MessageReallocPastTheEnd => DeadLetter("invalid result: ", &["realloc"]),
        Guest::MessageReasonThatPaintsTheTerminal => DeadLetter("reject: ", &["bad"]),
        Guest::MessageRejectWithANovel => DeadLetter("reject: nnnnn", &[]),
        Guest::MessageHeaderThatEndsItsLine => {
            DeadLetter("invalid result: ", &["header `name`", "control character"])
        }
        Guest::MessageHeaderWithoutAName => DeadLetter("invalid result: ", &["no header name"]),
        Guest::MessageKeyOfAMegabyte => DeadLetter("output limit: ", &["key and headers"]),
        Guest::MessageRetryIn49Days => Waits,
        Guest::BatchBillionHeadersClaimed => DeadLetter("output limit: limits.output", &[]),
        Guest::BatchBillionOutputsClaimed => DeadLetter("output limit: limits.output", &[]),
        Guest::BatchLargeAnswer => DeadLetter("output limit: limits.output", &[]),
        Guest::BatchCharacterOverTwoKeys => {
            DeadLetter("invalid result: outgoing.keys: item 0 is not UTF-8", &[])
        }
        Guest::BatchDataPastTheEnd => DeadLetter("invalid result: ", &[]),
        Guest::BatchHeaderNotUtf8 => {
            DeadLetter("invalid result: outgoing.headers.values: item 0 is not UTF-8", &[])
        }
        Guest::BatchKeyNotUtf8 => {
            DeadLetter("invalid result: outgoing.keys: item 0 is not UTF-8", &[])
        }
        Guest::BatchOffsetsDecreasing => DeadLetter("invalid result: outgoing.payloads: ", &[]),
        Guest::BatchOffsetsOverOneAnother => DeadLetter("invalid result: outgoing.payloads: ", &[]),
        Guest::BatchOffsetsPastTheEnd => DeadLetter("invalid result: outgoing.payloads: ", &[]),
        Guest::BatchOutcomeUnknown => DeadLetter("invalid result: ", &[]),
        Guest::BatchOutcomesTooFew => DeadLetter("invalid result: ", &["outcomes"]),
        Guest::BatchOutcomesTooMany => DeadLetter("invalid result: ", &["outcomes"]),
        Guest::BatchStartsDecreasing => DeadLetter("invalid result: ", &[]),
        Guest::TrapAfterTheAnswer => DeadLetter("trap: ", &["unreachable"]),
        Guest::TrapAtStart => Finding("MS0408", &["unreachable"]),
        Guest::TrapByExit => DeadLetter("trap: the guest exited with status 0", &[]),
        Guest::TrapCallOfTheWrongType => DeadLetter("trap: ", &["indirect call type mismatch"]),
        Guest::TrapConfigureRefusesInNoLanguage => Finding("MS0408", &["utf-8"]),
        Guest::TrapDivideByZero => DeadLetter("trap: ", &["integer divide by zero"]),
        Guest::TrapHostCallFromRealloc => {
            DeadLetter("trap: ", &["cannot leave component instance"])
        }
        Guest::TrapInConfigure => Finding("MS0408", &["unreachable"]),
        Guest::TrapInTheThirdCall => HandledAfterRetries,
        Guest::TrapOnEveryMessage => DeadLetter("trap: ", &["unreachable"]),
        Guest::TrapPanicWithANovel => {
            DeadLetter("trap: panicked at ", &["panic-with-a-novel.rs", "and then and then"])
        }
        Guest::LogANovel => DeadLetter("output limit: limits.host_data 16MiB", &[]),
        Guest::LogForEver => DeadLetter("timeout: limits.timeout 100ms", &[]),
        Guest::LogForgedLines => Handled(&["pipeline stopped"]),
        Guest::LogMillionFields => DeadLetter("output limit: limits.host_data 16MiB", &[]),
        Guest::LogNotUtf8 => DeadLetter("trap: ", &[]),
        Guest::LogPastTheEnd => DeadLetter("trap: ", &[]),
        Guest::LogStderrForEver => DeadLetter("timeout: limits.timeout 100ms", &["still here"]),
        Guest::LogTenThousandRecords => Handled(&["log records dropped"]),
        Guest::LogUnknownLevel => DeadLetter("trap: ", &[]),
        Guest::LoadBothWorlds => {
            Finding("MS0401", &["it exports both `message-handler` and `batch-handler`"])
        }
        Guest::LoadCompileBomb => Finding("MS0406", &["limits.compile_"]),
        Guest::LoadContractOfTomorrow => Finding("MS0401", &["message-handler@0.9.0", "rebuild"]),
        Guest::LoadDataPastTheEnd => Finding("MS0408", &["out of bounds"]),
        Guest::LoadFunctionAstray => Finding("MS0401", &["unknown function 77"]),
        Guest::LoadHandlerOfAnotherType => Finding("MS0401", &["does not have the type"]),
        Guest::LoadHandlerThatIsNotThere => Finding("MS0401", &["message-handler"]),
        Guest::LoadHandlerWithOtherArguments => Finding("MS0401", &["handle"]),
        Guest::LoadHundredThousandFunctions => Finding("MS0406", &["limits.compile_"]),
        Guest::LoadLargeData => Finding("MS0406", &["limits.compile_size 4MiB"]),
        Guest::LoadNeitherWorld => Finding("MS0401", &["it exports neither"]),
        Guest::LoadNoMemory => Finding("MS0401", &["memory"]),
        Guest::LoadThreads => Finding("MS0401", &["shared flag for memories"]),
        Guest::ImportBareFunction => Finding("MS0401", &["launch"]),
        Guest::ImportConnectASocket => Handled(&[]),
        Guest::ImportHttp => {
            Finding("MS0402", &["wasi:http/outgoing-handler@0.2.0", "grants: { http:"])
        }
        Guest::ImportHttpServer => Finding("MS0401", &["wasi:http/incoming-handler@0.2.0"]),
        Guest::ImportKeyvalue => {
            Finding("MS0402", &["wasi:keyvalue/store@0.2.0-draft", "grants: { keyvalue: true }"])
        }
        Guest::ImportLookUpAName => Handled(&[]),
        Guest::ImportOpenFolders => Handled(&[]),
        Guest::ImportReadStdin => Handled(&[]),
        Guest::ImportReadTheEnvironment => Handled(&[]),
        Guest::ImportUnknownFunction => {
            Finding("MS0406", &["wasi:random/insecure@0.2.0", "roll-dice"])
        }
        Guest::ImportUnknownWasiInterface => Finding("MS0401", &["wasi:random/dice@0.2.0"]),
        Guest::ImportUnknownInterface => Finding("MS0401", &["acme:db/sql@1.0.0"]),
        Guest::CallEndlessBody => {
            let host = outside.endless.to_string();
            let seen = DeadLetter("timeout: limits.timeout 100ms", &[]);
            return Case::from(seen).with(&http(&host)).told(&host);
        }
        Guest::CallFollowARedirect => {
            let host = outside.redirecting.to_string();
            let seen = DeadLetter("reject: 302, then Err(", &["HttpRequestDenied"]);
            return Case::from(seen).with(&http(&host)).told(&host);
        }
        Guest::CallLinkLocal => {
            let seen = DeadLetter("reject: Err(", &["HttpRequestDenied"]);
            return Case::from(seen).with(&http("api.example"));
        }
        Guest::CallLoopback => {
            let seen = DeadLetter("reject: Err(", &["HttpRequestDenied"]);
            let private = outside.private.to_string();
            return Case::from(seen).with(&http("api.example")).told(&private);
        }
        Guest::CallUnlistedHost => {
            let seen = DeadLetter("reject: Err(", &["HttpRequestDenied"]);
            return Case::from(seen).with(&http("api.example"));
        }
        Guest::StateTrapAfterWritingState => {
            let seen =
                DeadLetter("trap: ", &["after writing state", "not available in this version"]);
            return Case::from(seen).with("grants: { keyvalue: true }");
        }
    };
    seen.into()
}

/// The grant of one host over plain HTTP.
fn http(host: &str) -> String {
    format!("grants: {{ http: [\"http://{host}\"] }}")
}
