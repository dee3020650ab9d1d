//! Parts of `template.yaml` that the local stack imitates: routes, queues, tables, schedules and environments. The
//! deployment's template is their only source, so every local run exercises it.

mod functions;
mod reader;
mod resolve;
mod resources;
pub mod yaml;

use std::collections::BTreeMap;

use serde_json::Value;

pub use functions::{Function, QueueSource, Route, Schedule, Trigger};
pub use resolve::Names;
pub use resources::{Index, Key, Queue, Redrive, Table};

use crate::Error;
use resolve::{Scope, scalar_text};

/// Value of `AWS::StackName`. Resources without a name of their own are named after it.
pub const STACK_NAME: &str = "ringdown-local";
/// Account of all local resources.
pub const ACCOUNT_ID: &str = "000000000000";

/// Parts of a SAM template that the local stack follows.
#[derive(Debug, Clone)]
pub struct Template {
    /// Lambda functions.
    pub functions: Vec<Function>,
    /// SQS queues, including dead-letter queues.
    pub queues: Vec<Queue>,
    /// DynamoDB tables.
    pub tables: Vec<Table>,
    scope: Scope,
}

impl Template {
    /// Reads a template. `parameters` override the defaults of the template's parameters.
    ///
    /// # Errors
    /// [`Error::Syntax`] or [`Error::Template`], which name the place.
    pub fn read(text: &str, region: &str, parameters: &Names) -> Result<Self, Error> {
        let document = yaml::parse(text)?;
        let scope = scope(&document, region, parameters)?;
        let resources = document
            .get("Resources")
            .and_then(Value::as_object)
            .ok_or_else(|| Error::template("document", "Resources", "is missing"))?;
        let globals = document.pointer("/Globals/Function").unwrap_or(&Value::Null);
        let globals = evaluated(&scope, "Globals", globals)?;
        let mut template = Self { functions: Vec::new(), queues: Vec::new(), tables: Vec::new(), scope };
        for (id, resource) in resources {
            template.add(id, resource, &globals)?;
        }
        template.check()?;
        Ok(template)
    }

    fn add(&mut self, id: &str, resource: &Value, globals: &Value) -> Result<(), Error> {
        if let Some(condition) = resource.get("Condition").and_then(Value::as_str) {
            let holds = self.scope.condition(condition).map_err(|reason| Error::template(id, "Condition", reason))?;
            if !holds {
                return Ok(());
            }
        }
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        let properties = || {
            let properties = resource.get("Properties").unwrap_or(&Value::Null);
            evaluated(&self.scope, id, properties)
        };
        match kind {
            "AWS::Serverless::Function" => self.functions.push(functions::read(id, &properties()?, globals)?),
            "AWS::SQS::Queue" => self.queues.push(resources::queue(id, &properties()?, STACK_NAME)?),
            "AWS::DynamoDB::Table" => self.tables.push(resources::table(id, &properties()?, STACK_NAME)?),
            // Alarms, roles, log groups and similar resources need no imitation.
            _ => {}
        }
        Ok(())
    }

    /// Checks that every queue that is referred to exists.
    fn check(&self) -> Result<(), Error> {
        let known = |queue: &str| self.queues.iter().any(|other| other.id == queue);
        for function in &self.functions {
            for trigger in &function.triggers {
                if let Trigger::Queue(source) = trigger
                    && !known(&source.queue)
                {
                    return Err(Error::template(&function.id, "Events", format!("there is no queue {}", source.queue)));
                }
            }
        }
        for queue in &self.queues {
            if let Some(redrive) = &queue.redrive
                && !known(&redrive.queue)
            {
                return Err(Error::template(
                    &queue.id,
                    "RedrivePolicy",
                    format!("there is no queue {}", redrive.queue),
                ));
            }
        }
        Ok(())
    }

    /// Returns the environment of every function by its handler's name. `resources` contains the names of the created
    /// resources.
    ///
    /// # Errors
    /// [`Error::Template`] if a variable refers to something that the local stack does not have.
    pub fn environments(&self, resources: &Names) -> Result<BTreeMap<String, Names>, Error> {
        let mut scope = self.scope.clone();
        scope.names.extend(resources.clone());
        let mut environments = BTreeMap::new();
        for function in &self.functions {
            let mut environment = Names::new();
            for (name, value) in &function.environment {
                let property = format!("Environment.Variables.{name}");
                let failed = |reason: String| Error::template(&function.id, &property, reason);
                let value = scope.evaluate(value).map_err(failed)?;
                let text = scalar_text(&value)
                    .ok_or_else(|| failed(format!("the local stack does not know what this is: {value}")))?;
                environment.insert(name.clone(), text);
            }
            environments.insert(function.handler.clone(), environment);
        }
        Ok(environments)
    }
}

fn evaluated(scope: &Scope, resource: &str, value: &Value) -> Result<Value, Error> {
    scope.evaluate(value).map_err(|reason| Error::template(resource, "", reason))
}

fn scope(document: &Value, region: &str, parameters: &Names) -> Result<Scope, Error> {
    let mut scope = Scope::default();
    let pseudo = [
        ("AWS::Region", region),
        ("AWS::AccountId", ACCOUNT_ID),
        ("AWS::StackName", STACK_NAME),
        ("AWS::Partition", "aws"),
        ("AWS::URLSuffix", "amazonaws.com"),
    ];
    scope.names.extend(pseudo.map(|(name, value)| (name.to_owned(), value.to_owned())));
    if let Some(declared) = document.get("Parameters").and_then(Value::as_object) {
        for (name, parameter) in declared {
            let default = parameter.get("Default").and_then(scalar_text);
            if let Some(value) = parameters.get(name).cloned().or(default) {
                scope.names.insert(name.clone(), value);
            }
        }
    }
    let mut open: Vec<(&String, &Value)> =
        document.get("Conditions").and_then(Value::as_object).into_iter().flatten().collect();
    // Conditions may refer to each other in any order. The loop repeats as long as a round settles one.
    while !open.is_empty() {
        let before = open.len();
        let mut failed = Vec::new();
        for (name, condition) in open {
            match scope.test(condition) {
                Ok(holds) => drop(scope.conditions.insert(name.clone(), holds)),
                Err(reason) => failed.push((name, condition, reason)),
            }
        }
        if let Some((name, _, reason)) = failed.first()
            && failed.len() == before
        {
            return Err(Error::template("Conditions", name, reason.clone()));
        }
        open = failed.into_iter().map(|(name, condition, _)| (name, condition)).collect();
    }
    Ok(scope)
}

#[cfg(test)]
mod tests;
