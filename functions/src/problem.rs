//! Invalid field in FastAPI's format: a location, a message and a kind.

use std::fmt;

use serde::Serialize;

/// Step of the path to a field: the name of a property, or an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Step {
    /// Name of a property of an object.
    Name(String),
    /// Index of an item in a list.
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

/// Invalid field of a request, in FastAPI's format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ValidationProblem))]
pub struct Problem {
    /// Path of the field, such as `["body", "numberToCall"]`.
    pub loc: Vec<Step>,
    /// Description of the problem.
    pub msg: String,
    /// Kind of the problem, for programs.
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
