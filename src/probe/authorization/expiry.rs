//! When a credential expires, where it says so itself: the `exp` of a JWT.
//!
//! Read on this machine, never verified, never written down but for that one number.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::domain::at::At;
use crate::domain::monitor::Endpoint;
use crate::domain::sensitive::Sensitive;

/// When what `endpoint` identifies itself with expires.
pub(super) fn of(endpoint: &Endpoint) -> Option<At> {
    let header = endpoint
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("authorization"));
    let token = endpoint
        .bearer
        .as_ref()
        .or(header.map(|header| &header.value));
    token.map(Sensitive::expose).and_then(end)
}

fn end(token: &str) -> Option<At> {
    let token = token.rsplit(' ').next()?;
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let seconds = claims.get("exp")?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a date beyond reason is cut to one"
    )]
    let seconds = seconds
        .as_i64()
        .or(seconds.as_f64().map(|seconds| seconds as i64))?;
    Some(At(seconds.saturating_mul(1_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_jwt_tells_its_end() {
        let jwt = |claims: &str| format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims));
        assert_eq!(
            end(&jwt(r#"{"exp":1795675260}"#)),
            Some(At(1_795_675_260_000))
        );
        assert_eq!(
            end(&format!("Bearer {}", jwt(r#"{"exp":5.5}"#))),
            Some(At(5_000))
        );
        for other in ["", "opaque", "a.b.c", "a.b.c.d", &jwt("{}"), &jwt("[]")] {
            assert_eq!(end(other), None, "{other}");
        }
    }
}
