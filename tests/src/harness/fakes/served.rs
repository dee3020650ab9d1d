//! Fakes at local addresses, for the vendors' own clients. `scripts/official-sdks` runs those against them.

use serde_json::json;

use super::fake::Fake;
use super::retell::Retell;
use super::script::{Script, Story};
use super::telnyx::Telnyx;
use super::twilio::Twilio;

/// Number whose calls go on until they are ended. `scripts/sdks/run.py` uses it.
const STAYS: &str = "+15555550124";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "serves until its input ends: scripts/official-sdks"]
async fn serves_the_vendors_own_clients() {
    let (twilio, one) = Fake::<Twilio>::start().await;
    let (retell, two) = Fake::<Retell>::start().await;
    let (telnyx, three) = Fake::<Telnyx>::start().await;
    // Calls to this number are answered and stay up until they are hung up.
    let stays = || Script::of(Story::Stays);
    twilio.script(STAYS, stays());
    telnyx.script(STAYS, stays());
    println!("{}", json!({ "twilio": one.url, "retell": two.url, "telnyx": three.url }));
    tokio::task::spawn_blocking(|| std::io::stdin().lines().count()).await.unwrap();
    let violations = [twilio.violations(), retell.violations(), telnyx.violations()].concat();
    assert!(violations.is_empty(), "{violations:?}");
}
