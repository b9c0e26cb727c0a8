//! What a standing counterpart can be asked and told, each with its method and path. The description of it all is a
//! file of its own, against which the tests hold these routes and real answers.

/// The description of the interface, OpenAPI 3.1.
pub const DESCRIPTION: &str = include_str!("../../../docs/control-api.json");

/// Methods and paths, as the description spells them.
pub const ROUTES: [(&str, &str); 15] = [
    ("GET", "/health"),
    ("GET", "/openapi.json"),
    ("GET", "/v1/state"),
    ("GET", "/v1/endpoint"),
    ("PATCH", "/v1/endpoint"),
    ("POST", "/v1/endpoint/renewals"),
    ("PUT", "/v1/answers"),
    ("DELETE", "/v1/connections"),
    ("GET", "/v1/zone"),
    ("PATCH", "/v1/zone"),
    ("POST", "/v1/tokens/forgotten"),
    ("POST", "/v1/calls"),
    ("GET", "/v1/mark"),
    ("GET", "/v1/history/{kind}"),
    ("POST", "/v1/reset"),
];

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route<'a> {
    Known {
        route: (&'static str, &'static str),
        parameter: Option<&'a str>,
    },
    /// The path is known with these methods alone.
    OtherMethod(Vec<&'static str>),
    Unknown,
}

/// Finds the route of a request.
pub(super) fn find<'a>(method: &str, path: &'a str) -> Route<'a> {
    let mut methods = Vec::new();
    for route @ (known, template) in ROUTES {
        let Some(parameter) = fits(template, path) else { continue };
        if known == method {
            return Route::Known { route, parameter };
        }
        methods.push(known);
    }
    if methods.is_empty() { Route::Unknown } else { Route::OtherMethod(methods) }
}

/// Whether a path fits a template, and what stands in the place of its parameter.
fn fits<'a>(template: &str, path: &'a str) -> Option<Option<&'a str>> {
    match template.split_once('{') {
        None => (template == path).then_some(None),
        Some((front, _)) => {
            let parameter = path.strip_prefix(front)?;
            (!parameter.is_empty() && !parameter.contains('/')).then_some(Some(parameter))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_description_knows_every_route_and_no_other() {
        let description: Value = serde_json::from_str(DESCRIPTION).expect("the description is JSON");
        assert_eq!(description["openapi"], "3.1.0");
        let paths = description["paths"].as_object().expect("it has paths");
        let described: BTreeSet<(String, String)> = paths
            .iter()
            .flat_map(|(path, item)| {
                let methods = item.as_object().expect("a path has methods").keys().filter(|key| *key != "parameters");
                methods.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
            })
            .collect();
        let routes = ROUTES.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
        assert_eq!(described, routes);
    }

    #[test]
    fn a_request_finds_its_route() {
        let known = |method, path| match find(method, path) {
            Route::Known { route: (_, template), parameter } => Some((template, parameter)),
            _ => None,
        };
        assert_eq!(known("PATCH", "/v1/zone"), Some(("/v1/zone", None)));
        assert_eq!(known("GET", "/v1/history/questions"), Some(("/v1/history/{kind}", Some("questions"))));
        assert_eq!(find("PUT", "/v1/zone"), Route::OtherMethod(vec!["GET", "PATCH"]));
        for path in ["/v1/zone/", "/v1/history/", "/v1/history/a/b", "/", "*"] {
            assert_eq!(find("GET", path), Route::Unknown, "{path}");
        }
    }
}
