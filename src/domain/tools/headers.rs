//! `x-mcp-header`: arguments that a 2026-07-28 client repeats as a header `Mcp-Param-…`, so that a
//! gateway can route a call without reading its body. An annotation that is not usable makes such
//! clients drop the whole tool.

use serde_json::Value;

/// The annotation.
const ANNOTATION: &str = "x-mcp-header";
/// Levels of a schema that are looked at.
const MAX_DEPTH: usize = 32;

/// An argument that travels as a header, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderArgument {
    /// Where it stands in the arguments: member by member.
    pub path: Vec<String>,
    /// The name of the header after `Mcp-Param-`.
    pub header: String,
}

/// The arguments of a tool that travel as headers; what is wrong with an annotation otherwise.
pub fn header_arguments(schema: &Value) -> Result<Vec<HeaderArgument>, &'static str> {
    let mut found = Vec::new();
    walk(schema, &mut Vec::new(), &mut found, Reach::Properties)?;
    let mut names: Vec<String> = found
        .iter()
        .map(|argument: &HeaderArgument| argument.header.to_ascii_lowercase())
        .collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err("names the same x-mcp-header twice");
    }
    Ok(found)
}

/// How a schema was come to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Through `properties` only.
    Properties,
    /// Through something else, where no argument can be found for certain.
    Elsewhere,
}

fn walk(
    schema: &Value,
    path: &mut Vec<String>,
    found: &mut Vec<HeaderArgument>,
    reach: Reach,
) -> Result<(), &'static str> {
    if path.len() > MAX_DEPTH {
        return Ok(());
    }
    let members = match schema {
        Value::Object(members) => members,
        Value::Array(items) => {
            return items
                .iter()
                .try_for_each(|item| walk_deeper("", item, path, found));
        }
        _ => return Ok(()),
    };
    if let Some(annotation) = members.get(ANNOTATION) {
        if reach == Reach::Elsewhere || path.is_empty() {
            return Err("has an x-mcp-header where no argument can be found");
        }
        let header = annotation.as_str().filter(|name| is_token(name));
        let header = header.ok_or("has an x-mcp-header that is no token")?;
        let kind = members.get("type").and_then(Value::as_str);
        if !matches!(kind, Some("string" | "integer" | "boolean")) {
            return Err("has an x-mcp-header that is not on a string, integer or boolean");
        }
        found.push(HeaderArgument {
            path: path.clone(),
            header: header.to_owned(),
        });
    }
    for (name, inner) in members {
        match (name.as_str(), inner) {
            // Data, not schemas.
            ("const" | "default" | "enum" | "examples", _) => {}
            ("properties", Value::Object(properties)) => {
                for (property, inner) in properties {
                    path.push(property.clone());
                    walk(inner, path, found, reach)?;
                    path.pop();
                }
            }
            _ => walk_deeper(name, inner, path, found)?,
        }
    }
    Ok(())
}

fn walk_deeper(
    name: &str,
    inner: &Value,
    path: &mut Vec<String>,
    found: &mut Vec<HeaderArgument>,
) -> Result<(), &'static str> {
    if !inner.is_object() && !inner.is_array() {
        return Ok(());
    }
    path.push(name.to_owned());
    let walked = walk(inner, path, found, Reach::Elsewhere);
    path.pop();
    walked
}

fn is_token(text: &str) -> bool {
    let is_tchar = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(is_tchar)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn usable_annotations_are_found_and_others_named() {
        let good = json!({"type": "object", "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "at": {"type": "object", "properties": {"n": {"type": "integer", "x-mcp-header": "N"}}},
            "x-mcp-header": {"type": "string"}}});
        let found = header_arguments(&good).unwrap();
        let paths: Vec<String> = found.iter().map(|one| one.path.join(".")).collect();
        assert_eq!(paths, ["at.n", "region"]);
        let on = |schema: Value| json!({"type": "object", "properties": {"a": schema}});
        for (schema, part) in [
            (
                on(json!({"type": "string", "x-mcp-header": "not ok"})),
                "token",
            ),
            (on(json!({"type": "string", "x-mcp-header": ""})), "token"),
            (on(json!({"type": "string", "x-mcp-header": 1})), "token"),
            (on(json!({"type": "number", "x-mcp-header": "A"})), "not on"),
            (on(json!({"type": "object", "x-mcp-header": "A"})), "not on"),
            (
                on(json!({"items": {"type": "string", "x-mcp-header": "A"}})),
                "where",
            ),
            (json!({"x-mcp-header": "A"}), "where"),
            (
                json!({"properties": {"a": {"type": "string", "x-mcp-header": "K"},
                "b": {"type": "string", "x-mcp-header": "k"}}}),
                "twice",
            ),
        ] {
            assert!(
                header_arguments(&schema).unwrap_err().contains(part),
                "{schema}"
            );
        }
    }
}
