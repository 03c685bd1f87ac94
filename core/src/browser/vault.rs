//! Encryption at rest: AES-GCM with a key that the browser keeps and never gives out.

use std::cell::RefCell;
use std::rc::Rc;

use futures::future::LocalBoxFuture;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::Transaction;
use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto};

use super::entropy::{BrowserEntropy, CRYPTO};
use super::js::{object, text_of};
use super::store::{Connection, KEYS, LOG, PAYMENTS, Put, Query, SETTINGS, Work, store_error};
use crate::journal::Sealed;
use crate::ports::{Entropy as _, StoreError, Vault, VaultError};

/// The key's name in the object store `keys`.
const KEY: &str = "vault-1";

/// AES-GCM-256 under a CryptoKey that lives in IndexedDB and is not extractable.
///
/// Losing the key loses what it sealed, so a new one is made only where nothing was sealed yet.
#[derive(Debug)]
pub struct WebCryptoVault {
    connection: Rc<Connection>,
    key: RefCell<Option<CryptoKey>>,
}

impl WebCryptoVault {
    /// The vault whose key is in this database. The key is read, or made, at the first use.
    pub const fn new(connection: Rc<Connection>) -> Self {
        WebCryptoVault { connection, key: RefCell::new(None) }
    }

    fn key(&self) -> LocalBoxFuture<'_, Result<CryptoKey, VaultError>> {
        Box::pin(self.kept_or_made_key())
    }

    async fn kept_or_made_key(&self) -> Result<CryptoKey, VaultError> {
        if let Some(key) = self.key.borrow().as_ref() {
            return Ok(key.clone());
        }
        let key = match self.kept_key().await? {
            Some(key) => key,
            None => self.make_key().await?,
        };
        self.key.replace(Some(key.clone()));
        Ok(key)
    }

    async fn kept_key(&self) -> Result<Option<CryptoKey>, VaultError> {
        let kept = self.connection.read(Query::One(KEYS, KEY.into())).await.map_err(unavailable)?;
        kept.into_iter().next().map(as_key).transpose()
    }

    /// Makes a key and keeps it, all in one transaction: of two tabs at their first start one wins, the other takes
    /// the winner's.
    async fn make_key(&self) -> Result<CryptoKey, VaultError> {
        let made = generate().await?;
        let keeping = Keeping { made, kept: RefCell::new(None) };
        let stores = [KEYS, PAYMENTS, LOG, SETTINGS];
        self.connection.write(&stores, &keeping).await.map_err(unavailable)?;
        match keeping.kept.take() {
            Some(kept) => as_key(kept),
            None => Ok(keeping.made),
        }
    }
}

/// A new key inside the transaction that keeps it.
struct Keeping {
    made: CryptoKey,
    /// The key that was there already.
    kept: RefCell<Option<JsValue>>,
}

impl Work for Keeping {
    fn puts<'a>(
        &'a self,
        transaction: &'a Transaction<'_>,
    ) -> LocalBoxFuture<'a, Result<Vec<Put>, StoreError>> {
        Box::pin(async move {
            self.kept.replace(kept_in(transaction).await?);
            Ok(match *self.kept.borrow() {
                Some(_) => Vec::new(),
                // Settings sealed with a lost key are of no use to anybody; all of them can be fetched or made again.
                None => vec![Put::Cleared(SETTINGS), Put::At(KEYS, KEY.into(), self.made.clone().into())],
            })
        })
    }
}

/// The key that is there; an error where there is none any more and no other may take its place.
async fn kept_in(transaction: &Transaction<'_>) -> Result<Option<JsValue>, StoreError> {
    let keys = transaction.object_store(KEYS).map_err(store_error)?;
    let kept = keys.get::<JsValue, JsValue, _>(JsValue::from_str(KEY)).primitive().map_err(store_error)?;
    if let Some(kept) = kept.await.map_err(store_error)? {
        return Ok(Some(kept));
    }
    for sealed in [PAYMENTS, LOG] {
        let store = transaction.object_store(sealed).map_err(store_error)?;
        let count = store.count().primitive().map_err(store_error)?.await.map_err(store_error)?;
        if count > 0 {
            return Err(StoreError::Unreadable(
                "its key is gone, and no new one may take its place while sealed payments exist".to_owned(),
            ));
        }
    }
    Ok(None)
}

impl Vault for WebCryptoVault {
    async fn seal(&self, plaintext: &[u8], associated: &[u8]) -> Result<Sealed, VaultError> {
        let key = self.key().await?;
        let mut iv = [0; 12];
        BrowserEntropy.fill(&mut iv);
        let sealing = subtle()
            .encrypt_with_object_and_u8_array(algorithm(&iv, associated).unchecked_ref(), &key, plaintext)
            .map_err(|thrown| VaultError::KeyUnavailable(text_of(&thrown)))?;
        let ciphertext =
            bytes(sealing).await.map_err(|thrown| VaultError::KeyUnavailable(text_of(&thrown)))?;
        Ok(Sealed { iv, ciphertext })
    }

    async fn open(&self, sealed: &Sealed, associated: &[u8]) -> Result<Vec<u8>, VaultError> {
        let key = self.key().await?;
        let opening = subtle()
            .decrypt_with_object_and_u8_array(
                algorithm(&sealed.iv, associated).unchecked_ref(),
                &key,
                &sealed.ciphertext,
            )
            .map_err(|thrown| VaultError::KeyUnavailable(text_of(&thrown)))?;
        // The browser says no more than that it does not open.
        bytes(opening).await.map_err(|_| VaultError::DoesNotOpen)
    }
}

fn subtle() -> SubtleCrypto {
    CRYPTO.with(web_sys::Crypto::subtle)
}

fn algorithm(iv: &[u8], associated: &[u8]) -> JsValue {
    object(&[
        ("name", "AES-GCM".into()),
        ("iv", Uint8Array::from(iv).into()),
        ("additionalData", Uint8Array::from(associated).into()),
    ])
}

async fn bytes(promise: Promise) -> Result<Vec<u8>, JsValue> {
    let buffer = JsFuture::from(promise).await?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

async fn generate() -> Result<CryptoKey, VaultError> {
    let refused = |thrown: JsValue| VaultError::KeyUnavailable(text_of(&thrown));
    let algorithm = object(&[("name", "AES-GCM".into()), ("length", 256.into())]);
    let usages = Array::of2(&"encrypt".into(), &"decrypt".into());
    let extractable = false;
    let making = subtle()
        .generate_key_with_object(algorithm.unchecked_ref(), extractable, &usages)
        .map_err(refused)?;
    as_key(JsFuture::from(making).await.map_err(refused)?)
}

fn as_key(value: JsValue) -> Result<CryptoKey, VaultError> {
    value.dyn_into().map_err(|_| VaultError::KeyUnavailable("what is kept as the key is none".to_owned()))
}

fn unavailable(error: StoreError) -> VaultError {
    VaultError::KeyUnavailable(error.to_string())
}
