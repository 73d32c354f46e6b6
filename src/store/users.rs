//! People and their passwords, of which only hashes are kept.

use super::codec::{Origin, row};
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::id::UserId;
use crate::domain::sensitive::Sensitive;
use crate::domain::team::{Email, User};

row! {
    struct UserRow {
        id: UserId,
        email: String,
        password_hash: Option<String>,
    }
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        let origin = Origin {
            table: "app_user",
            id: row.id,
        };
        Ok(Self {
            id: row.id,
            email: origin.parsed("email", Email::parse(&row.email).ok())?,
            password_hash: row.password_hash.map(Sensitive::new),
        })
    }
}

impl Store {
    /// The person with that address.
    pub async fn user(&self, email: &Email) -> Result<Option<User>, StoreError> {
        let row: Option<UserRow> = self.db.optional(USER, (email.as_str(),)).await?;
        row.map(User::try_from).transpose()
    }
}

impl Tx {
    /// Whether there is anybody at all.
    pub async fn has_users(&mut self) -> Result<bool, StoreError> {
        let anybody: Option<(UserId,)> = self.db.optional(ANYBODY, ()).await?;
        Ok(anybody.is_some())
    }

    /// The person with that address, as this transaction sees them.
    pub async fn user(&mut self, email: &Email) -> Result<Option<User>, StoreError> {
        let row: Option<UserRow> = self.db.optional(USER, (email.as_str(),)).await?;
        row.map(User::try_from).transpose()
    }

    /// Adds a person. [`StoreError::Conflict`] when the address is taken.
    pub async fn add_user(&mut self, user: &User, now: At) -> Result<(), StoreError> {
        let hash = user.password_hash.as_ref().map(Sensitive::expose);
        self.db
            .run(ADD_USER, (user.id, user.email.as_str(), hash, now))
            .await?;
        Ok(())
    }

    /// Holds a password as it is until the end of the transaction. False when it is another one
    /// by now: what it was verified for must not happen any more.
    pub async fn hold_password(
        &mut self,
        id: UserId,
        hash: &Sensitive,
    ) -> Result<bool, StoreError> {
        // Writing the row is the lock that both engines know.
        Ok(self.db.run(HOLD_PASSWORD, (id, hash.expose())).await? > 0)
    }

    /// Gives a person another password. False when there is no such person.
    pub async fn set_password(&mut self, id: UserId, hash: &Sensitive) -> Result<bool, StoreError> {
        Ok(self.db.run(SET_PASSWORD, (id, hash.expose())).await? > 0)
    }
}

const USER: &str = "SELECT id, email, password_hash FROM app_user WHERE email = $1";
const ANYBODY: &str = "SELECT id FROM app_user LIMIT 1";
const ADD_USER: &str =
    "INSERT INTO app_user (id, email, password_hash, created_at) VALUES ($1, $2, $3, $4)";
const HOLD_PASSWORD: &str =
    "UPDATE app_user SET password_hash = $2 WHERE id = $1 AND password_hash = $2";
const SET_PASSWORD: &str = "UPDATE app_user SET password_hash = $2 WHERE id = $1";
