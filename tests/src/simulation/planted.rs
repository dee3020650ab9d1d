//! Tests that the auditor finds bugs planted on purpose. Each is searched for as real ones are: by every scenario
//! without faults, then with a fault at each request in turn, then by random seeds.

use domain::planted::{Bug, plant};

use super::random;
use super::scenarios::{self, Scenario};
use super::{run, texts, weather};
use crate::harness::aws::faults::{Fault, Plan};
use crate::harness::world::auditor::{Measure, Weather};

/// Faults in the order in which they find most bugs.
const FAULTS: [Fault; 4] = [Fault::CrashAfter, Fault::LoseAnswer, Fault::CrashBefore, Fault::Unprocessed];

/// Number of seeds that are tried last.
const SEEDS: u64 = 100;

/// Plants a bug and searches these scenarios and all seeds for it. Returns the first place and finding.
fn hunt(bug: Bug, scenarios: &[Scenario]) -> Option<(String, String)> {
    plant(Some(bug));
    let found = hunt_scenarios(scenarios, &faults_for(bug)).or_else(hunt_seeds);
    plant(None);
    found
}

/// Returns the faults in the order in which they are tried for a bug: first the only one that can show it.
fn faults_for(bug: Bug) -> [Fault; 4] {
    let mut faults = FAULTS;
    let only = match bug {
        Bug::UnprocessedIsAbsent => Some(Fault::Unprocessed),
        Bug::DropNonce => Some(Fault::LoseAnswer),
        _ => None,
    };
    if let Some(place) = only.and_then(|only| faults.iter().position(|fault| *fault == only)) {
        faults.swap(0, place);
    }
    faults
}

fn hunt_scenarios(scenarios: &[Scenario], faults: &[Fault]) -> Option<(String, String)> {
    for scenario in scenarios {
        let run = run(scenario, Plan::none(), Measure::of(Weather::Calm));
        if let Some(finding) = run.findings.first() {
            return Some((format!("{}, nothing wrong", scenario.name), finding.clone()));
        }
    }
    for fault in faults.iter().copied() {
        for scenario in scenarios {
            for point in 0..scenario.points {
                let run = run(scenario, Plan::none().at(point, fault), Measure::of(weather(fault)));
                if let Some(finding) = run.findings.first() {
                    return Some((format!("{}, {fault:?} at {point}", scenario.name), finding.clone()));
                }
            }
        }
    }
    None
}

fn hunt_seeds() -> Option<(String, String)> {
    (0..SEEDS).find_map(|seed| {
        let run = random::play(seed);
        run.findings.first().map(|finding| (format!("seed {seed}"), finding.clone()))
    })
}

/// Defines a test for each bug, and a list that the compiler keeps complete.
macro_rules! bugs {
    ($($scenarios:path { $($test:ident: $bug:ident,)* })*) => {
        $($(
            #[test]
            fn $test() {
                let found = hunt(Bug::$bug, $scenarios);
                let (place, finding) = found.expect("a planted bug was not found");
                println!("{:?}: {place}: {finding}", Bug::$bug);
            }
        )*)*

        /// Fails to compile if a bug has no test.
        const fn has_a_test(bug: Bug) {
            match bug {
                $($(Bug::$bug => {})*)*
                // No scenario has two keys or an endpoint that fails for days. Tests in `limits` and `endpoints` find
                // these.
                Bug::ChildrenCountAlone | Bug::GiveUpAfterSilence | Bug::SendUnsigned => {}
                // The simulator holds no chats. Tests in `providers::every::chat_simulation` find these.
                Bug::ReadChatAnew | Bug::KeepChat => {}
                // Tests with many clients under one key find this: `simulation::one_key`.
                Bug::SupersedeItself => {}
                // The simulator's list shows the conversation of each call. Twilio's does not, so `providers::twilio::pair_tests`
                // finds these.
                Bug::AdoptYoung | Bug::UnconditionalHold => {}
                // This takes another write at one exact moment. `races` and `text_races` try every moment.
                Bug::ClaimSuppressed => {}
            }
        }
        const _: () = has_a_test(Bug::UnconditionalClaim);
    };
}

bugs! {
    scenarios::SCENARIOS {
    a_claim_without_its_condition_is_found: UnconditionalClaim,
    a_lease_that_nobody_watches_is_found: ForgetLease,
    a_timeout_taken_for_a_refusal_is_found: RetryTimeout,
    ones_own_write_taken_for_somebody_elses_is_found: DropNonce,
    a_reason_that_changes_is_found: EndReasonMoves,
    a_status_that_moves_back_is_found: StatusMovesBack,
    an_end_announced_twice_is_found: AnnounceTwice,
    an_analysis_before_the_end_is_found: AnalysisBeforeEnd,
    a_gap_in_the_sequence_is_found: SequenceGap,
    a_dialled_number_that_opted_out_is_found: DialSuppressed,
    a_late_call_that_is_kept_is_found: LateCallKept,
    a_refused_replay_is_found: RefuseReplay,
    a_key_taken_for_absent_is_found: UnprocessedIsAbsent,
    a_forgotten_delivery_is_found: ForgetDelivery,
    what_is_kept_too_long_is_found: KeepForGood,
    a_fresh_id_at_each_attempt_is_found: FreshEventId,
    a_call_that_is_not_due_is_found: ForgetDue,
    a_hold_settled_too_early_is_found: SettleEarly,
    a_charge_without_its_entry_is_found: ForgetEntry,
    }
    texts::SCENARIOS {
    a_text_sent_again_after_a_timeout_is_found: ResendTimeout,
    a_text_to_somebody_who_opted_out_is_found: TextSuppressed,
    an_answer_that_something_newer_overtook_is_found: AnswerStale,
    a_turn_that_is_answered_twice_is_found: AnswerTwice,
    an_agent_that_answers_for_ever_is_found: AnswerForEver,
    a_turn_that_nobody_watches_is_found: ForgetTurn,
    a_delivery_that_moves_back_is_found: DeliveryMovesBack,
    a_stop_that_nobody_heeds_is_found: StopIsAnOrdinaryText,
    a_text_taken_in_twice_is_found: ForgetInbound,
    a_conversation_that_stays_open_beside_a_newer_one_is_found: KeepSuperseded,
    }
}
