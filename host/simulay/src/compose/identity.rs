//! Who tells who people are.

use std::sync::Arc;

use anyhow::bail;
use simulay_identity::IdentityProvider;
use simulay_identity_oidc::{OidcProvider, OidcSettings};

use crate::configuration::{Oidc, Secret};
use crate::fault::Usage;

/// The provider of identities, when the settings name one.
pub(super) fn provider(oidc: Option<&Oidc>) -> anyhow::Result<Option<Arc<dyn IdentityProvider>>> {
    let Some(oidc) = oidc else { return Ok(None) };
    let provider = OidcProvider::new(settings(oidc)?);
    Ok(Some(Arc::new(provider.map_err(|error| Usage(format!("auth.oidc: {error}")))?)))
}

fn settings(oidc: &Oidc) -> anyhow::Result<OidcSettings> {
    let client_secret = secret(oidc)?.map(|secret| secret.reveal().to_owned());
    let Oidc { issuer, client_id, redirect_url, scopes, account_claim, groups_claim, .. } = oidc.clone();
    let name_claim = account_claim;
    Ok(OidcSettings { issuer, client_id, client_secret, redirect_url, scopes, name_claim, groups_claim })
}

fn secret(oidc: &Oidc) -> anyhow::Result<Option<Secret>> {
    match (&oidc.client_secret, &oidc.client_secret_file) {
        (Some(_), Some(_)) => bail!(Usage("auth.oidc has two secrets; take one away".to_owned())),
        (Some(secret), None) => Ok(Some(secret.clone())),
        (None, file) => file.as_deref().map(Secret::read).transpose(),
    }
}
