//! Text that must never be printed: credentials, header values, channel secrets.
//!
//! It has no `Display`, a blind `Debug` and no `Serialize`; whoever needs the value says so by
//! calling [`Sensitive::expose`]. How it is sealed at rest is the business of `secret.rs`.

use std::fmt;

/// A value that does not show itself.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sensitive(String);

impl Sensitive {
    /// Takes the value in.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself; for the wire and for sealing, nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_not_show_itself() {
        assert_eq!(format!("{:?}", Sensitive::new("hunter2")), "[secret]");
    }
}
