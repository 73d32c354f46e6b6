//! Schemas, tried.

use serde_json::json;

use super::*;

#[test]
fn values_are_held_against_the_keywords_that_tools_use() {
    for (schema, good, bad) in [
        (json!({"type": "integer"}), json!(1.0), json!(1.5)),
        (json!({"type": ["string", "null"]}), json!(null), json!(1)),
        (json!({"enum": [1, "a"]}), json!(1.0), json!("b")),
        (json!({"const": {"a": 1}}), json!({"a": 1}), json!({})),
        (
            json!({"minimum": 2, "exclusiveMaximum": 3}),
            json!(2),
            json!(3),
        ),
        (
            json!({"minLength": 2, "maxLength": 3}),
            json!("äö"),
            json!("a"),
        ),
        (json!({"required": ["a"]}), json!({"a": null}), json!({})),
        (
            json!({"properties": {"a": {"type": "string"}}}),
            json!({"b": 1}),
            json!({"a": 1}),
        ),
        (
            json!({"properties": {"a": {}}, "additionalProperties": false}),
            json!({"a": 1}),
            json!({"b": 1}),
        ),
        (
            json!({"items": {"type": "string"}, "maxItems": 1}),
            json!(["a"]),
            json!([1]),
        ),
        (json!({"uniqueItems": true}), json!([1, 2]), json!([1, 1.0])),
        (
            json!({"prefixItems": [{"type": "string"}], "items": false}),
            json!(["a"]),
            json!(["a", 1]),
        ),
        (
            json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
            json!(null),
            json!(1),
        ),
        (
            json!({"allOf": [{"minimum": 1}, {"maximum": 2}]}),
            json!(2),
            json!(3),
        ),
        (
            json!({"oneOf": [{"type": "string"}, {"minLength": 2}]}),
            json!("a"),
            json!("ab"),
        ),
        (json!({"pattern": "^a+$"}), json!("aa"), json!("ab")),
        (json!({"not": {"type": "null"}}), json!(1), json!(null)),
        (
            json!({"not": {"not": {"enum": ["a"]}}}),
            json!("a"),
            json!("b"),
        ),
        (
            json!({"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"maxProperties": 0}}),
            json!({"a": 1, "b": 2}),
            json!({"a": 1}),
        ),
        (
            json!({"if": {"type": "string"}, "else": {"minimum": 1}}),
            json!("a"),
            json!(0),
        ),
        (
            json!({"$ref": "#/$defs/x", "$defs": {"x": {"type": "string"}}}),
            json!("a"),
            json!(1),
        ),
    ] {
        assert_eq!(fault(&schema, &good), None, "{schema}");
        assert!(fault(&schema, &bad).is_some(), "{schema}");
    }
}

#[test]
fn nothing_is_refused_for_what_is_only_taken_as_met() {
    let unknown = json!({"format": "date"});
    for schema in [
        json!({"not": unknown}),
        json!({"not": {"allOf": [{"type": "object"}, unknown]}}),
        json!({"not": {"type": "string", "pattern": "(?=a)"}, "x-note": 1}),
        json!({"if": unknown, "then": false}),
        json!({"if": {"not": unknown}, "then": false, "else": false}),
        json!({"oneOf": [unknown, {"type": "object"}]}),
        json!({"not": {"type": "thing"}}),
        json!({"not": {"exclusiveMaximum": true, "$ref": "https://a.example/s.json"}}),
        json!({"pattern": "(?<!a)b"}),
        json!({"pattern": 7}),
    ] {
        for value in [json!({"a": [1]}), json!("text")] {
            assert_eq!(fault(&schema, &value), None, "{schema} {value}");
        }
    }
}

#[test]
fn patterns_are_bounded_together() {
    let members: Map<String, Value> = (0..200)
        .map(|n| (format!("m{n:03}"), json!({ "pattern": format!("^{n}$") })))
        .collect();
    let values: Map<String, Value> = (0..200)
        .map(|n| {
            (
                format!("m{n:03}"),
                json!(if n < 64 {
                    n.to_string()
                } else {
                    "x".to_owned()
                }),
            )
        })
        .collect();
    let schema = json!({ "properties": members });
    assert_eq!(fault(&schema, &Value::Object(values)), None);
    let long = "b".repeat(2_000_000);
    assert_eq!(fault(&json!({"pattern": "^a"}), &json!(long)), None);
}

#[test]
fn what_is_not_known_or_leads_nowhere_is_met_and_nothing_runs_for_ever() {
    for schema in [
        json!({"$ref": "https://a.example/s.json"}),
        json!({"$ref": "#"}),
        json!({"anyOf": [{"$ref": "#"}, {"$ref": "#"}], "allOf": [{"$ref": "#"}, {"$ref": "#"}]}),
        json!({"x-unheard-of": false, "format": "date"}),
        json!(7),
    ] {
        assert_eq!(fault(&schema, &json!({"a": [1]})), None, "{schema}");
    }
    assert!(fault(&json!(false), &json!(1)).is_some());
}
