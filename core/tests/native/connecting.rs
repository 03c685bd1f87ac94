//! Connecting a reader, with a connection and without.

use tillandsia_core::card::ReaderInfo;
use tillandsia_core::error::ErrorCode;
use tillandsia_core::offline::ONLINE_CONNECTION_COUNTS_MS;

use crate::world::{World, run};

fn reader(device_type: &str, software: &str) -> ReaderInfo {
    ReaderInfo {
        device_type: device_type.to_owned(),
        serial_number: "1".to_owned(),
        software_version: software.to_owned(),
    }
}

async fn refused(world: &World) -> ErrorCode {
    let till = world.open().await;
    till.set_offline_delegate(world.heard.clone());
    let error = till.connect_reader(world.reader.clone()).await.unwrap_err();
    assert_eq!(till.reader_info(), None, "it is not connected");
    let sold = world.sell(&till, 100).await.unwrap_err();
    assert_eq!(sold.code, ErrorCode::NoEstablishedConnectionToReader);
    error.code
}

#[test]
fn a_device_that_was_never_online_connects_no_reader() {
    run(async {
        let world = World::new();
        world.gateway.set_down(true);
        assert_eq!(refused(&world).await, ErrorCode::NotConnectedToInternet);
    });
}

#[test]
fn where_offline_mode_is_off_a_reader_connects_online_only() {
    run(async {
        let world = World::new();
        world.gateway.set_offline_enabled(false);
        world.till().await;
        world.gateway.set_down(true);
        assert_eq!(refused(&world).await, ErrorCode::NotConnectedToInternet);
        world.gateway.set_down(false);
        world.gateway.set_offline_enabled(true);
        world.till().await;
        world.gateway.set_down(true);
        world.till().await;
    });
}

#[test]
fn a_connection_online_counts_for_thirty_days_for_readers_of_its_type_and_software() {
    run(async {
        let world = World::new();
        world.reader.set_info(reader("idtech_vp3300", "v1"));
        world.till().await;
        world.gateway.set_down(true);
        world.till().await;
        world.reader.set_info(reader("magtek_dynaflex", "v1"));
        assert_eq!(refused(&world).await, ErrorCode::ReaderNotPairedOnlineAtLocation);
        world.reader.set_info(reader("idtech_vp3300", "v0"));
        assert_eq!(refused(&world).await, ErrorCode::ReaderSoftwareUpdateRequired);
        world.reader.set_info(reader("idtech_vp3300", "v1"));
        world.clock.advance_ms(ONLINE_CONNECTION_COUNTS_MS - 1);
        world.till().await;
        world.clock.advance_ms(1);
        assert_eq!(refused(&world).await, ErrorCode::ReaderNotPairedOnlineAtLocation);
    });
}

#[test]
fn a_new_location_needs_its_own_connection() {
    run(async {
        let world = World::new();
        world.till().await;
        world.gateway.move_to("tml_other");
        world.till().await;
        world.gateway.set_down(true);
        world.till().await;
        world.store.tamper_setting("pairings", |sealed| sealed.ciphertext.clear());
        assert_eq!(refused(&world).await, ErrorCode::ReaderNotPairedOnlineAtLocation, "as on a new device");
    });
}
