use bruit::sim::Spec;
use bruit::{Config, Limits, Span};

use super::support::{cluster, in_step, own, params, write};

fn joins(loss_permille: u32) {
    let nodes = 30;
    let (mut world, hosts) = cluster(1, nodes, &Config::default(), loss_permille);
    for host in &hosts {
        for key in 0..10 {
            write(&mut world, *host, own(&format!("key{key}"), &"v".repeat(64))).expect("taken");
        }
    }
    let settled = world.run_until(Span::secs(30), |w| in_step(w, &hosts));
    assert!(settled.is_some());
    let spec = Spec::new("newcomer", params(&Config::default(), &Limits::for_members(nodes + 8)));
    let newcomer = world.start(&spec, &[world.addr(hosts[0])]).expect("a good spec");
    let member =
        world.run_until(Span::secs(20), |w| w.node(newcomer).is_some_and(|node| node.phase() == bruit::Phase::Joined));
    assert!(member.is_some());
    let held = world.node(newcomer).expect("it runs").state_used().0;
    if loss_permille == 0 {
        assert_eq!(held, 10 * nodes, "it holds everything before anybody sees it");
    }
    let all: Vec<_> = hosts.iter().copied().chain([newcomer]).collect();
    let took = world.run_until(Span::secs(30), |w| in_step(w, &all));
    assert!(took.is_some(), "{held} when it joined");
    assert_eq!(world.observer.deaths, 0);
}

#[test]
fn a_newcomer_holds_everything_before_it_is_seen() {
    joins(0);
}

#[test]
fn under_loss_too_it_soon_does() {
    joins(300);
}
