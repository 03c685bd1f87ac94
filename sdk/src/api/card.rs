//! A card as apps are given it.

use tillandsia_core::card::ShownCard;
use tillandsia_core::payment_intent::ReceiptDetails;

use super::plain::object;

/// A card, as far as it may be shown and printed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "CardPresentDetails", rename_all = "camelCase"))]
pub struct CardPresentDetailsJson {
    /// `visa`, `mastercard`, `amex` …
    pub brand: Option<String>,
    /// The last four digits.
    pub last4: Option<String>,
    /// 1 to 12; 0 when the reader gave none.
    pub exp_month: u8,
    /// Four digits; 0 when the reader gave none.
    pub exp_year: u16,
    /// As embossed, when the card gives it.
    pub cardholder_name: Option<String>,
    /// How it was read.
    #[cfg_attr(test, ts(type = "ReadMethod"))]
    pub read_method: &'static str,
    /// What the receipt of a chip payment must print.
    pub receipt_details: Option<ReceiptDetailsJson>,
}

object!(CardPresentDetailsJson {
    brand = "brand",
    last4 = "last4",
    exp_month = "expMonth",
    exp_year = "expYear",
    cardholder_name = "cardholderName",
    read_method = "readMethod",
    receipt_details = "receiptDetails",
});

impl CardPresentDetailsJson {
    pub(super) fn of(
        card: &ShownCard,
        read_method: &'static str,
        receipt: Option<&ReceiptDetails>,
        authorization_code: Option<&str>,
    ) -> Self {
        CardPresentDetailsJson {
            brand: card.brand.clone(),
            last4: card.last4.clone(),
            exp_month: card.exp_month,
            exp_year: card.exp_year,
            cardholder_name: card.cardholder_name.clone(),
            read_method,
            receipt_details: receipt.map(|receipt| ReceiptDetailsJson::of(receipt, authorization_code)),
        }
    }
}

/// The EMV facts a receipt prints; hexadecimal where they are bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ReceiptDetails", rename_all = "camelCase"))]
pub struct ReceiptDetailsJson {
    /// What the card calls itself: `Visa Credit`.
    pub application_preferred_name: String,
    /// The application identifier (AID).
    pub dedicated_file_name: String,
    /// The card's own proof of the payment.
    pub application_cryptogram: String,
    /// Tag 95.
    pub terminal_verification_results: String,
    /// Tag 9B.
    pub transaction_status_information: String,
    /// Tag 9F34.
    pub cardholder_verification_method: String,
    /// The issuer's; null until the payment is authorised.
    pub authorization_code: Option<String>,
}

object!(ReceiptDetailsJson {
    application_preferred_name = "applicationPreferredName",
    dedicated_file_name = "dedicatedFileName",
    application_cryptogram = "applicationCryptogram",
    terminal_verification_results = "terminalVerificationResults",
    transaction_status_information = "transactionStatusInformation",
    cardholder_verification_method = "cardholderVerificationMethod",
    authorization_code = "authorizationCode",
});

impl ReceiptDetailsJson {
    fn of(receipt: &ReceiptDetails, authorization_code: Option<&str>) -> Self {
        let ReceiptDetails {
            application_preferred_name,
            dedicated_file_name,
            application_cryptogram,
            terminal_verification_results,
            transaction_status_information,
            cardholder_verification_method,
        } = receipt.clone();
        ReceiptDetailsJson {
            application_preferred_name,
            dedicated_file_name,
            application_cryptogram,
            terminal_verification_results,
            transaction_status_information,
            cardholder_verification_method,
            authorization_code: authorization_code.map(str::to_owned),
        }
    }
}
