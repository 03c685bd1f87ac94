// Generated from sdk/src/api by its tests; TILLANDSIA_WRITE_TYPES=1 writes it anew.

/** What went wrong, as a stable name. */
export type TerminalErrorCode =
  | "no_established_connection_to_reader"
  | "reader_busy"
  | "reader_error"
  | "canceled"
  | "not_connected_to_internet"
  | "not_connected_to_internet_and_require_online_set"
  | "force_offline_with_feature_disabled"
  | "reader_not_paired_online_at_location"
  | "reader_software_update_required"
  | "card_swipe_not_available"
  | "card_tap_not_available"
  | "online_pin_not_supported_offline"
  | "interac_not_supported_offline"
  | "card_network_not_supported_offline"
  | "offline_and_card_expired"
  | "offline_collect_and_confirm_mismatch"
  | "amount_exceeds_max_offline_amount"
  | "invalid_offline_currency"
  | "offline_payments_store_full"
  | "update_payment_intent_unavailable_while_offline"
  | "offline_transaction_declined"
  | "missing_emv_data"
  | "payment_intent_not_found_offline"
  | "storage_unavailable"
  | "storage_key_unavailable"
  | "connection_token_provider_error"
  | "connection_token_provider_error_while_forwarding"
  | "account_id_mismatch_while_forwarding"
  | "offline_testmode_payment_in_livemode"
  | "offline_livemode_payment_in_testmode"
  | "card_declined"
  | "api_error"
  | "rate_limited"
  | "request_timed_out"
  | "outcome_unknown"
  | "invalid_request"
  | "unexpected_status"
  | "idempotency_conflict"
  | "internal";

/** The status of a PaymentIntent. */
export type PaymentIntentStatus =
  | "requires_payment_method"
  | "requires_confirmation"
  | "requires_action"
  | "processing"
  | "requires_capture"
  | "succeeded"
  | "canceled";

/** When the money is taken. */
export type CaptureMethod =
  | "automatic"
  | "manual";

/** Whether a payment may, must or must not be taken without the gateway. */
export type OfflineBehavior =
  | "prefer_online"
  | "require_online"
  | "force_offline";

/** Whether the gateway can be reached, by a probe of it. */
export type NetworkStatus =
  | "unknown"
  | "online"
  | "offline";

/** How a card was read. */
export type ReadMethod =
  | "contact_emv"
  | "contactless_emv"
  | "contactless_magstripe_mode"
  | "magnetic_stripe_fallback"
  | "magnetic_stripe_track2";

/** Where a payment stands on this device. */
export type PaymentState =
  | "confirming"
  | "stored"
  | "forwarding"
  | "wedged"
  | "accepted"
  | "declined"
  | "canceled"
  | "unreadable";

/** One attempt to take an amount. A page keeps the newest 64 that are not confirmed: of older ones nothing was charged, and
 * calls about them reject with `payment_intent_not_found_offline`. One that a call is under way about is kept. */
export type PaymentIntent = {
  /** The device's name for it, minted when it is created; never changes. */
  offlineId: string;
  /** The gateway's name for it, `pi_…`; null until the gateway has made it. */
  id: string | null;
  /** In the currency's minor unit. */
  amount: number;
  /** ISO 4217, lowercase. */
  currency: string;
  /** Where it stands. */
  status: PaymentIntentStatus;
  /** When the money is taken. */
  captureMethod: CaptureMethod;
  /** The app's own data. */
  metadata: Record<string, string>;
  /** For people. */
  description: string | null;
  /** Where the gateway sends a receipt. */
  receiptEmail: string | null;
  /** When it was created, by the device's clock. */
  createdAtMs: number;
  /** The card as the gateway knows it, when it was collected online with `updatePaymentIntent`; else absent. */
  paymentMethod?: PaymentMethod;
  /** What the device knows of it as an offline payment; null when it was confirmed online, or not yet. */
  offlineDetails: OfflineDetails | null;
};

/** A card as the gateway knows it before the payment is confirmed. */
export type PaymentMethod = {
  /** `pm_…` */
  id: string;
  /** The card, as far as it may be shown. */
  cardPresent: CardPresentDetails;
  /** `credit`, `debit`, `prepaid` or `unknown`. */
  funding: string | null;
  /** Where it was issued, ISO 3166-1 alpha-2. */
  country: string | null;
  /** The network that will route it. */
  network: string | null;
};

/** What the device knows of a payment that was confirmed offline. */
export type OfflineDetails = {
  /** When it was stored, by the device's clock. */
  storedAtMs: number;
  /** Whether the gateway has yet to receive it. */
  requiresUpload: boolean;
  /** The card, as far as it may be shown and printed. */
  cardPresentDetails: CardPresentDetails;
  /** What the amount is made of. */
  amountDetails: AmountDetails;
};

/** What an amount is made of, in the gateway's form. */
export type AmountDetails = {
  /** The tip, an empty object when there is none. */
  tip: Tip;
};

/** A tip. */
export type Tip = {
  /** In the currency's minor unit, part of the payment's amount. Absent: this till asks for no tip, and one that an app
   * adds to the amount is the app's own. */
  amount?: number;
};

/** A card, as far as it may be shown and printed. */
export type CardPresentDetails = {
  /** `visa`, `mastercard`, `amex` … */
  brand: string | null;
  /** The last four digits. */
  last4: string | null;
  /** 1 to 12; 0 when the reader gave none. */
  expMonth: number;
  /** Four digits; 0 when the reader gave none. */
  expYear: number;
  /** As embossed, when the card gives it. */
  cardholderName: string | null;
  /** How it was read. */
  readMethod: ReadMethod;
  /** What the receipt of a chip payment must print. */
  receiptDetails: ReceiptDetails | null;
};

/** The EMV facts a receipt prints; hexadecimal where they are bytes. */
export type ReceiptDetails = {
  /** What the card calls itself: `Visa Credit`. */
  applicationPreferredName: string;
  /** The application identifier (AID). */
  dedicatedFileName: string;
  /** The card's own proof of the payment. */
  applicationCryptogram: string;
  /** Tag 95. */
  terminalVerificationResults: string;
  /** Tag 9B. */
  transactionStatusInformation: string;
  /** Tag 9F34. */
  cardholderVerificationMethod: string;
  /** The issuer's; null until the payment is authorised. */
  authorizationCode: string | null;
};

/** The connection and what is stored. */
export type OfflineStatus = {
  /** The till's. */
  sdk: OfflineStatusDetails;
  /** A reader's that stores payments itself; null with every reader that is supported. */
  reader: OfflineStatusDetails | null;
};

/** The status of one side. */
export type OfflineStatusDetails = {
  /** Whether the gateway can be reached, by a probe of it. */
  networkStatus: NetworkStatus;
  /** How many payments are stored and not yet forwarded. */
  offlinePaymentsCount: number;
  /** Their sums by currency, minor units. */
  offlinePaymentAmountsByCurrency: Record<string, number>;
};

/** A payment of the device's list. */
export type Payment = {
  /** The device's name for it. */
  offlineId: string;
  /** The payment; null when its row cannot be read (`state` is then `unreadable`, and `error` says why). */
  paymentIntent: PaymentIntent | null;
  /** Where it stands on this device. */
  state: PaymentState;
  /** The card, as far as it may be shown. */
  card: CardPresentDetails | null;
  /** How often it was sent. */
  attempts: number;
  /** What went wrong, latest last; the last ten. */
  failures: Array<PaymentFailure>;
  /** The last of them. */
  lastError: PaymentFailure | null;
  /** What it ended with, or waits with; null when all is well. */
  error: ErrorJson | null;
  /** When it is sent next at the earliest; null when it is not to be sent. */
  nextAttemptAtMs: number | null;
  /** When it was stored; null for one that was confirmed online. */
  storedAtMs: number | null;
  /** When a stored one must have been forwarded; null for one that was confirmed online. */
  deadlineMs: number | null;
  /** Whether it waits for a person: `retryPaymentIntent`, `voidPaymentIntent` or `settlePaymentIntent`. */
  needsAttention: boolean;
  /** Whether it moves money; null when its row cannot be read. */
  livemode: boolean | null;
};

/** Something that went wrong with a payment. */
export type PaymentFailure = {
  /** When. */
  atMs: number;
  /** A stable name. */
  code: string;
  /** What to do about it. */
  message: string;
};

/** An error, before JavaScript makes a `TerminalError` of it. */
export type ErrorJson = {
  /** A stable name. */
  code: TerminalErrorCode;
  /** What to do about it, for a person. */
  message: string;
  /** The issuer's reason, with `card_declined`. */
  declineCode: string | null;
  /** The payment as it stands after the failure, where the failure belongs to one. */
  paymentIntent: PaymentIntent | null;
};

/** A reader, by its own words. */
export type ReaderInfo = {
  /** The product, `idtech_vp3300`. */
  deviceType: string;
  /** The serial number. */
  serialNumber: string;
  /** The firmware. */
  softwareVersion: string;
};

/** Whether a payment could be taken offline now. */
export type Readiness = {
  /** Whether it could. */
  ready: boolean;
  /** Until when that stays so without a connection; null when it is not so now, or for as long as one likes. */
  untilMs: number | null;
  /** Every check, in the order in which to see to them. */
  checks: Array<ReadinessCheck>;
  /** How many more payments may be stored; null without such a limit. */
  paymentsLeft: number | null;
  /** The most that the next payment may have, by currency, minor units. A currency that is absent is refused. */
  amountsLeftByCurrency: Record<string, number>;
};

/** One check and what came of it. */
export type ReadinessCheck = {
  /** What was looked at. */
  check: 'configuration' | 'reader' | 'pairing' | 'reader_software' | 'listeners' | 'storage_key' | 'storage' | 'storage_persistence' | 'limits';
  /** With a warning offline works, and this should be seen to; with a failure it does not until this is done. */
  result: 'good' | 'warning' | 'failed';
  /** Why it failed, as a stable name. */
  code: TerminalErrorCode | null;
  /** What to do about it; null when all is well. */
  message: string | null;
  /** Until when it stays so, where that is known. */
  untilMs: number | null;
};

/** What `createPaymentIntent` takes. */
export type CreatePaymentIntentOptions = {
  /** What is taken, in the currency's minor unit: 1099 is 10.99 US dollars. */
  amount: number;
  /** ISO 4217, `usd`. */
  currency: string;
  /** When the money is taken; `automatic` when absent. */
  captureMethod?: CaptureMethod;
  /** Whether it may be taken offline; `prefer_online` when absent. */
  offlineBehavior?: OfflineBehavior;
  /** The app's own data: at most 50 keys of 40 characters with values of 500. */
  metadata?: { [key in string]: string };
  /** For people, as the gateway's lists show it: at most 1,000 characters. */
  description?: string;
  /** Where the gateway sends a receipt, and how the customer can be reached should a stored payment be declined. */
  receiptEmail?: string;
};

/** What `collectPaymentMethod` takes besides the payment. */
export type CollectPaymentMethodOptions = {
  /** Has the gateway look at the card, so that `paymentMethod` tells what it is before it is charged. Online only. */
  updatePaymentIntent?: boolean;
};

/** What `confirmPaymentIntent` takes besides the payment. */
export type ConfirmPaymentIntentOptions = {
  /** Whether it may be taken offline, decided anew; as at its creation when absent. */
  offlineBehavior?: OfflineBehavior;
};

/** What `capturePaymentIntent` takes besides the payment. */
export type CapturePaymentIntentOptions = {
  /** Less than what was authorised, in the minor unit; all of it when absent. */
  amountToCapture?: number;
};

/** What `listPayments` and `listAttention` take. */
export type ListPaymentsOptions = {
  /** Only payments older than this one: the `offlineId` of the last one seen. */
  before?: string;
  /** How many at most, 1 to 100; 20 when absent. */
  limit?: number;
};
