//! Every code a finding can have, each with its page.

use crate::finding::Severity;

/// The page of one finding code: what it means, why it is a finding, a wrong and a right file.
///
/// `None` if there is no such code. Case and surrounding space do not matter.
pub fn explain(code: &str) -> Option<&'static str> {
    let wanted = code.trim();
    Code::ALL.iter().find(|code| code.id().eq_ignore_ascii_case(wanted)).map(|code| code.page())
}

/// All finding codes, in order.
pub fn codes() -> impl Iterator<Item = &'static str> {
    Code::ALL.iter().map(|code| code.id())
}

/// A code without a page does not compile, since its page is included here.
macro_rules! codes {
    ($($name:ident = $id:literal),* $(,)?) => {
        /// What kind of thing a finding says.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code { $($name),* }

        impl Code {
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            pub(crate) fn id(self) -> &'static str {
                match self { $(Self::$name => $id),* }
            }

            fn page(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("../pages/", $id, ".md"))),* }
            }
        }
    };
}

codes! {
    Syntax = "MS0101",
    TooLarge = "MS0102",
    DuplicateKey = "MS0103",
    UnknownKey = "MS0104",
    MissingKey = "MS0105",
    WrongType = "MS0106",
    BadDuration = "MS0107",
    BadSize = "MS0108",
    OutOfRange = "MS0109",
    UnknownChoice = "MS0110",
    BadName = "MS0111",
    UnsetVariable = "MS0112",
    BadVariable = "MS0113",
    NotYet = "MS0114",
    NotExactlyOne = "MS0115",
    BadPointer = "MS0116",
    UnsupportedYaml = "MS0117",
    TooManyFindings = "MS0118",
    BadCondition = "MS0119",
    BadCron = "MS0120",
    BadRate = "MS0121",
    BadUrl = "MS0122",
    BadHeader = "MS0123",
    UnknownTopic = "MS0201",
    UnknownPlugin = "MS0202",
    NotADeadLetterTopic = "MS0203",
    OwnDeadLetterTopic = "MS0204",
    SecondCommandSubscription = "MS0301",
    MissingDeadLetter = "MS0302",
    DropAndDeadLetter = "MS0303",
    AckDeadlineTooShort = "MS0304",
    BlockingCycle = "MS0305",
    MissingOutput = "MS0306",
    OutputOfSink = "MS0307",
    IntoDeadLetterTopic = "MS0308",
    MessageLargerThanTopic = "MS0309",
    BackoffUpsideDown = "MS0310",
    SharedFile = "MS0311",
    SharedStdin = "MS0312",
    BadHttpPath = "MS0313",
    NotForDeadLetters = "MS0314",
    NothingToPark = "MS0315",
    DedupFromWithoutDedup = "MS0316",
    ExpiresBeforeDue = "MS0317",
    PluginFault = "MS0401",
    NotGranted = "MS0402",
    BadHttpGrant = "MS0403",
    SourceNotYet = "MS0404",
    UnknownInterface = "MS0405",
    NotCompiled = "MS0406",
    ConfigRefused = "MS0407",
    NotStarted = "MS0408",
    BadReference = "MS0409",
    BrokerNotYet = "MS0501",
    ManyBrokers = "MS0502",
    BadSync = "MS0503",
    BudgetTooSmall = "MS0504",
    JournalLeftover = "MS0505",
    JournalChanged = "MS0506",
    JournalDamaged = "MS0507",
    JournalInUse = "MS0508",
    JournalFormat = "MS0509",
    JournalUnusable = "MS0510",
    NeedsRestart = "MS0511",
    UnreadTopic = "MS0901",
    UnusedPlugin = "MS0902",
    RepeatedRoute = "MS0903",
    RoutesWithoutOutput = "MS0904",
    BatchBoundVersusTopic = "MS0905",
    LimitsUpsideDown = "MS0906",
    EarliestIsNew = "MS0907",
    NeverSynced = "MS0908",
    KeyvalueEmpty = "MS0909",
}

impl Code {
    /// The group 09xx warns, all others refuse.
    pub(crate) fn severity(self) -> Severity {
        if self.id().starts_with("MS09") { Severity::Warning } else { Severity::Error }
    }
}
