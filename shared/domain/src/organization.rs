//! Organizations: their numbers, their defaults and bounds, and which numbers they may reach.

use serde::{Deserialize, Serialize};

use crate::calling_code::country_of;
use crate::ids::{AgentId, EndpointId, Mode, OrganizationId};
use crate::phone::{Country, PhoneNumber};
use crate::special_range::is_special;
use crate::subscription::Subscription;

/// How many numbers that it sent from once an organization remembers: the newest. Its item is read with every request.
const MOST_FORMER_NUMBERS: usize = 1_000;

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// What people call it.
    pub name: String,
    /// Suspended: nothing is accepted from it and nothing of it is dialled.
    pub suspended: bool,
    /// Signs the cursors of its lists, so that none can be forged: random, in hexadecimal.
    pub cursor_key: String,
    /// The numbers it may send from, in live mode.
    pub numbers: Vec<PhoneNumber>,
    /// The numbers it sent from once. Whoever opts out by a text to one of them has opted out of the organization.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_numbers: Vec<PhoneNumber>,
    /// What stands in for what a request leaves out.
    #[serde(default)]
    pub defaults: Defaults,
    /// What it is kept to.
    #[serde(default)]
    pub bounds: Bounds,
    /// Its webhook endpoints as far as the fan-out of an event needs them: here, so that the read that loads a
    /// conversation's organization loads them too.
    pub endpoints: Vec<Subscription>,
}

/// What stands in for what a request leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Defaults {
    /// The country that a phone number without `+` is read in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// The voice agent of a request that names none, where its front door allows that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice_agent: Option<AgentId>,
}

/// What an operator keeps an organization to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bounds {
    /// The countries that its live conversations may go to. Where none is named: its own, else that of the number that
    /// calls or writes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<Country>,
    /// How many of its calls may be open at its providers at the same time, in each mode; no bound where there is none.
    /// What does not fit waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent_calls: Option<u32>,
    /// Whether it may contact premium-rate numbers, and what else costs more than a call.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub premium: bool,
}

impl Organization {
    /// Whether it may call and text from a number at this moment. In test mode any number will do: the simulator reaches no
    /// phone. In live mode only a number of its own will, whatever an agent's settings say, and whatever was its own before.
    pub fn owns(&self, mode: Mode, number: &PhoneNumber) -> bool {
        match mode {
            Mode::Test => true,
            Mode::Live => self.numbers.contains(number),
        }
    }

    /// Gives it a number.
    pub fn take_number(&mut self, number: &PhoneNumber) {
        self.former_numbers.retain(|former| former != number);
        if !self.numbers.contains(number) {
            self.numbers.push(number.clone());
        }
    }

    /// Takes a number from it; `false` where it had no such number.
    pub fn give_up_number(&mut self, number: &PhoneNumber) -> bool {
        let had = self.numbers.contains(number);
        if had {
            self.numbers.retain(|other| other != number);
            self.former_numbers.retain(|former| former != number);
            self.former_numbers.push(number.clone());
            let too_many = self.former_numbers.len().saturating_sub(MOST_FORMER_NUMBERS);
            self.former_numbers.drain(..too_many);
        }
        had
    }

    /// Whether it may contact a number from another one. A number of no country is never reached in live mode; the
    /// simulator is no country.
    ///
    /// # Errors
    /// [`OutOfReach`] says why it may not.
    pub fn may_reach(&self, mode: Mode, from: &PhoneNumber, to: &PhoneNumber) -> Result<(), OutOfReach> {
        let Mode::Live = mode else { return Ok(()) };
        let country = country_of(to).ok_or(OutOfReach::Country)?;
        let is_allowed = match self.bounds.countries.as_slice() {
            [] => self.defaults.country.or_else(|| country_of(from)) == Some(country),
            allowed => allowed.contains(&country),
        };
        if !is_allowed {
            return Err(OutOfReach::Country);
        }
        if !self.bounds.premium && is_special(to) { Err(OutOfReach::SpecialRange) } else { Ok(()) }
    }

    /// The enabled endpoints of a mode that want an event of this type.
    pub fn subscribers(&self, mode: Mode, event: &str) -> impl Iterator<Item = EndpointId> {
        self.endpoints.iter().filter(move |endpoint| endpoint.wants(mode, event)).map(|endpoint| endpoint.id)
    }
}

/// Why an organization may not contact a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutOfReach {
    /// It is of a country that the organization may not contact.
    #[error("numbers of this country")]
    Country,
    /// It costs more than a call to its country does, and nobody has allowed that.
    #[error("premium-rate, shared-cost, personal or pager numbers, unless an operator allows it")]
    SpecialRange,
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Defaults, Organization};
    use crate::ids::{Mode, OrganizationId};
    use crate::phone::{Country, PhoneNumber};

    fn organization(country: Option<&str>, countries: &[&str]) -> Organization {
        let countries = countries.iter().filter_map(|code| Country::parse(code)).collect();
        Organization {
            id: OrganizationId::parse("acme").unwrap(),
            name: "Acme".to_owned(),
            suspended: false,
            cursor_key: "c0ffee".to_owned(),
            numbers: Vec::new(),
            former_numbers: Vec::new(),
            defaults: Defaults { country: country.and_then(Country::parse), voice_agent: None },
            bounds: Bounds { countries, ..Bounds::default() },
            endpoints: Vec::new(),
        }
    }

    fn reaches(organization: &Organization, mode: Mode, to: &str) -> bool {
        let from = PhoneNumber::parse("+15555550100").unwrap();
        organization.may_reach(mode, &from, &PhoneNumber::parse(to).unwrap()).is_ok()
    }

    #[test]
    fn premium_numbers_are_reached_where_an_operator_allowed_it_and_in_test_mode() {
        let mut own = organization(Some("US"), &[]);
        assert!(!reaches(&own, Mode::Live, "+19005550123") && reaches(&own, Mode::Test, "+19005550123"));
        own.bounds.premium = true;
        assert!(reaches(&own, Mode::Live, "+19005550123") && !reaches(&own, Mode::Live, "+449012345678"));
        let before: Organization =
            serde_json::from_value(serde_json::to_value(organization(None, &[])).unwrap()).unwrap();
        assert!(!before.bounds.premium, "what is stored already allows nothing");
    }

    #[test]
    fn live_conversations_go_to_the_allowed_countries_only() {
        let several = organization(Some("US"), &["DE", "CA"]);
        assert!(reaches(&several, Mode::Live, "+49301234567") && reaches(&several, Mode::Live, "+14165550123"));
        assert!(!reaches(&several, Mode::Live, "+15555550123"), "its own is not named");
        let own = organization(Some("DE"), &[]);
        assert!(reaches(&own, Mode::Live, "+49301234567") && !reaches(&own, Mode::Live, "+15555550123"));
        let unsaid = organization(None, &[]);
        assert!(reaches(&unsaid, Mode::Live, "+15555550123"), "the country of the number that calls");
        for foreign in ["+14165550123", "+18765550123", "+49301234567", "+882161234567"] {
            assert!(!reaches(&unsaid, Mode::Live, foreign), "{foreign}");
        }
    }

    #[test]
    fn a_number_that_was_taken_from_an_organization_is_not_its_own_any_more_and_remembered() {
        let mut organization = organization(None, &[]);
        let number = PhoneNumber::parse("+15555550100").unwrap();
        assert!(!organization.owns(Mode::Live, &number) && organization.owns(Mode::Test, &number));
        organization.take_number(&number);
        organization.take_number(&number);
        assert!(organization.owns(Mode::Live, &number) && organization.numbers.len() == 1);
        assert!(organization.give_up_number(&number) && !organization.give_up_number(&number));
        assert!(!organization.owns(Mode::Live, &number));
        assert_eq!(organization.former_numbers, std::slice::from_ref(&number));
        organization.take_number(&number);
        assert!(organization.former_numbers.is_empty());
    }

    #[test]
    fn the_simulator_is_no_country() {
        assert!(reaches(&organization(Some("DE"), &["FR"]), Mode::Test, "+882161234567"));
    }
}
