//! Does a cluster of three hosts survive loss, a cut and its end? With real sockets in network namespaces that this test
//! makes and removes; where none can be made it says so and proves nothing. Counts are asserted, times are not.

use std::time::Duration;

use bruit::{Config, Profile};
use bruit_lab::cluster::loops::{Loops, Place};
use bruit_lab::network::Network;
use bruit_lab::progress::Progress;
use bruit_lab::scenario::{Plan, lose_cut_and_heal};
use bruit_lab::watch::Watch;

const HOSTS: usize = 3;
const LOSS_PERCENT: u32 = 20;

#[test]
fn three_hosts_that_lose_a_fifth_of_all_datagrams_kill_nobody_and_outlive_a_cut() {
    if let Some(why) = Network::why_not() {
        eprintln!("skipped: {why}");
        return;
    }
    let network = Network::make(HOSTS, LOSS_PERCENT).expect("namespaces can be made here");
    let config = Config::new(Profile::Lan);
    let place = |host| Place { bind: network.addr(host), namespace: Some(network.file(host)) };
    let loops = Loops::start(&config, (0..HOSTS).map(place).collect()).expect("addresses of our own");
    let plan = Plan { lossy: Duration::from_secs(5), cut: HOSTS - 1 };
    let outcome = lose_cut_and_heal(&mut Watch::new(loops), &network, &config, &plan, &mut Progress::new());
    let outcome = outcome.expect("the tools work");
    assert!(outcome.steps.iter().all(|step| step.took_ms.is_some()), "{outcome:?}");
    assert!(outcome.lost > 0, "loss was to happen: {outcome:?}");
    assert_eq!((outcome.wrong.deaths, outcome.carried_over.disagreements), (0, 0), "{outcome:?}");
}
