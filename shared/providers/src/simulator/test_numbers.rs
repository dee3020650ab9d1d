//! Table of the numbers that choose a script. The simulator, the OpenAPI document and docs/test-numbers.md share it.

use domain::end_reason::EndReason;
use domain::phone::PhoneNumber;

use super::script::Script;
use super::text_script::TextScript;

/// Row of the table for calls: the numbers that play a script, and the end of their calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestNumber {
    /// Last four digits of the number. `None` stands for all numbers without a row.
    pub last_four: Option<&'static str>,
    /// Script of the calls.
    pub script: Script,
    /// Description for clients, as the OpenAPI document and the README show it.
    pub what: &'static str,
    /// End reason of the calls. `None` if the client that closes the call gives the reason.
    pub end_reason: Option<EndReason>,
}

const fn row(last_four: &'static str, script: Script, end_reason: EndReason, what: &'static str) -> TestNumber {
    TestNumber { last_four: Some(last_four), script, what, end_reason: Some(end_reason) }
}

/// Numbers of all scripts for calls.
pub const TEST_NUMBERS: [TestNumber; 13] = [
    TestNumber {
        last_four: None,
        script: Script::Complete,
        what: "rings, is answered, completes with a transcript, a recording and an analysis",
        end_reason: Some(EndReason::COMPLETED),
    },
    row("0001", Script::Busy, EndReason::BUSY, "busy"),
    row("0002", Script::NoAnswer, EndReason::NO_ANSWER, "nobody answers"),
    row("0003", Script::Voicemail, EndReason::VOICEMAIL, "voicemail"),
    row("0004", Script::Rejected, EndReason::REJECTED, "refused by the provider"),
    row("0005", Script::InvalidDestination, EndReason::INVALID_DESTINATION, "an invalid number"),
    row(
        "0006",
        Script::TimesOutAfterPlacing,
        EndReason::COMPLETED,
        "the provider times out after placing the call; its callbacks come",
    ),
    row(
        "0007",
        Script::Fails,
        EndReason::DISPATCH_UNCONFIRMED,
        "the provider answers 500 and has not placed it; a search finds nothing",
    ),
    row("0008", Script::SlowDown, EndReason::COMPLETED, "429 twice, then accepted"),
    row("0009", Script::TwiceAndReversed, EndReason::COMPLETED, "every callback twice, and in reverse order"),
    row("0010", Script::Lost, EndReason::PROVIDER_LOST, "accepted, and never heard of again, by callback or poll"),
    TestNumber {
        last_four: Some("0011"),
        script: Script::Stays,
        what: "answered, and stays in progress until closed",
        end_reason: None,
    },
    row(
        "0012",
        Script::TimesOutAndSilent,
        EndReason::COMPLETED,
        "times out after placing the call, no callbacks; only a search and polls find it",
    ),
];

/// Row of the table for SMS: the numbers that play a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextNumber {
    /// Last four digits of the number. `None` stands for all numbers without a row.
    pub last_four: Option<&'static str>,
    /// Script of the SMS messages.
    pub script: TextScript,
    /// Description for clients, as the OpenAPI document and the README show it.
    pub what: &'static str,
}

const fn text(last_four: &'static str, script: TextScript, what: &'static str) -> TextNumber {
    TextNumber { last_four: Some(last_four), script, what }
}

/// Numbers of all scripts for SMS.
pub const TEXT_NUMBERS: [TextNumber; 8] = [
    TextNumber { last_four: None, script: TextScript::Deliver, what: "accepted, sent, delivered" },
    text("0101", TextScript::Undelivered, "accepted, undelivered"),
    text("0102", TextScript::AnswersOnce, "delivered; the customer answers once"),
    text("0103", TextScript::AnswersStop, "delivered; the customer answers STOP"),
    text("0104", TextScript::AnswersThrice, "delivered; the customer sends three texts at once"),
    text(
        "0105",
        TextScript::TimesOutAfterAccepting,
        "the provider times out after accepting; its delivery report comes",
    ),
    text("0106", TextScript::TwiceAndReversed, "every delivery report twice, and in reverse order"),
    text("0107", TextScript::OptedOut, "refused: the number opted out at the carrier"),
];

impl Script {
    /// Returns the script of a number.
    pub fn of(number: &PhoneNumber) -> Self {
        let digits = Some(number.last_four());
        TEST_NUMBERS.iter().find(|row| row.last_four == digits).map_or(Self::Complete, |row| row.script)
    }
}

impl TextScript {
    /// Returns the script of a number.
    pub fn of(number: &PhoneNumber) -> Self {
        let digits = Some(number.last_four());
        TEXT_NUMBERS.iter().find(|row| row.last_four == digits).map_or(Self::Deliver, |row| row.script)
    }
}
