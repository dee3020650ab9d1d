//! A wrong field in FastAPI's form: a place, a text and a kind.

use std::fmt;

use serde::Serialize;

/// A step on the way to a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Step {
    /// Into an object.
    Name(String),
    /// Into a list.
    Index(usize),
}

impl From<&str> for Step {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ValidationProblem))]
pub struct Problem {
    /// Where it stands: `["body", "numberToCall"]`.
    pub loc: Vec<Step>,
    /// What is wrong with it.
    pub msg: String,
    /// The kind of mistake, for programs.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in self.loc.iter().skip(1) {
            match step {
                Step::Name(name) => write!(f, "{name}: ")?,
                Step::Index(index) => write!(f, "{index}: ")?,
            }
        }
        f.write_str(&self.msg)
    }
}
