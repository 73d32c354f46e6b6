//! The API for people: the page `/api`, made from the OpenAPI document, so that it tells nothing
//! that the document does not.

use askama::Template;
use serde_json::Value;
use utoipa::openapi::OpenApi;

/// The order of methods on the page.
const METHODS: [&str; 4] = ["get", "post", "patch", "delete"];
/// How a reference to a schema begins.
const SCHEMAS: &str = "#/components/schemas/";

#[derive(Template)]
#[template(path = "api/page.html")]
struct Page<'a> {
    base: &'a str,
    groups: Vec<Group>,
}

struct Group {
    name: String,
    description: String,
    operations: Vec<Operation>,
}

struct Operation {
    method: String,
    path: String,
    summary: String,
    is_public: bool,
    parameters: Vec<Field>,
    body: Vec<Field>,
    answers: Vec<String>,
}

struct Field {
    name: String,
    description: String,
    is_required: bool,
}

/// The page. `base` is the address of the API, `https://…/api/v1`.
pub(super) fn page(document: &OpenApi, base: &str) -> anyhow::Result<String> {
    let document = serde_json::to_value(document)?;
    let tags = document["tags"].as_array().into_iter().flatten();
    let mut groups: Vec<Group> = tags
        .map(|tag| Group {
            name: text(&tag["name"]),
            description: text(&tag["description"]),
            operations: Vec::new(),
        })
        .collect();
    let paths = document["paths"].as_object();
    for (path, item) in paths.into_iter().flatten() {
        for method in METHODS {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let name = text(&operation["tags"][0]);
            let told = described(&document, method, path, operation);
            if let Some(group) = groups.iter_mut().find(|group| group.name == name) {
                group.operations.push(told);
            }
        }
    }
    Ok(Page { base, groups }.render()?)
}

fn described(document: &Value, method: &str, path: &str, operation: &Value) -> Operation {
    let parameter = |parameter: &Value| Field {
        name: text(&parameter["name"]),
        description: text(&parameter["description"]),
        is_required: parameter["required"] == true,
    };
    let listed = |key: &str| operation[key].as_array().cloned().unwrap_or_default();
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    let schema = schema.as_str().and_then(|name| name.strip_prefix(SCHEMAS));
    let schema = schema.map(|name| &document["components"]["schemas"][name]);
    let statuses = operation["responses"].as_object();
    Operation {
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        is_public: !listed("security").is_empty(),
        parameters: listed("parameters").iter().map(parameter).collect(),
        body: schema.map(fields).unwrap_or_default(),
        answers: statuses
            .into_iter()
            .flatten()
            .map(|(status, _)| status.clone())
            .collect(),
    }
}

fn fields(schema: &Value) -> Vec<Field> {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let properties = schema["properties"].as_object();
    let field = |(name, property): (&String, &Value)| {
        // A field that may be null is a choice; its description stands beside or inside of it.
        let choices = property["oneOf"].as_array().cloned().unwrap_or_default();
        let inside = choices.iter().map(|choice| text(&choice["description"]));
        let description = Some(text(&property["description"])).filter(|text| !text.is_empty());
        Field {
            name: name.clone(),
            description: description
                .or_else(|| inside.into_iter().find(|text| !text.is_empty()))
                .unwrap_or_default(),
            is_required: required.iter().any(|known| known == name),
        }
    };
    properties.into_iter().flatten().map(field).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
