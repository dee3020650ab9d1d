//! What several functions do for an SMS conversation.

pub(crate) mod chat;
mod history;
pub(crate) mod inbound;
pub(crate) mod model;
pub(crate) mod opening;
pub(crate) mod sending;
pub(crate) mod turn;
