//! Tests of live providers: what holds for every one of them, and what is one provider's own.

pub(crate) mod every;
mod retell_tests;
mod telnyx_tests;
mod twilio;
mod vapi_tests;
