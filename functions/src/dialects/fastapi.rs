//! Validation of bodies in the format of FastAPI. All wrong fields are reported together. Each has its path (`loc`), a message (`msg`)
//! and a kind (`type`), in the wording of Pydantic 2.

use std::fmt;

use domain::blank::is_blank;
use domain::phone::PhoneNumber;
use serde_json::{Map, Value};

use crate::acceptance::Wrong;
use crate::error::ApiError;
use crate::http::Request;
use crate::problem::{Problem, Step};

/// Reader of a JSON object.
#[derive(Debug)]
pub(crate) struct Body<'a> {
    object: &'a Map<String, Value>,
    at: Vec<Step>,
    problems: Vec<Problem>,
}

/// Returns the error for fields that are only found wrong after the agent and organization were loaded. `variables` and `sender` are the
/// dialect's names for the variables and the calling number.
pub(crate) fn beside(wrong: &[Wrong], variables: &str, sender: &str) -> ApiError {
    let problem = |wrong: &Wrong| {
        let field = match wrong {
            Wrong::WindowPast => "body",
            Wrong::SenderMissing | Wrong::SenderForeign | Wrong::AgentsNumberForeign => sender,
            Wrong::VariableMissing(_) | Wrong::VariableUnusable(..) | Wrong::PromptTooLong | Wrong::OpeningTooLong => {
                variables
            }
        };
        let steps = [Some("body"), Some(field), wrong.variable()].into_iter().flatten();
        let kind = if matches!(wrong, Wrong::VariableMissing(_)) { "missing" } else { "value_error" };
        Problem { loc: steps.map(Step::from).collect(), msg: format!("Value error, {}", wrong.message()), kind }
    };
    ApiError::Unprocessable(wrong.iter().map(problem).collect())
}

impl<'a> Body<'a> {
    /// Opens the body of a request. Unknown fields are ignored, as in the original APIs.
    ///
    /// # Errors
    /// 413, 415, or 422 if the body is not a JSON object.
    pub(crate) fn open(request: &'a Request) -> Result<Self, ApiError> {
        let whole = |msg: &str, kind| {
            ApiError::Unprocessable(vec![Problem { loc: vec![Step::from("body")], msg: msg.to_owned(), kind }])
        };
        if request.is_too_large() {
            return Err(request.too_large());
        }
        if !request.is_json() {
            return Err(ApiError::UnsupportedMediaType);
        }
        if request.body().iter().all(u8::is_ascii_whitespace) {
            return Err(whole("Field required", "missing"));
        }
        let Some(body) = request.json() else {
            return Err(whole(&format!("JSON decode error: {}", request.json_error()), "json_invalid"));
        };
        let Value::Object(object) = body else {
            return Err(whole("Input should be a valid dictionary", "dict_type"));
        };
        Ok(Self::at(object, vec![Step::from("body")]))
    }

    /// Opens an object within the body. `at` is its path.
    pub(crate) fn at(object: &'a Map<String, Value>, at: Vec<Step>) -> Self {
        Self { object, at, problems: Vec::new() }
    }

    /// Finishes the reading.
    ///
    /// # Errors
    /// [`ApiError::Unprocessable`] with every wrong field.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        if self.problems.is_empty() { Ok(()) } else { Err(ApiError::Unprocessable(self.problems)) }
    }

    /// Returns the problems found so far.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Adds problems that another reader found.
    pub(crate) fn take_in(&mut self, problems: Vec<Problem>) {
        self.problems.extend(problems);
    }

    /// Returns the path of a field.
    pub(crate) fn way_to(&self, field: &str) -> Vec<Step> {
        let mut way = self.at.clone();
        way.push(Step::from(field));
        way
    }

    /// Adds a problem of a field.
    pub(crate) fn refuse(&mut self, field: &str, kind: &'static str, msg: impl fmt::Display) {
        self.refuse_at(self.way_to(field), kind, msg);
    }

    /// Adds a problem of a part of a field.
    pub(crate) fn refuse_within(&mut self, field: &str, part: &str, kind: &'static str, msg: impl fmt::Display) {
        let mut loc = self.way_to(field);
        loc.push(Step::from(part));
        self.refuse_at(loc, kind, msg);
    }

    /// Adds a problem at a path.
    pub(crate) fn refuse_at(&mut self, loc: Vec<Step>, kind: &'static str, msg: impl fmt::Display) {
        self.problems.push(Problem { loc, msg: msg.to_string(), kind });
    }

    /// Returns a field's value, or `None` for `null`.
    pub(crate) fn value(&self, field: &str) -> Option<&'a Value> {
        self.object.get(field).filter(|value| !value.is_null())
    }

    /// Returns the value of a required field. Adds a problem if the field is missing.
    pub(crate) fn required(&mut self, field: &str) -> Option<&'a Value> {
        match self.object.get(field) {
            None => {
                self.refuse(field, "missing", "Field required");
                None
            }
            Some(value) => Some(value),
        }
    }

    /// Returns a required string. Adds a problem if its length in characters is out of bounds.
    pub(crate) fn required_text(&mut self, field: &str, shortest: usize, longest: usize) -> Option<&'a str> {
        let value = self.required(field)?;
        self.text_of(field, value, shortest, longest)
    }

    /// Returns an optional string. Adds a problem if its length in characters is out of bounds.
    pub(crate) fn text(&mut self, field: &str, shortest: usize, longest: usize) -> Option<&'a str> {
        let value = self.value(field)?;
        self.text_of(field, value, shortest, longest)
    }

    fn text_of(&mut self, field: &str, value: &'a Value, shortest: usize, longest: usize) -> Option<&'a str> {
        let Some(text) = value.as_str() else {
            self.refuse(field, "string_type", "Input should be a valid string");
            return None;
        };
        let length = text.chars().count();
        if length < shortest {
            let plural = if shortest == 1 { "" } else { "s" };
            self.refuse(
                field,
                "string_too_short",
                format_args!("String should have at least {shortest} character{plural}"),
            );
            return None;
        }
        if length > longest {
            self.refuse(field, "string_too_long", format_args!("String should have at most {longest} characters"));
            return None;
        }
        if shortest > 0 && is_blank(text) {
            self.refuse(field, "value_error", "Value error, must not be blank");
            return None;
        }
        Some(text)
    }

    /// Returns a required phone number in E.164.
    pub(crate) fn required_number(&mut self, field: &str) -> Option<PhoneNumber> {
        let text = self.required_text(field, 0, usize::MAX)?;
        let number = PhoneNumber::parse(text);
        number.map_err(|error| self.refuse(field, "value_error", format_args!("Value error, {error}"))).ok()
    }

    /// Returns a UUID, parsed by `parse`.
    pub(crate) fn uuid<T>(&mut self, field: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = self.value(field)?;
        let id = value.as_str().and_then(parse);
        if id.is_none() {
            self.refuse(field, "uuid_parsing", "Input should be a valid UUID");
        }
        id
    }

    /// Returns a boolean, or `None` for `null`.
    pub(crate) fn boolean(&mut self, field: &str) -> Option<bool> {
        let value = self.value(field)?.as_bool();
        if value.is_none() {
            self.refuse(field, "bool_type", "Input should be a valid boolean");
        }
        value
    }

    /// Returns a JSON object.
    pub(crate) fn object(&mut self, field: &str) -> Option<&'a Map<String, Value>> {
        let object = self.value(field)?.as_object();
        if object.is_none() {
            self.refuse(field, "dict_type", "Input should be a valid dictionary");
        }
        object
    }
}
