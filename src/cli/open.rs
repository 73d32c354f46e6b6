//! Opening the database as the settings say: the same way for the service and for every command
//! on the console.

use std::path::{Path, PathBuf};

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

/// The database of `url`, which is there already, its tables as they are.
pub(super) async fn existing(settings: &Settings, url: &str) -> anyhow::Result<Store> {
    Ok(Store::connect_existing(url, known_key(settings)?).await?)
}

/// The database of the settings, made if there is none, its tables as they are.
pub(super) async fn untouched(settings: &Settings) -> anyhow::Result<Store> {
    let url = settings.database_url.expose();
    Ok(Store::connect(url, known_key(settings)?).await?)
}

fn sealing_key(settings: &Settings) -> anyhow::Result<SealingKey> {
    if let Some(key) = key_of_setting(settings)? {
        return Ok(key);
    }
    let path = key_file(settings);
    SealingKey::load_or_create(&path).with_context(|| unusable(&path))
}

/// The key that rows were sealed with before: a fresh one would open none of them.
fn known_key(settings: &Settings) -> anyhow::Result<SealingKey> {
    if let Some(key) = key_of_setting(settings)? {
        return Ok(key);
    }
    let path = key_file(settings);
    let key = SealingKey::load(&path).with_context(|| unusable(&path))?;
    key.with_context(|| {
        let path = path.display();
        format!("there is no key: set LIFESIGN_SECRET_KEY, or put the file of it at {path}")
    })
}

fn key_of_setting(settings: &Settings) -> anyhow::Result<Option<SealingKey>> {
    let key = settings.secret_key.as_ref();
    key.map(|key| SealingKey::parse(key.expose()))
        .transpose()
        .context("setting LIFESIGN_SECRET_KEY")
}

fn key_file(settings: &Settings) -> PathBuf {
    let folder = Store::folder(settings.database_url.expose());
    folder
        .as_deref()
        .unwrap_or(Path::new("data"))
        .join(KEY_FILE)
}

fn unusable(path: &Path) -> String {
    format!(
        "cannot use the key of {} (or set LIFESIGN_SECRET_KEY)",
        path.display()
    )
}
