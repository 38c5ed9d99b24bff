use bruit::sim::HostId;
use bruit::{Config, Span, Write};

use super::support::{cluster, in_step, own, removed, write};

#[test]
fn a_writer_learns_when_everybody_holds_what_it_wrote_and_who_does_not() {
    let (mut world, hosts) = cluster(1, 60, &Config::default(), 100);
    write(&mut world, hosts[5], own("k", "v")).expect("taken");
    let last = world.node(hosts[5]).expect("it runs").last_write();
    assert_eq!(last.2, 1);
    world.survey(hosts[5], last).expect("a member asks");
    let coverage = |w: &super::support::Cluster| w.node(hosts[5]).expect("it runs").coverage().expect("asked");
    assert_eq!((coverage(&world).held, coverage(&world).of), (1, 60), "itself");
    let all = world.run_until(Span::secs(10), |w| coverage(w).held == 60);
    assert!(all.is_some_and(|took| took < Span::secs(4)), "{:?}", coverage(&world));
    assert!(!coverage(&world).running);
    // As many questions as it takes for all to have it, and none after that.
    assert!(coverage(&world).asked < 60 * 12, "{:?}", coverage(&world));
    let asked = coverage(&world).asked;
    world.run_for(Span::secs(2));
    assert_eq!(coverage(&world).asked, asked);

    // Who is cut off does not hold it, and is named.
    world.network.partition(&[&hosts[59..], &hosts[..59]]);
    write(&mut world, hosts[5], own("k", "w")).expect("taken");
    let last = world.node(hosts[5]).expect("it runs").last_write();
    world.survey(hosts[5], last).expect("a member asks");
    world.run_for(Span::millis(900));
    let node = world.node(hosts[5]).expect("it runs");
    let lacks = |progress: &Option<bruit::wire::Progress>| progress.is_none_or(|p| p.complete < 2);
    let missing: Vec<_> = node.surveyed().filter(|(_, progress)| lacks(progress)).map(|(id, _)| id).collect();
    assert!(missing.contains(&world.id(hosts[59])), "{missing:?}");
}

#[test]
fn fingerprints_of_all_can_be_compared() {
    let (mut world, hosts) = cluster(2, 20, &Config::default(), 0);
    for host in &hosts {
        write(&mut world, *host, own("k", "v")).expect("taken");
    }
    world.run_for(Span::secs(6));
    let last = world.node(hosts[0]).expect("it runs").last_write();
    world.survey(hosts[0], last).expect("a member asks");
    world.run_for(Span::secs(1));
    let node = world.node(hosts[0]).expect("it runs");
    let own = node.surveyed().next().and_then(|(_, progress)| progress).expect("itself");
    assert_eq!(node.surveyed().count(), 20);
    for (id, progress) in node.surveyed() {
        let progress = progress.unwrap_or_else(|| panic!("{id} has answered"));
        assert_eq!((progress.membership, progress.state), (own.membership, own.state), "{id}");
    }
}

#[test]
fn nobody_is_asked_any_more_once_a_survey_has_ended() {
    let (mut world, hosts) = cluster(3, 20, &Config::default(), 0);
    // Who is cut off lacks what is asked about.
    world.network.partition(&[&hosts[19..], &hosts[..19]]);
    write(&mut world, hosts[0], own("k", "v")).expect("taken");
    let last = world.node(hosts[0]).expect("it runs").last_write();
    world.survey(hosts[0], last).expect("a member asks");
    let coverage = |w: &super::support::Cluster| w.node(hosts[0]).expect("it runs").coverage().expect("asked");
    let asks_again = world.run_until(Span::secs(5), |w| coverage(w).held == 19 && coverage(w).asked > 40);
    assert!(asks_again.is_some() && coverage(&world).running, "{:?}", coverage(&world));
    world.end_survey(hosts[0]).expect("always");
    let (asked, sent) = (coverage(&world).asked, |w: &super::support::Cluster| {
        w.node(hosts[0]).expect("it runs").counters().sent(bruit::wire::Kind::Survey)
    });
    world.run_for(Span::millis(1));
    let before = sent(&world);
    world.run_for(Span::secs(1));
    assert_eq!((coverage(&world).asked, sent(&world)), (asked, before));
    assert!(!coverage(&world).running && coverage(&world).held >= 18, "what was answered is known still");
    // Another question is asked as ever.
    world.survey(hosts[0], last).expect("a member asks");
    world.run_for(Span::secs(1));
    assert!(sent(&world) > before);
}

/// Writes at the first of ten members while the last of them is cut off, until nothing is held of it anywhere; then waits until all
/// have come as far.
fn wait_for_what_is_over(seed: u64, writes: &[Write<'_>]) {
    let config = Config { tombstone_retention: std::time::Duration::from_secs(2), ..Config::default() };
    let (mut world, hosts) = cluster(seed, 10, &config, 0);
    write(&mut world, hosts[0], own("kept", "y")).expect("taken");
    world.run_for(Span::secs(10));
    world.network.partition(&[&hosts[9..], &hosts[..9]]);
    for one in writes {
        write(&mut world, hosts[0], *one).expect("taken");
    }
    world.run_for(Span::millis(2_500));
    world.network.heal();
    world.run_for(Span::secs(20));
    let last = world.node(hosts[0]).expect("it runs").last_write();
    let behind =
        |w: &super::support::Cluster, host: HostId| w.node(host).expect("it runs").watermark(last.0, last.1) < last.2;
    assert!(in_step(&world, &hosts) && behind(&world, hosts[9]), "all hold the same, and one has not heard of it");
    world.survey(hosts[0], last).expect("a member asks");
    let held = |w: &super::support::Cluster| w.node(hosts[0]).expect("it runs").coverage().expect("asked").held;
    let all = world.run_until(Span::secs(20), |w| held(w) == 10);
    assert!(all.is_some() && !behind(&world, hosts[9]), "held by {}", held(&world));
}

#[test]
fn a_lease_that_ends_before_all_have_heard_of_it_is_not_waited_for_in_vain() {
    wait_for_what_is_over(4, &[Write { ttl: Some(Span::secs(1)), ..own("lease", "mine") }]);
}

#[test]
fn a_removal_that_is_forgotten_before_all_have_heard_of_it_is_not_waited_for_in_vain() {
    wait_for_what_is_over(5, &[own("old", "x"), removed("old")]);
}
