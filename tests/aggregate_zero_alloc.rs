//! Do folds and averages allocate after a node's start? Nodes that contribute, change, withdraw, fold and estimate while datagrams are lost.

#[path = "../benches/support/allocations.rs"]
mod allocations;

use std::net::SocketAddr;

use allocations::{Counting, Tally, counted};
use bruit::wire::Kind;
use bruit::{BootId, Class, Config, Identity, Input, Instant, Limits, Name, Node, Params, Rng, Sketch, Span, Write};

#[global_allocator]
static COUNTING: Counting = Counting;

const NODES: usize = 12;
const STEPS: u32 = 6_000;

fn addr(nth: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, nth as u8 + 1], 4_100))
}

/// All nodes, and how much was asked for in their calls.
struct Nodes {
    nodes: Vec<Node>,
    now: Instant,
    dice: Rng,
    spent: Tally,
}

impl Nodes {
    /// Every other one has less room for numbers than there are.
    fn start() -> Self {
        let start = |nth: usize| {
            let limits = Limits { averages: if nth % 2 == 0 { 8 } else { 5 }, ..Limits::for_members(16) };
            let params = Params::new(&Config::default(), &limits).expect("consistent");
            let name = Name::new(&format!("n{nth}")).expect("a name");
            let boot = BootId::from_u64(nth as u64 + 1);
            let identity = Identity { name, cluster: "averages", addr: addr(nth), boot, zone: "z", tags: &[] };
            Node::new(params, &identity, nth as u64, Instant::ZERO).expect("a usable identity")
        };
        let (nodes, dice) = ((0..NODES).map(start).collect(), Rng::from_seed(1));
        let mut all = Self { nodes, now: Instant::ZERO, dice, spent: Tally::default() };
        for nth in 0..NODES {
            let seeds: &[SocketAddr] = if nth == 0 { &[] } else { &[addr(0)] };
            all.give(nth, Input::Join(seeds));
        }
        all
    }

    fn give(&mut self, to: usize, input: Input<'_>) {
        let node = &mut self.nodes[to];
        // What is refused is refused without memory too.
        let (spent, _) = counted(|| node.handle_input(self.now, input).is_ok());
        self.spent = self.spent.and(spent);
    }

    /// A moment passes, and what is sent in it comes or is lost.
    fn step(&mut self, loss_permille: u32) {
        self.now += Span::millis(10);
        let mut wire: Vec<(usize, SocketAddr, Vec<u8>)> = Vec::new();
        (0..NODES).for_each(|nth| self.give(nth, Input::Tick));
        loop {
            for nth in 0..NODES {
                let mut buf = [0; 1_200];
                let (node, now) = (&mut self.nodes[nth], self.now);
                while let (spent, Some(out)) = counted(|| node.poll_transmit(now, &mut buf)) {
                    self.spent = self.spent.and(spent);
                    wire.push((nth, out.to, buf[..out.len].to_vec()));
                }
                while node.poll_event().is_some() {}
            }
            if wire.is_empty() {
                return;
            }
            for (from, to, bytes) in std::mem::take(&mut wire) {
                let lost = self.dice.below(1_000) < loss_permille;
                let to = (0..NODES).find(|nth| addr(*nth) == to).filter(|_| !lost);
                to.into_iter().for_each(|to| self.give(to, Input::Datagram { from: addr(from), bytes: &bytes }));
            }
        }
    }

    /// Somebody contributes, withdraws, writes a number, a sketch or nonsense, and reads.
    fn act(&mut self, sketch: &[u8]) {
        let nth = self.dice.below(NODES as u32) as usize;
        let number = [b'a' + self.dice.below(10) as u8];
        let value = (self.dice.below(3) > 0).then(|| f64::from(self.dice.below(1_000)));
        self.give(nth, Input::Contribute { name: &number, value });
        let value: &[u8] = [b"17.5", sketch, b"much"][self.dice.below(3) as usize];
        self.give(
            nth,
            Input::Write(Write { key: b"load", value: Some(value), class: Class::Normal, durable: false, ttl: None }),
        );
        let (node, now) = (&self.nodes[nth], self.now);
        let (spent, read) = counted(|| {
            let fold = node.aggregate(now, b"load", Some("z"));
            (fold.quantile(0.9), fold.sum(), node.estimate(&number).map(|estimate| estimate.sum))
        });
        std::hint::black_box(read);
        self.spent = self.spent.and(spent);
    }
}

#[test]
fn neither_folds_nor_averages_allocate_and_a_node_buys_what_it_says() {
    for averages in [1, 3, 16] {
        let params =
            Params::new(&Config::default(), &Limits { averages, ..Limits::for_members(16) }).expect("consistent");
        let identity = Identity {
            name: Name::new("counted").expect("a name"),
            cluster: "averages",
            addr: addr(0),
            boot: BootId::from_u64(1),
            zone: "",
            tags: &[],
        };
        let said = Node::memory_bytes(&params) as u64;
        let (bought, node) = counted(|| Node::new(params, &identity, 1, Instant::ZERO));
        let node = node.expect("a usable identity");
        // The parameters were bought before.
        assert_eq!(bought.held(), said, "room for {averages}");
        drop(node);
    }
    let mut published = Sketch::new();
    (0..100).for_each(|n| assert!(published.record(f64::from(n))));
    let mut buf = [0; 1_000];
    let len = published.encode(&mut buf).expect("it fits");
    let mut all = Nodes::start();
    (0..500).for_each(|_| all.step(0));
    assert!(all.nodes.iter().all(|node| node.members_up() as usize == NODES), "all have joined");
    for step in 0..STEPS {
        if step % 20 == 0 {
            all.act(&buf[..len]);
        }
        all.step(100);
    }
    let sent: u64 = all.nodes.iter().map(|node| node.counters().sent(Kind::Averages)).sum();
    let refused: u64 = all.nodes.iter().map(|node| node.counters().averages_refused).sum();
    assert!(sent > u64::from(STEPS) && refused > 0, "{sent} sent, {refused} refused");
    assert_eq!(all.spent.allocations, 0, "{:?}", all.spent);
}
