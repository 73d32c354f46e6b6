//! Walls and credentials.

use fake_mcp::{forbidden, healthy, needs_auth, needs_auth_opaque, rpc_error};
use lifesign::domain::failure::Code;

use super::LeadsTo::{Degraded, Down, Gated};
use super::{Row, row, script, with};

pub(super) fn rows() -> Vec<Row> {
    let basic = "Basic realm=\"x\"";
    vec![
        row(Code::AuthRequired, Gated, script(needs_auth())),
        row(Code::AuthRequiredOpaque, Gated, script(needs_auth_opaque())),
        row(
            Code::AuthNonBearer,
            Gated,
            script(needs_auth().challenge(basic)),
        ),
        row(
            Code::AuthInvalid,
            Down,
            with(healthy().bearer("right"), |p| p.bearer("wrong")),
        ),
        row(
            Code::AuthInsufficientScope,
            Degraded,
            with(forbidden(), |p| p.bearer("token")),
        ),
        row(
            Code::AuthFlaky,
            Down,
            with(healthy().on("tools/list", needs_auth()), |p| {
                p.bearer("token")
            }),
        ),
        row(
            Code::AuthInJsonrpc,
            Gated,
            script(rpc_error(-32001, "Unauthorized")),
        ),
    ]
}
