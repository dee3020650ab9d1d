//! Steps of an SMS conversation that several functions share.

pub(crate) mod chat;
mod history;
pub(crate) mod inbound;
pub(crate) mod model;
pub(crate) mod opening;
pub(crate) mod sending;
pub(crate) mod turn;
