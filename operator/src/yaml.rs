//! Positions of values in a YAML file.
//!
//! The parser attaches a position only to errors that are raised while it reads. So a visitor walks to a value and
//! raises an error there. The position of that error is the position of the value.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Entry of an object, by name.
    Name(String),
    /// Element of a list, by index.
    Place(usize),
}

/// Parses the steps of a field's path, such as `sms.tools[0].name`.
pub(crate) fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, places) = part.split_once('[').unwrap_or((part, ""));
        steps.push(Step::Name(name.to_owned()));
        let places = places.split(['[', ']']).filter_map(|place| place.parse().ok());
        steps.extend(places.map(Step::Place));
    }
    steps
}

/// Returns the position of the value at the end of these steps, as line and column from 1. If there is no such value,
/// returns the position of the last step that leads to one.
pub(crate) fn place(text: &str, steps: &[Step]) -> Option<(usize, usize)> {
    (0..=steps.len()).rev().find_map(|len| {
        let refused = To(&steps[..len]).deserialize(serde_yaml_ng::Deserializer::from_str(text)).err()?;
        // Without the mark, the value is missing or cannot be read.
        if !refused.to_string().contains(MARK) {
            return None;
        }
        refused.location().map(|at| (at.line(), at.column()))
    })
}

/// Message of the error that marks the position.
const MARK: &str = "it is here";

/// Visitor that walks to a value.
struct To<'a>(&'a [Step]);

impl<'de> DeserializeSeed<'de> for To<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl To<'_> {
    fn arrived<E: serde::de::Error>(&self) -> Result<(), E> {
        if self.0.is_empty() { Err(E::custom(MARK)) } else { Ok(()) }
    }
}

impl<'de> Visitor<'de> for To<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        self.arrived()
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.arrived()
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.arrived()
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.arrived()
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        self.arrived()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.arrived()
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<(), E> {
        self.arrived()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Some((first, rest)) = self.0.split_first() else { return Err(A::Error::custom(MARK)) };
        let mut place = 0;
        while *first != Step::Place(place) {
            if list.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
            place += 1;
        }
        list.next_element_seed(To(rest))?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let Some((first, rest)) = self.0.split_first() else { return Err(A::Error::custom(MARK)) };
        while let Some(name) = object.next_key::<String>()? {
            if *first == Step::Name(name) {
                object.next_value_seed(To(rest))?;
            } else {
                object.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Step, place, steps};

    const FILE: &str = "- slug: desk
  name: Desk
  sms:
    prompt: >-
      Be kind.
    tools:
      - name: book
        url: nowhere
- slug: other
";

    fn found(agent: usize, path: &str) -> Option<(usize, usize)> {
        let way: Vec<Step> = std::iter::once(Step::Place(agent)).chain(steps(path)).collect();
        place(FILE, &way)
    }

    #[test]
    fn a_field_is_found_by_its_path() {
        assert_eq!(found(0, "name"), Some((2, 9)));
        assert_eq!(found(0, "sms.tools[0].url"), Some((8, 14)));
        assert_eq!(found(0, "sms.prompt"), Some((4, 13)));
        assert_eq!(found(1, "slug"), Some((9, 9)));
    }

    #[test]
    fn what_is_missing_is_where_it_should_be() {
        assert_eq!(found(1, "name"), Some((9, 3)));
        assert_eq!(found(0, "sms.tools[0].description"), Some((7, 9)));
        assert_eq!(found(0, "sms.tools[3].url"), Some((7, 7)));
    }
}
