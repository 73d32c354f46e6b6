//! A form that brings a file along: `multipart/form-data` (RFC 7578), as browsers write it.
//!
//! The body is in memory as a whole, and bounded, before it is read here. Of a file only its text is
//! taken; its name is nothing that we would use.

use axum::http::{HeaderMap, header};

/// The boundary between the parts, where the headers of a request announce such a form.
pub(super) fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (essence, parameters) = kind.split_once(';')?;
    if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let given = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        name.eq_ignore_ascii_case("boundary").then_some(value)
    });
    given.map(|value| value.trim_matches('"').to_owned())
}

/// The fields of a form by name, in their order, at most `most`. A part that is not written as
/// browsers write it is left out.
pub(super) fn fields(body: &[u8], boundary: &str, most: usize) -> Vec<(String, String)> {
    let seam = format!("--{boundary}");
    let mut fields = Vec::new();
    let mut rest = after(body, seam.as_bytes()).unwrap_or_default();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = format!("\r\n{seam}");
        let Some(at) = find(part, end.as_bytes()) else {
            break;
        };
        fields.extend(field(&part[..at]));
        if fields.len() >= most {
            break;
        }
        rest = &part[at + end.len()..];
    }
    fields
}

fn field(part: &[u8]) -> Option<(String, String)> {
    let at = find(part, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&part[..at]);
    let said = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim()
            .eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    // Browsers write quotes and line ends in a name as %22, %0D and %0A.
    let name = said.split_once("name=\"")?.1.split_once('"')?.0;
    let value = String::from_utf8_lossy(&part[at + 4..]);
    Some((name.to_owned(), value.into_owned()))
}

fn after<'a>(text: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    find(text, wanted).map(|at| &text[at + wanted.len()..])
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|piece| piece == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_files_are_read_as_browsers_write_them() {
        let body = "--xYz\r\nContent-Disposition: form-data; name=\"config\"\r\n\r\n{\r\n}\r\n\
            --xYz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"mcp.json\"\r\n\
            Content-Type: application/json\r\n\r\n{\"a\": \"--xYz\"}\r\n--xYz--\r\n";
        let read = fields(body.as_bytes(), "xYz", 10);
        let expected = [("config", "{\r\n}"), ("file", "{\"a\": \"--xYz\"}")];
        assert_eq!(read, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
        assert_eq!(fields(body.as_bytes(), "xYz", 1).len(), 1);
        for cut in 0..body.len() {
            // Whatever is cut off is left out; nothing else happens.
            assert!(fields(&body.as_bytes()[..cut], "xYz", 10).len() <= 2);
        }
    }

    #[test]
    fn only_a_form_with_a_file_has_a_boundary() {
        let of = |kind: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
            boundary(&headers)
        };
        assert_eq!(of("multipart/form-data; boundary=\"a b\"").unwrap(), "a b");
        assert_eq!(of("Multipart/Form-Data;boundary=x").unwrap(), "x");
        assert_eq!(of("application/x-www-form-urlencoded; boundary=x"), None);
    }
}
