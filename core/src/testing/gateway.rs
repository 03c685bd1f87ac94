//! A gateway in memory: a ledger by offline id, and failures on request.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::{ManualClock, session};
use crate::ids::OfflineId;
use crate::network::{PROBE_TIMEOUT_MS, REQUEST_TIMEOUT_MS};
use crate::ports::{Clock, Gateway, GatewayError};
use crate::wire;

/// What happens to the next request that carries payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextAnswer {
    /// It does not arrive.
    NotArrived(GatewayError),
    /// It arrives and is carried out; its answer is lost.
    Lost(GatewayError),
    /// It arrives and is carried out; the caller waits for its answer for ever.
    Hangs,
    /// Every payment in it gets this status instead of being carried out.
    Status(u16),
}

/// How long callers wait for an answer, milliseconds.
#[derive(Debug, Clone)]
struct Pace {
    clock: ManualClock,
    create_ms: u64,
    probe_ms: u64,
}

#[derive(Debug, Default)]
struct Data {
    results: BTreeMap<String, (wire::PaymentSubmission, wire::ForwardResult)>,
    canceled: Vec<String>,
    charges: Vec<(String, u64)>,
    created: u64,
    next: VecDeque<NextAnswer>,
    down: bool,
    batches: Vec<usize>,
    captured: Vec<String>,
    accounts: Vec<(Option<String>, Option<bool>)>,
    offline_disabled: bool,
    inspected: Vec<String>,
    location: Option<String>,
    country: Option<String>,
    livemode: bool,
    session_refusal: Option<GatewayError>,
    payment_amount_max: Option<BTreeMap<String, u64>>,
    pace: Option<Pace>,
    probes: u64,
}

/// The gateway. Clones share the ledger. An amount that ends in 05 is declined.
#[derive(Debug, Clone, Default)]
pub struct MemoryGateway(Rc<RefCell<Data>>);

impl MemoryGateway {
    /// Plans the next request's fate.
    pub fn next(&self, answer: NextAnswer) {
        self.0.borrow_mut().next.push_back(answer);
    }

    /// While down nothing arrives.
    pub fn set_down(&self, down: bool) {
        self.0.borrow_mut().down = down;
    }

    /// From now on a PaymentIntent is made as its request arrives and told `create_ms` later, and a probe is answered after
    /// `probe_ms`; an answer that takes longer than its request waits does not come.
    pub fn set_pace(&self, clock: &ManualClock, create_ms: u64, probe_ms: u64) {
        self.0.borrow_mut().pace = Some(Pace { clock: clock.clone(), create_ms, probe_ms });
    }

    /// From now on everything is answered at once.
    pub fn answer_at_once(&self) {
        self.0.borrow_mut().pace = None;
    }

    /// How many probes have come.
    pub fn probes(&self) -> u64 {
        self.0.borrow().probes
    }

    /// Every charge made, in order: offline id and amount.
    pub fn charges(&self) -> Vec<(String, u64)> {
        self.0.borrow().charges.clone()
    }

    /// The sizes of the batches that arrived.
    pub fn batches(&self) -> Vec<usize> {
        self.0.borrow().batches.clone()
    }

    /// Whose each payment said to be, and whether live.
    pub fn accounts(&self) -> Vec<(Option<String>, Option<bool>)> {
        self.0.borrow().accounts.clone()
    }

    /// The payments whose card was looked at before they were confirmed.
    pub fn inspected(&self) -> Vec<String> {
        self.0.borrow().inspected.clone()
    }

    /// The PaymentIntents captured by a call.
    pub fn captured(&self) -> Vec<String> {
        self.0.borrow().captured.clone()
    }

    /// Charges another payment than the device's under this id: a device's fault that must not be made worse.
    pub fn charge_other_content(&self, id: OfflineId, amount: u64) {
        let card = wire::CardOnWire {
            read_method: "contact_emv".into(),
            ksn: String::new(),
            cipher: "tdes".into(),
            encrypted: Vec::new(),
            emv: Vec::new(),
            reader: wire::ReaderOnWire {
                device_type: String::new(),
                serial_number: String::new(),
                software_version: String::new(),
            },
        };
        let payment = wire::CreatePayment {
            offline_id: id.to_string(),
            amount,
            currency: "usd".into(),
            capture_method: "automatic".into(),
            metadata: BTreeMap::new(),
            description: None,
            receipt_email: None,
            created_at: 0,
        };
        let submission = wire::PaymentSubmission {
            payment,
            payment_intent: None,
            account: None,
            livemode: None,
            stored_at: None,
            card,
        };
        self.0.borrow_mut().take(&submission);
    }

    /// Turns offline mode on or off in the configuration that sessions carry from now on.
    pub fn set_offline_enabled(&self, enabled: bool) {
        self.0.borrow_mut().offline_disabled = !enabled;
    }

    /// Sessions are at this location from now on.
    pub fn move_to(&self, location: &str) {
        self.0.borrow_mut().location = Some(location.to_owned());
    }

    /// Sessions are in this country from now on, ISO 3166-1 alpha-2.
    pub fn move_to_country(&self, country: &str) {
        self.0.borrow_mut().country = Some(country.to_owned());
    }

    /// From now on sessions are refused with this, or opened again.
    pub fn refuse_sessions(&self, refusal: Option<GatewayError>) {
        self.0.borrow_mut().session_refusal = refusal;
    }

    /// Whether sessions from now on move money.
    pub fn set_livemode(&self, livemode: bool) {
        self.0.borrow_mut().livemode = livemode;
    }

    /// The most that one stored payment may have, in the configuration that sessions carry from now on.
    pub fn set_payment_amount_max(&self, max: BTreeMap<String, u64>) {
        self.0.borrow_mut().payment_amount_max = Some(max);
    }

    fn session_now(&self) -> wire::Session {
        let data = self.0.borrow();
        let mut session = session();
        session.configuration.offline.enabled = !data.offline_disabled;
        session.livemode = data.livemode;
        if let Some(country) = &data.country {
            session.location.address.insert("country".into(), country.clone());
        }
        if let Some(max) = &data.payment_amount_max {
            session.configuration.offline.payment_amount_max.clone_from(max);
        }
        if let Some(location) = &data.location {
            session.location.id.clone_from(location);
        }
        session
    }

    fn up(&self) -> Result<(), GatewayError> {
        match self.0.borrow().down {
            true => Err(GatewayError::Unreachable),
            false => Ok(()),
        }
    }

    async fn wait(&self, take_ms: impl Fn(&Pace) -> u64, ms_max: u64) -> Result<(), GatewayError> {
        let Some(pace) = self.0.borrow().pace.clone() else { return Ok(()) };
        let ms = take_ms(&pace);
        pace.clock.sleep_ms(ms.min(ms_max)).await;
        if ms > ms_max { Err(GatewayError::TimedOut) } else { Ok(()) }
    }

    async fn arrive<T>(
        &self,
        payments: &[wire::PaymentSubmission],
        carry_out: impl FnOnce(&mut Data) -> T,
        refused: impl FnOnce(u16) -> T,
    ) -> Result<T, GatewayError> {
        self.up()?;
        let next = self.0.borrow_mut().next.pop_front();
        match next {
            None => {
                if !payments.is_empty() {
                    self.0.borrow_mut().batches.push(payments.len());
                }
                Ok(carry_out(&mut self.0.borrow_mut()))
            }
            Some(NextAnswer::NotArrived(error)) => Err(error),
            Some(NextAnswer::Lost(error)) => {
                carry_out(&mut self.0.borrow_mut());
                Err(error)
            }
            Some(NextAnswer::Hangs) => {
                carry_out(&mut self.0.borrow_mut());
                std::future::pending().await
            }
            Some(NextAnswer::Status(status)) => Ok(refused(status)),
        }
    }
}

impl Data {
    fn take(&mut self, submission: &wire::PaymentSubmission) -> wire::ForwardResult {
        let id = submission.payment.offline_id.clone();
        self.accounts.push((submission.account.clone(), submission.livemode));
        let content = wire::PaymentSubmission {
            payment_intent: None,
            account: None,
            livemode: None,
            stored_at: None,
            ..submission.clone()
        };
        if self.canceled.contains(&id) {
            return refusal(&id, 410, "canceled");
        }
        if let Some((known, result)) = self.results.get(&id) {
            return if *known == content {
                result.clone()
            } else {
                refusal(&id, 422, "idempotency_conflict")
            };
        }
        let declined = submission.payment.amount % 100 == 5;
        let mut result = refusal(&id, if declined { 402 } else { 200 }, "card_declined");
        let status = match (declined, submission.payment.capture_method.as_str()) {
            (true, _) => "requires_payment_method",
            (false, "manual") => "requires_capture",
            (false, _) => "succeeded",
        };
        self.created += 1;
        result.payment_intent = Some(intent(self.created, &submission.payment, status));
        if declined {
            if let Some(error) = result.error.as_mut() {
                error.decline_code = Some("generic_decline".into());
            }
        } else {
            result.error = None;
            self.charges.push((id.clone(), submission.payment.amount));
        }
        self.results.insert(id, (content, result.clone()));
        result
    }
}

impl Gateway for MemoryGateway {
    async fn open_session(&self) -> Result<wire::Session, GatewayError> {
        self.up()?;
        if let Some(refusal) = &self.0.borrow().session_refusal {
            return Err(refusal.clone());
        }
        Ok(self.session_now())
    }

    fn session(&self) -> Option<wire::Session> {
        Some(self.session_now())
    }

    async fn probe(&self, _nonce: &str) -> bool {
        self.0.borrow_mut().probes += 1;
        self.up().is_ok() && self.wait(|pace| pace.probe_ms, PROBE_TIMEOUT_MS).await.is_ok()
    }

    async fn create(&self, request: &wire::CreatePayment) -> Result<wire::PaymentIntent, GatewayError> {
        self.up()?;
        let made = {
            let mut data = self.0.borrow_mut();
            data.created += 1;
            intent(data.created, request, "requires_payment_method")
        };
        self.wait(|pace| pace.create_ms, REQUEST_TIMEOUT_MS).await?;
        Ok(made)
    }

    async fn update_payment_method(
        &self,
        request: &wire::PaymentSubmission,
    ) -> Result<wire::PaymentMethod, GatewayError> {
        self.up()?;
        self.0.borrow_mut().inspected.push(request.payment.offline_id.clone());
        Ok(wire::PaymentMethod {
            id: "pm_1".into(),
            object: "payment_method".into(),
            kind: "card_present".into(),
            created: request.payment.created_at,
            livemode: false,
            card_present: wire::CardPresent {
                amount_authorized: None,
                brand: Some("visa".into()),
                cardholder_name: None,
                country: Some("US".into()),
                emv_auth_data: None,
                exp_month: 12,
                exp_year: 2030,
                funding: Some("debit".into()),
                last4: Some("4242".into()),
                network: Some("visa".into()),
                offline: None,
                read_method: Some(request.card.read_method.clone()),
                receipt: None,
            },
        })
    }

    async fn confirm(&self, request: &wire::PaymentSubmission) -> Result<wire::ForwardResult, GatewayError> {
        self.arrive(
            std::slice::from_ref(request),
            |data| data.take(request),
            |status| refusal(&request.payment.offline_id, status, "api_error"),
        )
        .await
    }

    async fn forward(&self, batch: &wire::ForwardBatch) -> Result<wire::ForwardResults, GatewayError> {
        self.arrive(
            &batch.payments,
            |data| wire::ForwardResults {
                results: batch.payments.iter().map(|payment| data.take(payment)).collect(),
            },
            |status| wire::ForwardResults {
                results: batch
                    .payments
                    .iter()
                    .map(|payment| refusal(&payment.payment.offline_id, status, "api_error"))
                    .collect(),
            },
        )
        .await
    }

    async fn capture(
        &self,
        id: &str,
        _amount_minor: Option<u64>,
    ) -> Result<wire::PaymentIntent, GatewayError> {
        self.up()?;
        let mut data = self.0.borrow_mut();
        let known = data.results.values().find_map(|(submission, result)| {
            result
                .payment_intent
                .as_ref()
                .filter(|intent| intent.id == id)
                .map(|_| submission.payment.clone())
        });
        let request = known.ok_or(GatewayError::Refused {
            status: 404,
            code: "resource_missing".into(),
            message: "no such PaymentIntent".into(),
            retry_after_ms: None,
        })?;
        data.captured.push(id.to_owned());
        Ok(wire::PaymentIntent { id: id.to_owned(), ..intent(0, &request, "succeeded") })
    }

    async fn resolve(
        &self,
        id: OfflineId,
        question: &wire::Question,
    ) -> Result<wire::ForwardResult, GatewayError> {
        let id = id.to_string();
        let carry_out = |data: &mut Data| {
            data.accounts.push((question.origin.account.clone(), question.origin.livemode));
            if let Some((known, result)) = data.results.get(&id) {
                return match wire::Question::about(known).content == question.content {
                    true => result.clone(),
                    false => refusal(&id, 422, "idempotency_conflict"),
                };
            }
            data.canceled.push(id.clone());
            refusal(&id, 410, "canceled")
        };
        self.arrive(&[], carry_out, |status| refusal(&id, status, "planned")).await
    }
}

fn refusal(id: &str, status: u16, code: &str) -> wire::ForwardResult {
    wire::ForwardResult {
        offline_id: id.to_owned(),
        status,
        payment_intent: None,
        charge: None,
        error: Some(wire::ErrorBody {
            kind: "api_error".into(),
            code: Some(code.to_owned()),
            decline_code: None,
            message: format!("status {status}"),
            param: None,
        }),
    }
}

fn intent(number: u64, payment: &wire::CreatePayment, status: &str) -> wire::PaymentIntent {
    wire::PaymentIntent {
        id: format!("pi_{number}"),
        object: "payment_intent".into(),
        amount: payment.amount,
        amount_capturable: 0,
        amount_received: 0,
        amount_details: wire::AmountDetails::default(),
        canceled_at: None,
        cancellation_reason: None,
        capture_method: payment.capture_method.clone(),
        client_secret: format!("pi_{number}_secret"),
        created: payment.created_at,
        currency: payment.currency.clone(),
        customer: None,
        description: None,
        last_payment_error: None,
        latest_charge: None,
        livemode: false,
        metadata: payment.metadata.clone(),
        payment_method: None,
        payment_method_types: vec!["card_present".into()],
        receipt_email: None,
        status: status.to_owned(),
    }
}
