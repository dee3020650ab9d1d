//! The wallet.

pub(crate) mod get_wallet;
pub(crate) mod list_wallet_entries;
