//! Answers of servers, tried.

use hyper::header::HeaderName;
use proptest::prelude::*;

use super::*;

fn header(name: HeaderName, value: &str) -> HeaderMap {
    HeaderMap::from_iter([(name, value.parse().unwrap())])
}

proptest! {
    #[test]
    fn whatever_a_header_holds_is_read_within_bounds(
        value in proptest::collection::vec(any::<u8>(), 0..300), date in "[A-Za-z0-9,: +-]{0,40}",
    ) {
        let now = At(1_795_675_260_000);
        for bytes in [value.as_slice(), date.as_bytes()] {
            let Ok(value) = hyper::header::HeaderValue::from_bytes(bytes) else {
                continue;
            };
            for name in [RETRY_AFTER, CONTENT_TYPE, CONTENT_ENCODING, AGE, WWW_AUTHENTICATE] {
                let headers = HeaderMap::from_iter([(name, value.clone())]);
                prop_assert!(retry_after(&headers, now).is_none_or(|s| s <= MAX_RETRY_AFTER));
                prop_assert!(encoding(&headers).is_none_or(|text| text.chars().count() <= MAX_NAME + 1));
                let _ = (media_type(&headers), cache(&headers));
            }
        }
    }
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = At::parse("2026-11-22T10:00:00.000Z").unwrap();
    for (value, expected) in [
        ("120", Some(120)),
        ("Sun, 22 Nov 2026 10:01:30 GMT", Some(90)),
        ("Sun, 22 Nov 2026 09:00:00 GMT", Some(0)),
        ("99999999999", Some(86_400)),
        ("soon", None),
    ] {
        assert_eq!(
            retry_after(&header(RETRY_AFTER, value), now),
            expected,
            "{value}"
        );
    }
}

#[test]
fn a_page_is_known_by_its_title() {
    assert_eq!(
        title(b"<HTML><Title lang=en> Log\nin </TITLE>"),
        Some("Log in".to_owned())
    );
    assert_eq!(title(b"<p>no title</p>"), None);
    assert!(looks_like_html(b" \n<!DOCTYPE html>"));
    assert_eq!(
        media_type(&header(CONTENT_TYPE, "Text/HTML; charset=x")).unwrap(),
        "text/html"
    );
}

#[test]
fn a_cache_betrays_itself() {
    assert_eq!(cache(&header(AGE, "7")), Some("Age: 7".to_owned()));
    assert_eq!(cache(&header(AGE, "0")), None);
    let name = HeaderName::from_static("x-cache");
    assert_eq!(
        cache(&header(name, "Hit from x")),
        Some("x-cache: Hit from x".to_owned())
    );
}
