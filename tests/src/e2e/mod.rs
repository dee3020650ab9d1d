//! End-to-end tests. The whole local stack runs in this process, and requests go over real sockets as a client's do.

mod accept_tests;
mod administration_tests;
mod agent_mode_tests;
mod agent_tests;
mod close_tests;
mod conformance;
mod endpoint_tests;
mod foreign_tests;
mod key_admin_tests;
mod key_tests;
mod limit_tests;
mod list_tests;
mod number_tests;
mod refuse_tests;
mod script_tests;
mod size_tests;
mod sms_tests;
mod webhook_tests;
