//! What a mail host means by a refusal: that there is no such recipient, or that it does not like us.

/// Enhanced codes of a recipient that is refused for good.
const RECIPIENT_CODES: [&str; 7] = [
    "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.0", "5.2.1",
];
/// Words of a host without such codes that refuses a recipient.
const RECIPIENT_WORDS: [&str; 3] = ["user", "mailbox", "recipient"];
/// Words of one that refuses because of us.
const OUR_WORDS: [&str; 6] = ["relay", "sender", "policy", "spam", "block", "auth"];

/// Whether a refusal is about this recipient and will stay: the mailbox does not exist or is
/// closed (RFC 5321 §4.2.3, RFC 3463 §3). Anything about the sender, the login or a policy is
/// ours to mend and no fault of the channel; a host says which it is by an enhanced code, or else only
/// in words.
pub(super) fn is_for_good(code: &str, text: &str, to: &str) -> bool {
    if !matches!(code, "550" | "551" | "553" | "556") {
        return false;
    }
    let enhanced = text.split_whitespace().next().unwrap_or_default();
    if enhanced.starts_with("5.") {
        return RECIPIENT_CODES.contains(&enhanced);
    }
    let (text, to) = (text.to_lowercase(), to.to_lowercase());
    // An address may have such words in it.
    let words = text.replace(&to, "");
    let names = |list: &[&str]| list.iter().any(|word| words.contains(word));
    let is_named = words.len() < text.len() || names(&RECIPIENT_WORDS);
    code == "551" || (is_named && !names(&OUR_WORDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refused_recipient_is_for_good() {
        for (code, text, expected) in [
            ("550", "5.1.1 no such mailbox", true),
            ("550", "no such user here", true),
            ("550", "<auth@example.com> is not known here", true),
            ("553", "mailbox name not allowed", true),
            ("551", "not local", true),
            ("550", "relay not permitted for auth@example.com", false),
            ("550", "message rejected as spam", false),
            ("550", "user has to authenticate", false),
            ("553", "sender rejected", false),
            ("550", "access denied", false),
            ("550", "5.1.0 address rejected", false),
            ("550", "5.7.1 sender is not allowed", false),
            ("550", "5.1.8 bad sender domain", false),
            ("535", "5.7.8 bad password", false),
            ("552", "5.2.2 mailbox full", false),
            ("451", "4.3.0 later", false),
        ] {
            assert_eq!(
                is_for_good(code, text, "Auth@example.com"),
                expected,
                "{code} {text}"
            );
        }
    }
}
