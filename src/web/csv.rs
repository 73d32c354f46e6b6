//! Tables as CSV (RFC 4180), harmless to the programs that open it.
//!
//! A field that a spreadsheet would take for a formula is preceded by an apostrophe, as OWASP
//! advises against CSV injection: what a server said must not be carried out on the machine of
//! whoever looks at it.

/// Signs that begin a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// One line with its end.
pub(crate) fn line<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for (n, field) in fields.into_iter().enumerate() {
        if n > 0 {
            line.push(',');
        }
        let guard = if field.starts_with(FORMULA) { "'" } else { "" };
        if field.contains([',', '"', '\r', '\n']) || !guard.is_empty() {
            line.push('"');
            line.push_str(guard);
            line.push_str(&field.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(field);
        }
    }
    line.push_str("\r\n");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_leaves_its_place_or_becomes_a_formula() {
        assert_eq!(line(["a", "b c", ""]), "a,b c,\r\n");
        assert_eq!(
            line(["a,b", "say \"x\"", "1\r\n2"]),
            "\"a,b\",\"say \"\"x\"\"\",\"1\r\n2\"\r\n"
        );
        for start in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(line([start]), format!("\"'{start}\"\r\n"));
        }
        assert_eq!(line(["=A1&\"x\""]), "\"'=A1&\"\"x\"\"\"\r\n");
    }
}
