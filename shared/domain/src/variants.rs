//! Arrays of the variants of an enum, for constants such as `ALL`.

/// Returns the variants that `strum` lists as a slice. `N` is their number, which `strum` counts.
pub const fn all<T: Copy, const N: usize>(variants: &[T]) -> [T; N] {
    let mut all = [variants[0]; N];
    let mut place = 0;
    while place < N {
        all[place] = variants[place];
        place += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use crate::call::{self, AnsweredBy};
    use crate::ids::{Channel, Mode};
    use crate::key::Permission;
    use crate::provider::Provider;
    use crate::sms;
    use crate::tool::ToolOutcome;
    use crate::wallet::EntryKind;

    fn stored(value: impl Serialize) -> String {
        serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
    }

    #[test]
    fn a_name_is_the_one_that_it_is_stored_under() {
        let providers = Provider::ALL.map(|provider| (stored(provider), provider.as_str()));
        let permissions = Permission::ALL.map(|permission| (stored(permission), permission.as_str()));
        let calls = call::Status::ALL.map(|status| (stored(status), status.as_str()));
        let conversations = sms::Status::ALL.map(|status| (stored(status), status.as_str()));
        let modes = [Mode::Live, Mode::Test].map(|mode| (stored(mode), mode.as_str()));
        let channels = [Channel::Voice, Channel::Sms].map(|channel| (stored(channel), channel.as_str()));
        let answerers = [AnsweredBy::Human, AnsweredBy::Machine].map(|by| (stored(by), by.as_str()));
        let entries = [EntryKind::Credit, EntryKind::Hold, EntryKind::Release, EntryKind::Charge];
        let entries = entries.map(|kind| (stored(kind), kind.as_str()));
        let names = providers.into_iter().chain(permissions).chain(calls).chain(conversations).chain(modes);
        for (stored, name) in names.chain(channels).chain(answerers).chain(entries) {
            assert_eq!(stored, name);
        }
        for outcome in [ToolOutcome::Ok(String::new()), ToolOutcome::Error(String::new()), ToolOutcome::Unknown] {
            assert_eq!(serde_json::to_value(&outcome).unwrap()["outcome"], outcome.as_str());
        }
    }

    #[test]
    fn a_permission_is_read_by_its_name() {
        for permission in Permission::ALL {
            assert_eq!(Permission::parse(permission.as_str()), Some(permission));
        }
        assert_eq!(Permission::parse("CanSendSms"), None);
    }
}
