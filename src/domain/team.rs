//! Teams, people and what they may do.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::at::At;
use super::id::{TeamId, TokenId, UserId};
use super::monitor::{FieldError, MAX_NAME};
use super::sensitive::Sensitive;

/// Shortest password, in characters.
pub const MIN_PASSWORD: usize = 10;
/// Longest password, in bytes; more would only cost hashing time.
pub const MAX_PASSWORD: usize = 1_024;
/// Longest mail address, in bytes (RFC 5321 §4.5.3.1.3).
pub const MAX_EMAIL: usize = 254;

/// What a person may do in a team; each includes the ones below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Changes monitors, channels, pages and incidents.
    Editor,
    /// Also changes people and tokens.
    Owner,
}

impl Role {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Owner => "owner",
        }
    }

    /// Reads the word of the contract.
    pub fn parse(word: &str) -> Result<Self, FieldError> {
        [Self::Viewer, Self::Editor, Self::Owner]
            .into_iter()
            .find(|role| role.as_str() == word)
            .ok_or_else(|| FieldError::new("role", "must be owner, editor or viewer"))
    }
}

/// What an API token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Looks.
    Read,
    /// Looks and changes.
    Write,
}

impl Scope {
    /// What is left of a role with a token of this scope.
    pub fn narrow(self, role: Role) -> Role {
        match self {
            Self::Read => Role::Viewer,
            Self::Write => role,
        }
    }

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// Reads the word of the contract.
    pub fn parse(word: &str) -> Result<Self, FieldError> {
        [Self::Read, Self::Write]
            .into_iter()
            .find(|scope| scope.as_str() == word)
            .ok_or_else(|| FieldError::new("scope", "must be read or write"))
    }
}

/// Who does something, and in which team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The team that is acted in.
    pub team: TeamId,
    /// The person.
    pub user: UserId,
    /// The mail address of the person, for timelines and logs of the team.
    pub email: Email,
    /// What the person may do, narrowed by the token if it came with one.
    pub role: Role,
    /// What the token of the API is called, if the person came with one.
    pub token: Option<String>,
}

impl Actor {
    /// Whether monitors, channels, pages and incidents may be changed.
    pub fn may_edit(&self) -> bool {
        self.role >= Role::Editor
    }

    /// Whether people and tokens may be changed.
    pub fn may_own(&self) -> bool {
        self.role >= Role::Owner
    }
}

/// A team, the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// What people call it.
    pub name: String,
}

/// Reads the name of a team.
pub fn team_name(text: &str) -> Result<String, FieldError> {
    name("team", text)
}

/// Reads the name of a token.
pub fn token_name(text: &str) -> Result<String, FieldError> {
    name("name", text)
}

fn name(field: &'static str, text: &str) -> Result<String, FieldError> {
    let name = text.trim();
    if (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        Ok(name.to_owned())
    } else {
        Err(FieldError::new(
            field,
            format!("must have 1 to {MAX_NAME} printable characters"),
        ))
    }
}

/// A person who may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their address, which is also their name.
    pub email: Email,
    /// What their password is verified by; nobody without one can log in.
    pub password_hash: Option<Sensitive>,
}

/// A person in a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// Their address.
    pub email: Email,
    /// What they may do.
    pub role: Role,
    /// Since when they belong to the team.
    pub since: At,
}

/// Somebody who was invited into a team and has not come yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Who.
    pub email: Email,
    /// What they will be allowed to do.
    pub role: Role,
    /// When they were invited.
    pub made_at: At,
    /// Until when they can come.
    pub expires_at: At,
}

/// What a one-time link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Makes the first owner and their team.
    Owner,
    /// Lets somebody into a team.
    Invite {
        /// The team.
        team: TeamId,
        /// Who is invited.
        email: Email,
        /// What they will be allowed to do.
        role: Role,
    },
    /// Sets a new password.
    Reset {
        /// Whose.
        email: Email,
    },
}

/// A token of the API, without its value: that is shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: TokenId,
    /// The team that it opens.
    pub team: TeamId,
    /// Who made it; it can do no more than they can.
    pub user: UserId,
    /// Their address.
    pub email: Email,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// When it was made.
    pub created_at: At,
    /// When it was last used, to the minute.
    pub last_used_at: Option<At>,
    /// Since when it opens nothing any more.
    pub revoked_at: Option<At>,
}

/// A mail address in lower case, plausible enough to send to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Reads an address.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = text.trim().to_lowercase();
        let is_plain =
            |c: char| !c.is_whitespace() && !c.is_control() && !"<>()[],;:\\\"".contains(c);
        let is_fine = text.len() <= MAX_EMAIL
            && text.chars().all(is_plain)
            && text.split_once('@').is_some_and(|(local, host)| {
                !local.is_empty() && !host.is_empty() && !host.contains('@')
            });
        if is_fine {
            Ok(Self(text))
        } else {
            Err(FieldError::new(
                "email",
                "is not a mail address; it looks like name@example.com",
            ))
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Refuses passwords that are too short or too long; anything else is the person's choice.
pub fn check_password(password: &str) -> Result<(), FieldError> {
    if password.chars().count() < MIN_PASSWORD {
        return Err(FieldError::new(
            "password",
            format!("is too short; use at least {MIN_PASSWORD} characters, a few words do well"),
        ));
    }
    if password.len() > MAX_PASSWORD {
        return Err(FieldError::new(
            "password",
            format!("is longer than {MAX_PASSWORD} bytes"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_lower_case_and_nonsense_is_refused() {
        assert_eq!(
            Email::parse(" Me@Example.COM ").unwrap().as_str(),
            "me@example.com"
        );
        for text in ["", "me", "@x", "me@", "a@b@c", "a b@c", "a\r\n@c"] {
            assert_eq!(Email::parse(text).unwrap_err().field, "email", "{text}");
        }
    }

    #[test]
    fn a_role_includes_the_ones_below() {
        assert!(Role::Owner > Role::Editor && Role::Editor > Role::Viewer);
        assert!(check_password("short").is_err() && check_password("long enough").is_ok());
    }
}
