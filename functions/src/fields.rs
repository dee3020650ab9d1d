//! Reading a JSON body field by field. Every wrong field is collected, so that all are reported at once.

use domain::blank::is_blank;
use domain::ids::AgentId;
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use serde_json::{Map, Value};

use crate::error::{ApiError, FieldError};
use crate::http::Request;

/// A JSON object being read.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    object: &'a Map<String, Value>,
    errors: Vec<FieldError>,
}

static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);

impl<'a> Fields<'a> {
    /// Opens a request's body, which has to be a JSON object with no fields but these.
    ///
    /// # Errors
    /// 413, 415, or 400 where it is no JSON object.
    pub(crate) fn open(request: &'a Request, known: &[&str]) -> Result<Self, ApiError> {
        if request.is_too_large() {
            return Err(request.too_large());
        }
        if !request.is_json() {
            return Err(ApiError::UnsupportedMediaType);
        }
        let Some(body) = request.json() else {
            return Err(ApiError::field("body", format_args!("is not valid JSON: {}", request.json_error())));
        };
        let Value::Object(object) = body else { return Err(ApiError::field("body", "must be a JSON object")) };
        let mut fields = Self { object, errors: Vec::new() };
        for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
            fields.errors.push(unknown_field(name, known));
        }
        Ok(fields)
    }

    /// Like [`Fields::open`], where the body may be missing.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn open_optional(request: &'a Request, known: &[&str]) -> Result<Self, ApiError> {
        if request.body().iter().all(u8::is_ascii_whitespace) {
            return Ok(Self { object: &EMPTY, errors: Vec::new() });
        }
        Self::open(request, known)
    }

    /// Reads an object within a body, which has to have no fields but these. What is wrong with it is told to
    /// [`Fields::absorb`].
    pub(crate) fn within(object: &'a Map<String, Value>, known: &[&str]) -> Self {
        let errors = object.keys().filter(|name| !known.contains(&name.as_str()));
        Self { object, errors: errors.map(|name| unknown_field(name, known)).collect() }
    }

    /// Takes over what was wrong with an object within this one.
    pub(crate) fn absorb(&mut self, name: &str, within: Fields<'_>) {
        let named = |error: FieldError| FieldError { field: format!("{name}.{}", error.field), ..error };
        self.errors.extend(within.errors.into_iter().map(named));
    }

    /// A whole number within bounds.
    pub(crate) fn number_within(&mut self, name: &str, least: u32, most: u32) -> Option<u32> {
        let number = self.value(name)?.as_u64().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.refuse(name, format_args!("must be a whole number from {least} to {most}"));
        }
        number
    }

    /// One of a few words.
    pub(crate) fn one_of<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.refuse(name, format_args!("must be one of {}", known.join(", ")));
        }
        found
    }

    /// The fields that were sent, with a value or null.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.object.keys().map(String::as_str)
    }

    /// Says what is wrong with a field.
    pub(crate) fn refuse(&mut self, field: impl Into<String>, message: impl std::fmt::Display) {
        self.errors.push(FieldError::new(field, message));
    }

    /// Whether anything was wrong so far.
    pub(crate) fn is_refused(&self) -> bool {
        !self.errors.is_empty()
    }

    /// What was wrong, if anything was.
    ///
    /// # Errors
    /// [`ApiError::Validation`] with every wrong field.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        if self.errors.is_empty() { Ok(()) } else { Err(ApiError::Validation(self.errors)) }
    }

    /// What was wrong.
    pub(crate) fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }

    /// Whether a field was sent, with a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Whether a field was sent, with a value or with `null`.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    /// A field's value; `null` is none.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &str) -> Option<&'a str> {
        let value = self.value(name)?;
        let text = value.as_str();
        if text.is_none() {
            self.refuse(name, "must be a string");
        }
        text
    }

    /// A text of a length within bounds, in characters. One that must not be empty must not be blank either.
    pub(crate) fn text_within(&mut self, name: &str, shortest: usize, longest: usize) -> Option<&'a str> {
        let text = self.text(name)?;
        if (shortest..=longest).contains(&text.chars().count()) {
            if shortest > 0 && is_blank(text) {
                self.refuse(name, "must not be blank");
                return None;
            }
            return Some(text);
        }
        self.refuse(name, format_args!("must be {shortest} to {longest} characters long"));
        None
    }

    /// True or false.
    pub(crate) fn boolean(&mut self, name: &str) -> Option<bool> {
        let value = self.value(name)?.as_bool();
        if value.is_none() {
            self.refuse(name, "must be true or false");
        }
        value
    }

    /// A phone number in E.164.
    pub(crate) fn phone_number(&mut self, name: &str) -> Option<PhoneNumber> {
        let text = self.text(name)?;
        PhoneNumber::parse(text).map_err(|error| self.refuse(name, error)).ok()
    }

    /// A phone number that must be there.
    pub(crate) fn required_phone_number(&mut self, name: &str) -> Option<PhoneNumber> {
        if !self.has(name) {
            self.refuse(name, "is required: a phone number in E.164 format, such as +15555550123");
        }
        self.phone_number(name)
    }

    /// A moment.
    pub(crate) fn timestamp(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?;
        Timestamp::parse(text).map_err(|error| self.refuse(name, error)).ok()
    }

    /// An agent's id.
    pub(crate) fn agent_id(&mut self, name: &str) -> Option<AgentId> {
        let text = self.text(name)?;
        let id = AgentId::parse(text);
        if id.is_none() {
            self.refuse(name, "must be a UUID such as 2c4a1e72-0000-4000-8000-000000000000");
        }
        id
    }

    /// A JSON object.
    pub(crate) fn object(&mut self, name: &str) -> Option<&'a Map<String, Value>> {
        let object = self.value(name)?.as_object();
        if object.is_none() {
            self.refuse(name, "must be a JSON object");
        }
        object
    }
}

fn unknown_field(name: &str, known: &[&str]) -> FieldError {
    if name == "clientOrgId" {
        return FieldError::new(name, "must not be sent: the API key determines the organization");
    }
    let shown: String = name.chars().take(64).collect();
    if known.is_empty() {
        return FieldError::new(shown, "is not a known field; there are none");
    }
    FieldError::new(shown, format_args!("is not a known field; known are {}", known.join(", ")))
}
