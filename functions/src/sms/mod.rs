//! What several functions do for an SMS conversation.

pub(crate) mod inbound;
