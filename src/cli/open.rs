//! Opening the database as the settings say: the same way for the service and for every command
//! on the console.

use std::path::Path;

use anyhow::Context as _;

use crate::config::Settings;
use crate::secret::SealingKey;
use crate::store::Store;

/// The file beside the embedded database that holds the key when no setting does.
const KEY_FILE: &str = "secret.key";

/// The database of the settings, its tables brought up to date.
pub async fn store(settings: &Settings) -> anyhow::Result<Store> {
    let url = settings.database_url.expose();
    let store = Store::connect(url, sealing_key(settings)?).await?;
    store.migrate().await?;
    Ok(store)
}

fn sealing_key(settings: &Settings) -> anyhow::Result<SealingKey> {
    if let Some(key) = &settings.secret_key {
        return SealingKey::parse(key.expose()).context("setting LIFESIGN_SECRET_KEY");
    }
    let folder = Store::folder(settings.database_url.expose());
    let path = folder
        .as_deref()
        .unwrap_or(Path::new("data"))
        .join(KEY_FILE);
    SealingKey::load_or_create(&path).with_context(|| {
        format!(
            "cannot use the key of {} (or set LIFESIGN_SECRET_KEY)",
            path.display()
        )
    })
}
