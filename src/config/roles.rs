//! What a node does, as the setting says it.

use std::fmt;

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Serves pages and API, that of agents among it.
    pub web: bool,
    /// Checks what is due.
    pub probe: bool,
    /// Sends what is to be told.
    pub alert: bool,
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            (self.web, "web"),
            (self.probe, "probe"),
            (self.alert, "alert"),
        ];
        let played = all.iter().filter(|(plays, _)| *plays);
        let words: Vec<&str> = played.map(|(_, word)| *word).collect();
        f.write_str(&words.join(","))
    }
}

impl Roles {
    /// Reads the words, separated by commas; says which one is none.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut roles = Self {
            web: false,
            probe: false,
            alert: false,
        };
        for word in text.split(',').map(str::trim) {
            match word {
                "web" => roles.web = true,
                "probe" => roles.probe = true,
                "alert" => roles.alert = true,
                other => {
                    return Err(format!("'{other}' is not a role; use web, probe, alert"));
                }
            }
        }
        Ok(roles)
    }
}
