//! How three values of the domain are described in the OpenAPI document: all are text.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::at::At;
use crate::domain::failure::Code;
use crate::domain::lint::Lint;
use crate::domain::verdict::FindingCode;

impl PartialSchema for At {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339, UTC, with milliseconds."))
            .examples(["2026-11-22T06:41:00.123Z"])
            .into()
    }
}

impl ToSchema for At {}

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A stable code; new ones may be added."))
            .enum_values(Some(Self::ALL.iter().map(|code| code.as_str())))
            .into()
    }
}

impl ToSchema for Code {}

impl PartialSchema for FindingCode {
    fn schema() -> RefOr<Schema> {
        let codes = Code::ALL.iter().map(|code| code.as_str());
        let lints = Lint::ALL.iter().map(|lint| lint.as_str());
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "A stable code or the id of a lint; new ones may be added.",
            ))
            .enum_values(Some(codes.chain(lints)))
            .into()
    }
}

impl ToSchema for FindingCode {}
