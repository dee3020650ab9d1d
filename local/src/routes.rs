//! Routes: the choice of a request's function, by the rules of HTTP APIs.

use std::collections::BTreeMap;

/// Routes, each with its target.
#[derive(Debug, Clone)]
pub struct Routes<T> {
    entries: Vec<Entry<T>>,
}

#[derive(Debug, Clone)]
struct Entry<T> {
    method: String,
    path: String,
    segments: Vec<Segment>,
    target: T,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter(String),
}

/// Route that matches a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match<'a, T> {
    /// Route key as in API Gateway, such as `GET /v1/calls/{id}`.
    pub key: String,
    /// Decoded values of the path's parameters.
    pub parameters: BTreeMap<String, String>,
    /// Target of the route.
    pub target: &'a T,
}

/// Rank of a match. Literal segments, from the left, rank above parameters. Then a named method ranks above `ANY`.
type Fit = (Vec<bool>, bool);

impl<T> Default for Routes<T> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<T> Routes<T> {
    /// Adds a route. `method` may be `ANY`, and `path` may contain `{parameters}`.
    pub fn add(&mut self, method: &str, path: &str, target: T) {
        let segments = split(path)
            .map(|segment| match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) => Segment::Parameter(name.to_owned()),
                None => Segment::Literal(segment.to_owned()),
            })
            .collect();
        self.entries.push(Entry { method: method.to_owned(), path: path.to_owned(), segments, target });
    }

    /// Returns the best route for a request. `path` is the path as it was sent.
    pub fn find(&self, method: &str, path: &str) -> Option<Match<'_, T>> {
        let segments: Vec<String> = split(path).map(decode).collect();
        let fitting = self.entries.iter().filter_map(|entry| Some((entry.fit(method, &segments)?, entry)));
        let (_, entry) = fitting.max_by(|(left, _), (right, _)| left.cmp(right))?;
        let parameters = entry.segments.iter().zip(segments).filter_map(|(segment, value)| match segment {
            Segment::Parameter(name) => Some((name.clone(), value)),
            Segment::Literal(_) => None,
        });
        let key = format!("{} {}", entry.method, entry.path);
        Some(Match { key, parameters: parameters.collect(), target: &entry.target })
    }

    /// Returns the methods of a path, sorted. The list is empty if there is no such path.
    pub fn methods(&self, path: &str) -> Vec<&str> {
        let segments: Vec<String> = split(path).map(decode).collect();
        let fitting = self.entries.iter().filter(|entry| entry.fit(&entry.method, &segments).is_some());
        let mut methods: Vec<&str> = fitting.map(|entry| entry.method.as_str()).collect();
        methods.sort_unstable();
        methods.dedup();
        methods
    }
}

impl<T> Entry<T> {
    fn fit(&self, method: &str, segments: &[String]) -> Option<Fit> {
        let named = self.method == method;
        if (!named && self.method != "ANY") || self.segments.len() != segments.len() {
            return None;
        }
        let mut literals = Vec::with_capacity(segments.len());
        for (own, sent) in self.segments.iter().zip(segments) {
            match own {
                Segment::Literal(literal) if literal == sent => literals.push(true),
                Segment::Parameter(_) if !sent.is_empty() => literals.push(false),
                _ => return None,
            }
        }
        Some((literals, named))
    }
}

fn split(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

/// Percent-decodes a path. Invalid escapes are left as they were sent.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%').then(|| bytes.get(at + 1..at + 3)).flatten().and_then(hex_byte);
        decoded.push(escaped.unwrap_or(byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u8::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes<&'static str> {
        let mut routes = Routes::default();
        routes.add("GET", "/items/{id}", "one");
        routes.add("GET", "/items/special", "special");
        routes.add("ANY", "/items/{id}", "any");
        routes.add("POST", "/{kind}/special", "kind");
        routes.add("GET", "/items/{id}/events", "events");
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
