//! Scripts of simulated SMS messages: their delivery, and the customer's answers.

use domain::end_reason::EndReason;
use domain::sms::DeliveryStatus;
use domain::time::{Span, Timestamp};
use store::SimulatedText;

/// Behavior of SMS messages to a number. Its last four digits choose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextScript {
    /// All other numbers: accepted, sent, delivered.
    Deliver,
    /// 0101: accepted, undelivered.
    Undelivered,
    /// 0102: delivered. The customer answers once.
    AnswersOnce,
    /// 0103: delivered. The customer answers STOP.
    AnswersStop,
    /// 0104: delivered. The customer sends three SMS messages at once.
    AnswersThrice,
    /// 0105: the provider times out after accepting. Its delivery report comes.
    TimesOutAfterAccepting,
    /// 0106: every delivery report comes twice, and in reverse order.
    TwiceAndReversed,
    /// 0107: refused, because the number opted out at the carrier.
    OptedOut,
}

/// Answer of the simulator to "send this SMS message".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TextAnswer {
    Take,
    TakeAndTimeOut,
    Refuse { status: u16, meaning: EndReason },
}

const SENT_AFTER: Span = Span::seconds(1);
const ARRIVES_AFTER: Span = Span::seconds(2);
const ANSWERED_AFTER: Span = Span::seconds(3);
const REVERSED_FROM: Span = Span::seconds(4);

/// Error code of a message that was not delivered. The name is the simulator's own.
pub(super) const UNREACHABLE: &str = "unreachable";

impl TextScript {
    pub(super) fn answer(self) -> TextAnswer {
        match self {
            Self::OptedOut => TextAnswer::Refuse { status: 400, meaning: EndReason::OPTED_OUT },
            Self::TimesOutAfterAccepting => TextAnswer::TakeAndTimeOut,
            Self::Deliver
            | Self::Undelivered
            | Self::AnswersOnce
            | Self::AnswersStop
            | Self::AnswersThrice
            | Self::TwiceAndReversed => TextAnswer::Take,
        }
    }

    fn end(self) -> DeliveryStatus {
        match self {
            Self::Undelivered => DeliveryStatus::Undelivered,
            Self::Deliver
            | Self::AnswersOnce
            | Self::AnswersStop
            | Self::AnswersThrice
            | Self::TimesOutAfterAccepting
            | Self::TwiceAndReversed
            | Self::OptedOut => DeliveryStatus::Delivered,
        }
    }

    /// Returns the customer's answers to the first message of a conversation.
    pub(super) const fn replies(self) -> &'static [&'static str] {
        match self {
            Self::AnswersOnce => &["Yes please. What are your opening hours?"],
            Self::AnswersStop => &["STOP"],
            Self::AnswersThrice => &["Hello", "who is this?", "I am interested"],
            Self::Deliver
            | Self::Undelivered
            | Self::TimesOutAfterAccepting
            | Self::TwiceAndReversed
            | Self::OptedOut => &[],
        }
    }
}

/// Returns the delivery reports of a message that was just accepted, each with its time.
pub(super) fn reports(text: &SimulatedText) -> Vec<(Timestamp, DeliveryStatus)> {
    let script = TextScript::of(&text.to);
    let (sent, end) = (DeliveryStatus::Sent, script.end());
    match script {
        TextScript::TwiceAndReversed => {
            let from = text.sent_at + REVERSED_FROM;
            let later = from + Span::seconds(1);
            vec![(from, end), (from, end), (later, sent), (later, sent)]
        }
        TextScript::Deliver
        | TextScript::Undelivered
        | TextScript::AnswersOnce
        | TextScript::AnswersStop
        | TextScript::AnswersThrice
        | TextScript::TimesOutAfterAccepting
        | TextScript::OptedOut => vec![(text.sent_at + SENT_AFTER, sent), (text.sent_at + ARRIVES_AFTER, end)],
    }
}

/// Returns the customer's answers to a message, each with its time. Only the first message of a conversation is answered.
pub(super) fn replies(text: &SimulatedText) -> Vec<(Timestamp, &'static str)> {
    let replies = if text.number == 1 { TextScript::of(&text.to).replies() } else { &[] };
    replies.iter().map(|reply| (text.sent_at + ANSWERED_AFTER, *reply)).collect()
}

/// Returns the delivery status of a message at this time.
pub(super) fn status(text: &SimulatedText, now: Timestamp) -> DeliveryStatus {
    if now >= text.sent_at + ARRIVES_AFTER {
        TextScript::of(&text.to).end()
    } else if now >= text.sent_at + SENT_AFTER {
        DeliveryStatus::Sent
    } else {
        DeliveryStatus::Queued
    }
}
