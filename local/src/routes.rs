//! Routes: the choice of a request's function, by the rules of HTTP APIs.

use std::collections::BTreeMap;

use matchit::{InsertError, Router};
use percent_encoding::percent_decode_str;

/// Method of a route that takes every method.
const ANY: &str = "ANY";

/// Routes, each with its target.
pub(crate) struct Routes<T> {
    methods: BTreeMap<String, Router<Route<T>>>,
}

struct Route<T> {
    method: String,
    path: String,
    target: T,
}

/// Route that matches a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Match<'a, T> {
    /// Route key as in API Gateway, such as `GET /v1/calls/{id}`.
    pub(crate) key: String,
    /// Decoded values of the path's parameters.
    pub(crate) parameters: BTreeMap<String, String>,
    /// Target of the route.
    pub(crate) target: &'a T,
}

impl<T> Default for Routes<T> {
    fn default() -> Self {
        Self { methods: BTreeMap::new() }
    }
}

impl<T> Route<T> {
    /// Returns for each segment of the path if it is literal. A literal segment ranks above a parameter.
    fn literals(&self) -> Vec<bool> {
        self.path.split('/').map(|segment| !segment.starts_with('{')).collect()
    }
}

impl<T> Routes<T> {
    /// Adds a route. `method` may be `ANY`, and `path` may contain `{parameters}`.
    ///
    /// # Errors
    /// [`InsertError`] if the path is malformed, or if the method has a route that matches the same requests.
    pub(crate) fn add(&mut self, method: &str, path: &str, target: T) -> Result<(), InsertError> {
        let route = Route { method: method.to_owned(), path: path.to_owned(), target };
        self.methods.entry(method.to_owned()).or_default().insert(path, route)
    }

    /// Returns the best route for a request. `path` is the path as it was sent. Literal segments, from the left, rank above
    /// parameters. Then a named method ranks above `ANY`.
    pub(crate) fn find(&self, method: &str, path: &str) -> Option<Match<'_, T>> {
        let fitting = [ANY, method].into_iter().filter_map(|name| matched(self.methods.get(name)?, path));
        // Of two routes with the same rank, `max_by_key` returns the second.
        let found = fitting.max_by_key(|found| found.value.literals())?;
        let Route { method, path, target } = found.value;
        let parameters = found.params.iter().map(|(name, value)| (name.to_owned(), decode(value)));
        Some(Match { key: format!("{method} {path}"), parameters: parameters.collect(), target })
    }

    /// Returns the methods of a path, sorted. The list is empty if there is no such path.
    pub(crate) fn methods(&self, path: &str) -> Vec<&str> {
        let fitting = self.methods.iter().filter(|(_, router)| matched(router, path).is_some());
        fitting.map(|(method, _)| method.as_str()).collect()
    }
}

/// Returns the route of a path. A parameter is never empty, although the router lets it be between two slashes.
fn matched<'a, 'p, T>(router: &'a Router<Route<T>>, path: &'p str) -> Option<matchit::Match<'a, 'p, &'a Route<T>>> {
    router.at(path).ok().filter(|found| found.params.iter().all(|(_, value)| !value.is_empty()))
}

/// Percent-decodes a path. Invalid escapes are left as they were sent.
pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes<&'static str> {
        let mut routes = Routes::default();
        for (method, path, target) in [
            ("GET", "/items/{id}", "one"),
            ("GET", "/items/special", "special"),
            ("ANY", "/items/{id}", "any"),
            ("POST", "/{kind}/special", "kind"),
            ("GET", "/items/{id}/events", "events"),
        ] {
            routes.add(method, path, target).expect("the routes differ");
        }
        routes
    }

    fn target(method: &str, path: &str) -> Option<&'static str> {
        routes().find(method, path).map(|found| *found.target)
    }

    #[test]
    fn literals_come_before_parameters_and_methods_before_any() {
        assert_eq!(target("GET", "/items/special"), Some("special"));
        assert_eq!(target("GET", "/items/7"), Some("one"));
        assert_eq!(target("PUT", "/items/7"), Some("any"));
        assert_eq!(target("POST", "/items/special"), Some("any"));
        assert_eq!(target("POST", "/other/special"), Some("kind"));
        assert_eq!(target("GET", "/items/7/events"), Some("events"));
    }

    #[test]
    fn two_routes_for_the_same_requests_are_refused() {
        let mut routes = routes();
        assert!(routes.add("GET", "/items/{name}", "again").is_err());
        assert!(routes.add("GET", "/items/{", "malformed").is_err());
    }

    #[test]
    fn what_fits_no_route_is_not_found() {
        for path in ["/", "/items", "/items/", "/items/7/", "/items//events", "/Items/7/events"] {
            assert_eq!(target("GET", path), None, "{path}");
        }
    }

    #[test]
    fn a_path_says_which_methods_it_has() {
        let routes = routes();
        assert_eq!(routes.methods("/items/7"), ["ANY", "GET"]);
        assert_eq!(routes.methods("/items/7/events"), ["GET"]);
        assert_eq!(routes.methods("/nothing"), [""; 0]);
    }

    #[test]
    fn parameters_are_decoded() {
        let routes = routes();
        let found = routes.find("GET", "/items/a%20b%2f%zz").expect("the route fits");
        assert_eq!(found.parameters["id"], "a b/%zz");
        assert_eq!(found.key, "GET /items/{id}");
    }
}
