//! Stateful fakes of live providers: each speaks its vendor's wire protocol over real sockets, keeps its calls, calls back
//! with real signatures, and can fail in every way that a network can. The adapters run against them unchanged.

pub(crate) mod retell;
pub(crate) mod server;
