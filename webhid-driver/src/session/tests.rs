use tillandsia_core::{card::ReadMethod, money::Money, ports::Interfaces};

use super::*;
use crate::vectors;

const T0: TimestampMs = TimestampMs(1_000_000);

fn request(amount_minor: u64, interfaces: Interfaces) -> CollectRequest {
    CollectRequest { amount: Money::new(amount_minor, "usd".parse().unwrap()), interfaces, timeout_s: 30 }
}

const OFFLINE: Interfaces = Interfaces { contact: true, contactless: true, swipe: false };
const ONLINE: Interfaces = Interfaces { contact: true, contactless: true, swipe: true };

/// A session over a byte stream, with what it sent as (command, sub-command).
struct Bench {
    session: Session,
    now: TimestampMs,
}

impl Bench {
    fn connected() -> Self {
        let mut bench = Self { session: Session::new(Protocol::Neo2, Transport::Serial), now: T0 };
        bench.session.connect(bench.now).unwrap();
        assert_eq!(bench.sent(), [(0x05, 0x01)]);
        bench.answer(0x05, 0, &[]);
        assert_eq!(bench.sent(), [(0x18, 0x01)]);
        bench.answer(0x18, 0, &[]);
        assert_eq!(bench.sent(), [(0x29, 0x00)]);
        bench.answer(0x29, 0, b"VP3300 USB NEO v1.01.151");
        assert_eq!(bench.sent(), [(0x12, 0x01)]);
        bench.answer(0x12, 0, b"310T061040");
        assert!(
            matches!(&bench.events()[..], [Event::Connected(info)] if info.device_type == "idtech_vp3300")
        );
        bench
    }

    fn active(request: CollectRequest) -> Self {
        let mut bench = Self::connected();
        bench.session.collect(request, bench.now).unwrap();
        assert_eq!(bench.sent(), [(0x18, 0x01)]);
        bench.answer(0x18, 0, &[]);
        assert_eq!(bench.sent(), [(0x02, 0x40)]);
        assert_eq!(bench.events(), [Event::Prompt(ReaderPrompt::Present(request.interfaces))]);
        bench
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.session.receive(&Packet::Bytes(bytes.to_vec()), self.now);
    }

    fn answer(&mut self, command: u8, status: u8, data: &[u8]) {
        self.receive(&vectors::answer(command, status, data));
    }

    fn sent(&mut self) -> Vec<(u8, u8)> {
        std::iter::from_fn(|| self.session.poll_packet())
            .map(|packet| match packet {
                Packet::Bytes(bytes) => (bytes[10], bytes[11]),
                Packet::Report { .. } => panic!("a report on a serial line"),
            })
            .collect()
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.session.poll_event()).collect()
    }

    fn pass(&mut self, ms: u64) {
        self.now = self.now.plus_ms(ms);
        self.session.wake(self.now);
    }

    fn pass_to_deadline(&mut self) {
        self.now = self.session.deadline().unwrap();
        self.session.wake(self.now);
    }
}

/// A contact answer: the contactless vector's data with another attribution, result and amount.
fn contact_answer(result: u16, amount: &str) -> Vec<u8> {
    let frame = vectors::contactless();
    let data = hex::encode_upper(&frame[14..frame.len() - 2]);
    let data = data.replace("9F0206000000002500", &format!("9F0206{amount}"));
    hex::decode(format!("E0DFEE2502{result:04X}{}", &data[2..])).unwrap()
}

#[test]
fn a_tap_is_done_in_one_exchange() {
    let mut bench = Bench::active(request(2500, OFFLINE));
    bench.receive(&vectors::contactless());
    let events = bench.events();
    let [Event::Collected(card)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(card.read_method, ReadMethod::ContactlessEmv);
    assert!(!card.awaits_host);
    assert_eq!(hex::encode_upper(&card.secret.ksn), "FFFF9876543210E00001");
    let tags: Vec<_> = card.secret.encrypted.iter().map(|t| (t.tag, t.value.len())).collect();
    assert_eq!(tags, [(0x57, 24), (0x5A, 16)]);
    assert_eq!(card.emv_value(0x9F26).unwrap().len(), 8);
    assert_eq!(card.emv[0].tag, 0x50);
    assert!(card.emv.iter().all(|t| ![0x57, 0x5A, 0xDF_EE12, 0xDF_EE26, 0xFF_EE01].contains(&t.tag)));
    let shown = &card.shown;
    assert_eq!((shown.brand.as_deref(), shown.last4.as_deref()), (Some("visa"), Some("0010")));
    assert_eq!((shown.exp_month, shown.exp_year), (12, 2020));
    assert!(bench.sent().is_empty());
    assert_eq!(bench.session.deadline(), None);
}

#[test]
fn an_inserted_chip_waits_for_the_host() {
    for (decision, result, expected) in [
        (HostDecision::Approved, 0x0000, Event::Completed(ChipDecision::Approved)),
        (HostDecision::NoHost, 0x0002, Event::Completed(ChipDecision::Approved)),
        (HostDecision::NoHost, 0x0003, Event::Completed(ChipDecision::Declined)),
        (HostDecision::Approved, 0x0012, Event::Failed(ReaderError::Canceled)),
    ] {
        let mut bench = Bench::active(request(2500, OFFLINE));
        bench.answer(0x02, 0x63, &[]);
        bench.answer(0x02, 0x23, &contact_answer(0x0004, "000000002500"));
        let events = bench.events();
        assert!(
            matches!(&events[..], [Event::Prompt(ReaderPrompt::DoNotRemove), Event::Collected(card)] if card.awaits_host)
        );
        assert!(bench.session.awaits_host());
        bench.session.complete(decision, bench.now).unwrap();
        assert_eq!(bench.sent(), [(0x60, 0x12)]);
        bench.answer(0x60, 0x63, &[]);
        assert!(bench.events().is_empty());
        let mut data = vec![0xDF, 0xEE, 0x25, 2];
        data.extend(u16::to_be_bytes(result));
        bench.answer(0x60, 0, &data);
        assert_eq!(bench.events(), [Event::Prompt(ReaderPrompt::RemoveCard), expected]);
    }
}

#[test]
fn a_chip_that_declines_is_an_error() {
    for result in [0x0001, 0x0003] {
        let mut bench = Bench::active(request(2500, OFFLINE));
        bench.answer(0x02, 0x00, &contact_answer(result, "000000002500"));
        assert_eq!(bench.sent(), [(0x05, 0x01)]);
        bench.answer(0x05, 0, &[]);
        assert_eq!(bench.events(), [Event::Failed(ReaderError::CardDeclined)]);
    }
    // Tapped: the cryptogram is an AAC.
    let mut bench = Bench::active(request(2500, OFFLINE));
    let data = hex::encode(&vectors::contactless()[14..237]).replace("9f270180", "9f270100");
    bench.answer(0x02, 0x23, &hex::decode(data).unwrap());
    assert_eq!(bench.sent(), [(0x05, 0x01)]);
    bench.answer(0x05, 0, &[]);
    assert_eq!(bench.events(), [Event::Failed(ReaderError::CardDeclined)]);
}

#[test]
fn a_swipe_counts_only_where_it_is_offered() {
    let mut bench = Bench::active(request(2500, OFFLINE));
    bench.receive(&vectors::swipe());
    assert_eq!(bench.sent(), [(0x05, 0x01)]);
    bench.answer(0x05, 0, &[]);
    assert_eq!(bench.events(), [Event::Failed(ReaderError::SwipeNotAllowed)]);

    let mut bench = Bench::active(request(2500, ONLINE));
    bench.receive(&vectors::swipe());
    let events = bench.events();
    let [Event::Collected(card)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(card.read_method, ReadMethod::MagneticStripeTrack2);
    assert_eq!(hex::encode_upper(&card.secret.ksn), "FFFFFF0200110940000F");
    assert_eq!(card.secret.encrypted.iter().map(|t| t.tag).collect::<Vec<_>>(), [0xDF_EE23, 0xDF_EE23]);
    assert_eq!(card.shown.last4.as_deref(), Some("0043"));
    assert_eq!(card.shown.cardholder_name.as_deref(), Some("UAT USA/TEST CARD 02"));
}

#[test]
fn a_card_read_for_another_amount_or_currency_is_refused() {
    let mut bench = Bench::active(request(2501, OFFLINE));
    bench.receive(&vectors::contactless());
    bench.answer(0x05, 0, &[]);
    assert!(matches!(&bench.events()[..], [Event::Failed(ReaderError::Protocol(_))]));
    let eur = CollectRequest { amount: Money::new(2500, "eur".parse().unwrap()), ..request(2500, OFFLINE) };
    let mut bench = Bench::active(eur);
    bench.receive(&vectors::contactless());
    bench.answer(0x05, 0, &[]);
    assert!(matches!(&bench.events()[..], [Event::Failed(ReaderError::Protocol(_))]));
}

#[test]
fn card_data_in_clear_is_thrown_away() {
    let mut bench = Bench::active(request(2500, OFFLINE));
    let data = hex::encode_upper(&vectors::contactless()[14..237])
        .replace("5AA1084761CCCCCCCC0010", "5AA1084761739001010010");
    bench.answer(0x02, 0x23, &hex::decode(data).unwrap());
    bench.answer(0x05, 0, &[]);
    let events = bench.events();
    assert_eq!(events, [Event::Failed(ReaderError::ClearCardData)]);
    assert!(!format!("{events:?}{:?}", bench.session).contains("4761"));
}

#[test]
fn missing_tags_are_named() {
    let mut bench = Bench::active(request(2500, OFFLINE));
    let data = hex::encode_upper(&vectors::contactless()[14..237]).replace("9F36020001", "");
    bench.answer(0x02, 0x23, &hex::decode(data).unwrap());
    bench.answer(0x05, 0, &[]);
    assert_eq!(bench.events(), [Event::Failed(ReaderError::MissingEmvData("9F36".to_owned()))]);
}

#[test]
fn a_card_that_was_not_read_may_be_presented_again() {
    let mut bench = Bench::active(request(2500, OFFLINE));
    for (error, prompt) in
        [(0x21, ReaderPrompt::OneCardOnly), (0x24, ReaderPrompt::TryAgain), (0x22, ReaderPrompt::UseChip)]
    {
        bench.answer(0x02, 0x0A, &[0xFF, 0xEE, 0x1F, 4, error, 0x90, 0x00, 0]);
        assert_eq!(bench.sent(), [(0x02, 0x40)]);
        assert_eq!(bench.events(), [Event::Prompt(prompt)]);
    }
    for (error, expected) in [
        (0x26, ReaderError::CardExpired),
        (0x25, ReaderError::CardDeclined),
        (0x27, ReaderError::Unreadable("the card is of a kind the reader does not take".to_owned())),
    ] {
        let mut bench = Bench::active(request(2500, OFFLINE));
        bench.answer(0x02, 0x0A, &[0xFF, 0xEE, 0x1F, 4, error, 0, 0, 0]);
        assert_eq!(bench.events(), [Event::Failed(expected)]);
    }
    // Not without end.
    let mut bench = Bench::active(request(2500, OFFLINE));
    for _ in 0..ACTIVATIONS_MAX {
        bench.answer(0x02, 0x0A, &[0xFF, 0xEE, 0x1F, 4, 0x24, 0, 0, 0]);
    }
    assert!(matches!(bench.events().last(), Some(Event::Failed(ReaderError::Unreadable(_)))));
}

#[test]
fn statuses_become_errors() {
    for (status, expected) in [
        (0x08, ReaderError::TimedOut),
        (0x1D, ReaderError::OutOfService("it reports that it was opened".to_owned())),
        (0x12, ReaderError::OutOfService("its keys are used up or its security module failed".to_owned())),
    ] {
        let mut bench = Bench::active(request(2500, OFFLINE));
        bench.answer(0x02, status, &[]);
        assert_eq!(bench.events(), [Event::Failed(expected)]);
    }
}

#[test]
fn after_cancel_nothing_is_sent_until_the_answer_and_late_answers_are_dropped() {
    let mut bench = Bench::active(request(2500, OFFLINE));
    bench.session.cancel(bench.now);
    assert_eq!(bench.sent(), [(0x05, 0x01)]);
    assert_eq!(bench.session.collect(request(2500, OFFLINE), bench.now), Err(ReaderError::Busy));
    bench.receive(&vectors::contactless());
    bench.session.cancel(bench.now);
    assert!(bench.sent().is_empty() && bench.events().is_empty());
    bench.answer(0x05, 0, &[]);
    assert_eq!(bench.events(), [Event::Failed(ReaderError::Canceled)]);
    // The card's answer comes after all, in between, or once the next collection has begun.
    bench.receive(&vectors::contactless());
    bench.session.collect(request(2500, OFFLINE), bench.now).unwrap();
    bench.receive(&vectors::contactless());
    assert!(bench.events().is_empty());
    assert_eq!(bench.sent(), [(0x18, 0x01)]);
    bench.answer(0x18, 0, &[]);
    assert_eq!(bench.sent(), [(0x02, 0x40)]);
    assert_eq!(bench.events(), [Event::Prompt(ReaderPrompt::Present(OFFLINE))]);
}

#[test]
fn a_reader_that_falls_silent_is_cancelled_and_given_up() {
    let mut bench = Bench::active(request(2500, OFFLINE));
    bench.pass(30_000);
    assert!(bench.sent().is_empty());
    bench.pass_to_deadline();
    assert_eq!(bench.sent(), [(0x05, 0x01)]);
    bench.pass_to_deadline();
    assert_eq!(bench.sent(), [(0x05, 0x01)]);
    bench.pass_to_deadline();
    assert_eq!(bench.events(), [Event::Failed(ReaderError::TimedOut)]);
    // The next collection cancels first, and gives up where that is not answered.
    bench.session.collect(request(1, OFFLINE), bench.now).unwrap();
    assert_eq!(bench.sent(), [(0x05, 0x01)]);
    bench.pass_to_deadline();
    bench.pass_to_deadline();
    assert_eq!(bench.events(), [Event::Failed(ReaderError::NoAnswer)]);
}

#[test]
fn a_damaged_answer_never_becomes_a_card() {
    let mut bench = Bench::active(request(2500, OFFLINE));
    let mut frame = vectors::contactless();
    frame[60] ^= 4;
    bench.receive(&frame);
    assert_eq!(bench.sent(), [(0x05, 0x01)]);
    bench.answer(0x05, 0, &[]);
    assert_eq!(bench.events(), [Event::Failed(ReaderError::Protocol("answer damaged: checksum".to_owned()))]);
    // The rest never comes.
    let mut bench = Bench::active(request(2500, OFFLINE));
    bench.receive(&vectors::contactless()[..100]);
    bench.pass(PARTIAL_FRAME_MS);
    assert_eq!(bench.sent(), [(0x05, 0x01)]);
}

#[test]
fn identification_repeats_and_gives_up() {
    let mut session = Session::new(Protocol::Neo2, Transport::Hid);
    session.connect(T0).unwrap();
    let mut sent = 0;
    let error = loop {
        sent += std::iter::from_fn(|| session.poll_packet()).count();
        if let Some(Event::Failed(error)) = session.poll_event() {
            break error;
        }
        session.wake(session.deadline().unwrap());
    };
    assert_eq!((error, sent), (ReaderError::NoAnswer, 2 + usize::from(COMMAND_ATTEMPTS)));
}

#[test]
fn a_chip_left_waiting_is_cancelled_before_the_next_sale() {
    let mut bench = Bench::active(request(2500, OFFLINE));
    bench.answer(0x02, 0x23, &contact_answer(0x0004, "000000002500"));
    bench.events();
    bench.session.collect(request(100, OFFLINE), bench.now).unwrap();
    assert_eq!(bench.sent(), [(0x05, 0x01)]);
    bench.answer(0x05, 0, &[]);
    assert_eq!(bench.sent(), [(0x18, 0x01)]);
    assert!(matches!(bench.session.complete(HostDecision::NoHost, bench.now), Err(ReaderError::Busy)));
}

#[test]
fn nothing_to_complete_is_an_error() {
    let mut bench = Bench::connected();
    assert!(matches!(bench.session.complete(HostDecision::NoHost, bench.now), Err(ReaderError::Protocol(_))));
    let huge = request(Money::AMOUNT_MINOR_MAX + 1, OFFLINE);
    assert!(matches!(bench.session.collect(huge, bench.now), Err(ReaderError::Protocol(_))));
}

proptest::proptest! {
    #[test]
    fn arbitrary_answers_never_panic_and_never_pass_as_a_card(
        answers in proptest::collection::vec((0usize..5, proptest::prelude::any::<u8>(), proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80)), 1..12)
    ) {
        let mut bench = Bench::active(request(2500, ONLINE));
        for (command, status, data) in answers {
            bench.answer([0x02, 0x05, 0x18, 0x60, 0x29][command], status, &data);
            proptest::prop_assert!(!bench.events().iter().any(|e| matches!(e, Event::Collected(_))));
        }
    }
}
