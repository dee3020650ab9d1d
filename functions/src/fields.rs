//! Reader of a JSON body, field by field. It collects the errors, so that one response reports all invalid fields.

use domain::blank::is_blank;
use domain::ids::AgentId;
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use serde_json::{Map, Value};

use crate::error::{ApiError, FieldError};
use crate::http::Request;

/// JSON object that is being read.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    object: &'a Map<String, Value>,
    errors: Vec<FieldError>,
}

/// A change to a value that may be missing.
#[derive(Debug)]
pub(crate) enum Change<T> {
    /// Keeps the value.
    Keep,
    /// Replaces the value, with none if `null` was sent.
    Replace(Option<T>),
}

impl<T: Clone> Change<T> {
    /// Applies the change to a value.
    pub(crate) fn apply(&self, value: &mut Option<T>) {
        if let Self::Replace(new) = self {
            value.clone_from(new);
        }
    }
}

static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);

impl<'a> Fields<'a> {
    /// Opens the body of a request, which must be a JSON object. Each field that is not in `known` is recorded as an error.
    ///
    /// # Errors
    /// 413 if the body is too large, 415 if it is not declared as JSON, and 400 if it is not a JSON object.
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

    /// Opens the body of a request as [`Fields::open`] does, but accepts an empty body as an empty object.
    ///
    /// # Errors
    /// The same as for [`Fields::open`].
    pub(crate) fn open_optional(request: &'a Request, known: &[&str]) -> Result<Self, ApiError> {
        if request.body().iter().all(u8::is_ascii_whitespace) {
            return Ok(Self { object: &EMPTY, errors: Vec::new() });
        }
        Self::open(request, known)
    }

    /// Opens an object within a body. Each field that is not in `known` is recorded as an error. [`Fields::absorb`] adds the
    /// errors to those of the outer object.
    pub(crate) fn within(object: &'a Map<String, Value>, known: &[&str]) -> Self {
        let errors = object.keys().filter(|name| !known.contains(&name.as_str()));
        Self { object, errors: errors.map(|name| unknown_field(name, known)).collect() }
    }

    /// Adds the errors of the object in field `name` to those of this one.
    pub(crate) fn absorb(&mut self, name: &str, within: Fields<'_>) {
        let named = |error: FieldError| FieldError { field: format!("{name}.{}", error.field), ..error };
        self.errors.extend(within.errors.into_iter().map(named));
    }

    /// Reads a whole number within these bounds.
    pub(crate) fn number_within(&mut self, name: &str, least: u32, most: u32) -> Option<u32> {
        let number = self.value(name)?.as_u64().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.refuse(name, format_args!("must be a whole number from {least} to {most}"));
        }
        number
    }

    /// Reads one of these words, and returns its meaning.
    pub(crate) fn one_of<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.refuse(name, format_args!("must be one of {}", known.join(", ")));
        }
        found
    }

    /// Returns the names of the fields that were sent, with a value or with `null`.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.object.keys().map(String::as_str)
    }

    /// Records the error of a field.
    pub(crate) fn refuse(&mut self, field: impl Into<String>, message: impl std::fmt::Display) {
        self.errors.push(FieldError::new(field, message));
    }

    /// Returns `true` if an error was recorded so far.
    pub(crate) fn is_refused(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Finishes reading.
    ///
    /// # Errors
    /// [`ApiError::Validation`] with every recorded error, if there are any.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        if self.errors.is_empty() { Ok(()) } else { Err(ApiError::Validation(self.errors)) }
    }

    /// Returns the recorded errors.
    pub(crate) fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }

    /// Returns `true` if a field was sent with a value other than `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Returns `true` if a field was sent, with a value or with `null`.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    /// Returns the value of a field as it was sent, `null` included.
    pub(crate) fn sent(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name)
    }

    /// Returns the value of a field. `null` counts as a missing value.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// Reads a string.
    pub(crate) fn text(&mut self, name: &str) -> Option<&'a str> {
        let value = self.value(name)?;
        let text = value.as_str();
        if text.is_none() {
            self.refuse(name, "must be a string");
        }
        text
    }

    /// Reads a string with a length within these bounds, in characters. If it must not be empty, it must not be blank either.
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

    /// Reads a change to a value that `read` reads.
    pub(crate) fn change<T>(&mut self, name: &str, read: fn(&mut Self, &str) -> Option<T>) -> Change<T> {
        if self.mentions(name) { Change::Replace(read(self, name)) } else { Change::Keep }
    }

    /// Reads a boolean.
    pub(crate) fn boolean(&mut self, name: &str) -> Option<bool> {
        let value = self.value(name)?.as_bool();
        if value.is_none() {
            self.refuse(name, "must be true or false");
        }
        value
    }

    /// Reads a phone number in E.164 format.
    pub(crate) fn phone_number(&mut self, name: &str) -> Option<PhoneNumber> {
        let text = self.text(name)?;
        PhoneNumber::parse(text).map_err(|error| self.refuse(name, error)).ok()
    }

    /// Reads a phone number in E.164 format. A missing field is recorded as an error.
    pub(crate) fn required_phone_number(&mut self, name: &str) -> Option<PhoneNumber> {
        if !self.has(name) {
            self.refuse(name, "is required: a phone number in E.164 format, such as +15555550123");
        }
        self.phone_number(name)
    }

    /// Reads a timestamp.
    pub(crate) fn timestamp(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?;
        Timestamp::parse(text).map_err(|error| self.refuse(name, error)).ok()
    }

    /// Reads an agent's id.
    pub(crate) fn agent_id(&mut self, name: &str) -> Option<AgentId> {
        let text = self.text(name)?;
        let id = AgentId::parse(text);
        if id.is_none() {
            self.refuse(name, "must be a UUID such as 2c4a1e72-0000-4000-8000-000000000000");
        }
        id
    }

    /// Reads a JSON object.
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
