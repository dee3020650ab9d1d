//! The local stack in this process, with a client and webhook endpoints over real sockets.

pub(crate) mod api;
pub(crate) mod hooks;
pub(crate) mod live;
pub(crate) mod local_stack;
