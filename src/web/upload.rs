//! A file out of a form: one field of `multipart/form-data`, bounded.

use axum::extract::{FromRequest, Multipart, Request};

use super::error::WebError;
use crate::domain::logo::MAX_LOGO;

/// Most fields of such a form.
const MAX_FIELDS: usize = 8;

/// What was handed in: the file, if one was chosen. One that is too large is cut just beyond the
/// bound, so that it is refused by its size.
pub(crate) struct Upload(pub(crate) Option<Vec<u8>>);

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebError> {
        let form = Multipart::from_request(request, state).await;
        // Whatever is no such form was not sent by a page of ours.
        let mut form = form.map_err(|_| WebError::NotFound)?;
        for _ in 0..MAX_FIELDS {
            let Some(mut field) = form.next_field().await.map_err(|_| WebError::too_large())?
            else {
                break;
            };
            if field.name() != Some("logo") {
                continue;
            }
            let mut bytes = Vec::new();
            while let Some(piece) = field.chunk().await.map_err(|_| WebError::too_large())? {
                bytes.extend_from_slice(&piece);
                if bytes.len() > MAX_LOGO {
                    bytes.truncate(MAX_LOGO + 1);
                    break;
                }
            }
            return Ok(Self((!bytes.is_empty()).then_some(bytes)));
        }
        Ok(Self(None))
    }
}
