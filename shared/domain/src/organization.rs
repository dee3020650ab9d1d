//! Organizations: their numbers, defaults and limits, and the numbers that they may reach.

use serde::{Deserialize, Serialize};

use crate::calling_code::country_of;
use crate::ids::{AgentId, EndpointId, Mode, OrganizationId};
use crate::phone::{Country, PhoneNumber};
use crate::special_range::is_special;
use crate::subscription::Subscription;

/// Maximum number of former numbers that an organization keeps: the newest. The organization's item is read with every
/// request.
const MOST_FORMER_NUMBERS: usize = 1_000;

/// Tenant of the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// Id of the organization.
    pub id: OrganizationId,
    /// Display name of the organization.
    pub name: String,
    /// `true` if the organization is suspended: its requests are refused, and its calls are not dialled.
    pub suspended: bool,
    /// Random key, in hexadecimal, that signs the cursors of lists, so that a client cannot forge one.
    pub cursor_key: String,
    /// Numbers that the organization may call and send from in live mode.
    pub numbers: Vec<PhoneNumber>,
    /// Numbers that the organization had before. A customer who opts out by a message to one of them has opted out of the
    /// organization.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_numbers: Vec<PhoneNumber>,
    /// Defaults for fields that a request leaves out.
    #[serde(default)]
    pub defaults: Defaults,
    /// Limits that an operator sets.
    #[serde(default)]
    pub bounds: Bounds,
    /// Webhook endpoints, with the fields that the fan-out of an event needs. They are stored here so that one read loads a
    /// conversation's organization and its endpoints.
    pub endpoints: Vec<Subscription>,
}

/// Defaults for fields that a request leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Defaults {
    /// Country by whose rules a phone number without `+` is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Voice agent for a request that names none, if the front door allows that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice_agent: Option<AgentId>,
}

/// Limits that an operator sets for an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bounds {
    /// Countries that live conversations may go to. If it is empty, only the organization's own country is allowed, or
    /// without one the country of the calling or sending number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<Country>,
    /// Maximum number of calls that may be open at providers at the same time, in each mode; `None` for no limit. A call
    /// beyond the limit waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent_calls: Option<u32>,
    /// `true` if the organization may contact premium-rate numbers and others that cost more than a call.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub premium: bool,
}

impl Organization {
    /// Returns `true` if the organization may call and send from a number now. In test mode any number is allowed, because
    /// the simulator reaches no phone. In live mode only a number that the organization owns now is allowed, whatever an
    /// agent's settings say.
    pub fn owns(&self, mode: Mode, number: &PhoneNumber) -> bool {
        match mode {
            Mode::Test => true,
            Mode::Live => self.numbers.contains(number),
        }
    }

    /// Gives a number to the organization.
    pub fn take_number(&mut self, number: &PhoneNumber) {
        self.former_numbers.retain(|former| former != number);
        if !self.numbers.contains(number) {
            self.numbers.push(number.clone());
        }
    }

    /// Takes a number from the organization. Returns `false` if the organization did not own it.
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

    /// Checks if the organization may contact the number `to` from the number `from`. In test mode it always may, because
    /// the simulator is in no country. In live mode, a number that belongs to no country is refused.
    ///
    /// # Errors
    /// [`OutOfReach`] with the reason.
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

    /// Returns the enabled endpoints that subscribe to an event of this mode and type.
    pub fn subscribers(&self, mode: Mode, event: &str) -> impl Iterator<Item = EndpointId> {
        self.endpoints.iter().filter(move |endpoint| endpoint.wants(mode, event)).map(|endpoint| endpoint.id)
    }
}

/// Reason why an organization may not contact a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutOfReach {
    /// Number belongs to a country that the organization may not contact.
    #[error("numbers of this country")]
    Country,
    /// Number costs more than a call to its country, and the operator has not allowed that.
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
