//! The journal: conflicts, unreadable rows, a log that notices.

use tillandsia_core::error::ErrorCode;
use tillandsia_core::journal::{Found, codec};
use tillandsia_core::testing::{MemoryStore, store_conformance};

use crate::world::{World, drain, run};

#[test]
fn the_memory_store_conforms() {
    run(store_conformance::run(async || MemoryStore::default()));
}

#[test]
fn an_unreadable_row_is_set_aside_and_the_rest_works_on() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let bad = world.sell(&till, 100).await.unwrap();
        world.sell(&till, 200).await.unwrap();
        world.store.tamper(bad.offline_id, |row| row.sealed.ciphertext[3] ^= 1);
        let listed = till.payments(None, 10).await.unwrap();
        assert!(matches!(&listed[1], Found::Unreadable { id, .. } if *id == bad.offline_id));
        world.go_online(&till).await;
        let drained = drain(&till).await;
        assert_eq!((drained.accepted, drained.unreadable), (1, 1));
        assert_eq!(world.stored_count(&till).await, 1, "it is not forgotten");
    });
}

#[test]
fn a_row_moved_to_another_payment_does_not_open() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let first = world.sell(&till, 100).await.unwrap();
        let second = world.sell(&till, 200).await.unwrap();
        let mut stolen = None;
        world.store.tamper(first.offline_id, |row| stolen = Some(row.sealed.clone()));
        world.store.tamper(second.offline_id, |row| row.sealed = stolen.clone().unwrap());
        assert!(till.record(second.offline_id).await.is_err());
        assert!(till.record(first.offline_id).await.is_ok());
    });
}

#[test]
fn an_altered_doubled_or_missing_log_entry_is_noticed() {
    run(async {
        let alterations: [fn(&mut Vec<tillandsia_core::journal::LogEntry>); 5] = [
            |log| log[1].amount.amount_minor += 1,
            |log| {
                log.remove(1);
            },
            |log| log.swap(0, 1),
            |log| log.push(log[2].clone()),
            |log| {
                log.pop();
            },
        ];
        for (number, alter) in alterations.into_iter().enumerate() {
            let world = World::new();
            let till = world.till_gone_offline().await;
            for cents in [100, 200, 300] {
                world.sell(&till, cents).await.unwrap();
            }
            assert_eq!(till.journal().verify().await.unwrap(), 3);
            world.store.tamper_log(alter);
            let noticed = till.journal().verify().await;
            assert!(noticed.is_err(), "alteration {number}: {noticed:?}");
        }
    });
}

#[test]
fn without_the_key_nothing_is_stored_and_nothing_is_lost() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        world.sell(&till, 100).await.unwrap();
        world.vault.set_unavailable(true);
        let asked = world.reader.requests().len();
        assert_eq!(world.sell(&till, 200).await.unwrap_err().code, ErrorCode::StorageKeyUnavailable);
        assert_eq!(world.reader.requests().len(), asked, "the customer was not asked for the card");
        world.go_online(&till).await;
        assert_eq!(drain(&till).await.unreadable, 1);
        world.vault.set_unavailable(false);
        assert_eq!(drain(&till).await.accepted, 1);
        assert_eq!(world.charged_sum(), 100);
    });
}

#[test]
fn a_record_reads_back_as_it_was_written_in_every_state() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let sold = world.sell(&till, 100).await.unwrap();
        let stored = till.record(sold.offline_id).await.unwrap();
        world.go_online(&till).await;
        drain(&till).await;
        let accepted = till.record(sold.offline_id).await.unwrap();
        for record in [stored, accepted] {
            assert_eq!(codec::decode(&codec::encode(&record)), Ok(record));
        }
        let whole = codec::encode(&till.record(sold.offline_id).await.unwrap());
        let longer = [&whole[..], b"\0"].concat();
        for bytes in [&b""[..], b"\0", b"\0\x01", &whole[..whole.len() - 1], &longer] {
            assert!(matches!(codec::decode(bytes), Err(codec::CodecError::Malformed(_))), "{bytes:?}");
        }
        for (bytes, version) in [(&b"\0\x02"[..], 2), (b"{}", 0x7b7d), (b"\0\0more", 0)] {
            assert_eq!(codec::decode(bytes), Err(codec::CodecError::UnknownVersion(version)));
        }
    });
}
